"""One line of the table."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.timing import Timing

FORM = "{:<46} {:>10} {:>22} {:>8} {:>10}  {}"


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, beside whom, and whether the goal was met."""

    work: str
    ours: str
    peer: str
    ratio: str
    goal: str
    met: bool | None
    """None: shown, not judged."""


def compare(work: str, ours: Timing, peer: tuple[str, Timing], ratio: float, goal: float | None) -> Row:
    """Write times and their ratio; a ratio below one is told as a fraction."""
    name, theirs = peer
    bound, met = ("", None) if goal is None else (f"≤ {_share(goal)}", ratio <= goal)
    return Row(work, seconds(ours.wall_s), f"{name} {seconds(theirs.wall_s)}", _share(ratio), bound, met)


def show(rows: Iterator[Row]) -> bool:
    """Print the table line by line; say whether every goal was met."""
    print(FORM.format("work", "Ship", "peer", "ratio", "goal", "").rstrip(), flush=True)
    verdicts = []
    for one in rows:
        verdict = {True: "met", False: "MISSED", None: ""}[one.met]
        print(FORM.format(one.work, one.ours, one.peer, one.ratio, one.goal, verdict).rstrip(), flush=True)
        verdicts.append(one.met is not False)
    return all(verdicts)


def seconds(time_s: float) -> str:
    """Write a time for people."""
    return f"{time_s * 1000:.0f} ms" if time_s < 10 else f"{time_s:.1f} s"


def _share(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 1 else f"1/{1 / ratio:.1f}"
