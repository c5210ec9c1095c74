"""Rollouts: validated with the fleet; a broken one stops no product."""

from pathlib import Path

from reconciler.fleetfile import checks, documents, files, source
from reconciler.fleetfile.base import Base
from reconciler.fleetfile.memory import Memory
from reconciler.model.fleet import Complaint

FOLDER = "fleet/rollouts"
GOOD = "good"


def load(root: Path, fleet: Base, memory: Memory) -> list[Complaint]:
    """Check every rollout; return what is wrong."""
    complaints: list[Complaint] = []
    for listed in files.listing(root, FOLDER):
        try:
            blob = memory.blob(listed, lambda listed=listed: files.read(root, listed))  # type: ignore[misc]  # bound now
            if memory.known(listed.file, blob, fleet.blob) == GOOD:
                continue
            found = _check(source.read(files.read(root, listed), listed.file, None), listed.stem, fleet)
        except files.Unreadable as refused:
            complaints.append(source.unreadable(listed.file, None, refused.trouble))
            continue
        if not found and not fleet.complaints:
            memory.remember(listed.file, blob, GOOD, fleet.blob)
        complaints += found
    return complaints


def _check(read: source.Source, stem: str, fleet: Base) -> tuple[Complaint, ...]:
    if read.complaints:
        return read.complaints
    document, faults = documents.validated("rollout", read.value)
    if document is not None:
        ladders = None if fleet.complaints else fleet.ladders
        faults = list(checks.rollout(document, stem, ladders))
    return read.blame(faults)
