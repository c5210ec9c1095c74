"""ship audit: verify the hash chain, or export the events as JSON Lines."""

import argparse
import json
from itertools import islice

from reconciler.cli.common import DONE, ERROR, Console
from reconciler.cli.record import look
from reconciler.swarm import audit
from reconciler.swarm.reader import LookingStore

CHUNK = 500


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("what", choices=("verify", "export"), help="what to do with the audit trail")
    parser.add_argument("--since", type=int, default=0, metavar="SEQ", help="export: only events after SEQ")
    parser.add_argument("--format", choices=("jsonl",), default="jsonl", help="export: JSON Lines")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Verify or export."""
    with look(arguments) as store:
        if arguments.what == "verify":
            return _verify(store, console)
        return _export(store, arguments.since, console)


def _export(store: LookingStore, since: int, console: Console) -> int:
    lines = audit.lines(store.events(after=since))
    while chunk := list(islice(lines, CHUNK)):
        console.print("\n".join(chunk))
    return DONE


def _verify(store: LookingStore, console: Console) -> int:
    verdict = audit.verify(store)
    whole = verdict.broken is None
    odd = audit.unclosed(store.events()) if whole else ()
    if console.output == "json":
        console.print(json.dumps(_data(verdict, odd), indent=2, ensure_ascii=False))
    elif whole:
        head = f", head {verdict.head}" if verdict.count else ""
        console.print(f"The chain is whole: {verdict.count} events{head}.")
    else:
        console.print(f"The chain is broken: event {verdict.broken} {verdict.reason}.")
    if console.output != "json":
        for deed in odd:
            name = f"{deed.product}: {deed.kind} (try {deed.attempt}, action {deed.action})"
            console.print(f"Not closed exactly once: event {deed.seq}: {name}")
    return DONE if whole else ERROR


def _data(verdict: audit.Verdict, odd: tuple[audit.Deed, ...]) -> dict[str, object]:
    names = ("seq", "product", "kind", "action", "attempt")
    return {
        "schema": "ship/audit/v1",
        "whole": verdict.broken is None,
        "events": verdict.count,
        "head": verdict.head,
        "broken": verdict.broken,
        "reason": verdict.reason or None,
        "unclosed": [{name: getattr(deed, name) for name in names} for deed in odd],
    }
