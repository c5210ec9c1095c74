"""What the commands that read the record share: where it is, did-you-mean."""

import argparse
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from reconciler.cli.common import fleet_root
from reconciler.cli.names import closest
from reconciler.model.errors import Terminal
from reconciler.settings import STATE_FOLDER
from reconciler.swarm.reader import LookingStore, read_store

CONFIG = ".codemonkeys/config.yaml"
DEFAULT_URL = f"sqlite:{STATE_FOLDER}/swarm.db"


def where(arguments: argparse.Namespace) -> tuple[Path, str]:
    """Return the fleet's root and the Swarm DB's address. Raises Terminal."""
    root = fleet_root(arguments.fleet)
    return root, swarm_url(root)


def look(arguments: argparse.Namespace) -> "closing[LookingStore]":
    """Open the record to look; use it in a `with`."""
    return closing(read_store(*where(arguments)))


def swarm_url(root: Path) -> str:
    """Return `swarm.url`; the configuration is only parsed when it mentions it."""
    try:
        mentioned = b"swarm" in (root / CONFIG).read_bytes()
    except OSError:
        mentioned = False
    if not mentioned:
        return DEFAULT_URL
    from reconciler.fleetfile import load_settings  # noqa: PLC0415 -- parses YAML: only when it must be

    settings, complaints = load_settings(root)
    if complaints:
        raise Terminal(str(complaints[0]))
    return settings.swarm_url


def unknown(name: str, known: Iterable[str]) -> str:
    """Return the error for a name that is not in the record."""
    names = list(known)
    close = closest(name, names)
    hint = f"; did you mean {close!r}?" if close else ""
    hint = hint if names else "; `reconcile --plan` looks, `reconcile` acts and records"
    return f"error: nothing is recorded of {name!r}{hint}"
