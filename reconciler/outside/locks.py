"""Lock files: flock(2), freed by the kernel when the last process that has the descriptor ends."""

import fcntl
import os
from pathlib import Path


def lock(path: Path) -> int | None:
    """Lock a file exclusively and return its descriptor, closed in children; None: another has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if is_file(os.fstat(descriptor), path):
            return descriptor
        os.close(descriptor)  # deleted between opening and locking: nobody else would see this lock


def is_file(found: os.stat_result, path: Path) -> bool:
    """Say whether the path still names the file that was found there."""
    try:
        return os.path.samestat(found, path.stat())
    except FileNotFoundError:
        return False
