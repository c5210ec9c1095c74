"""The program is killed by the kernel, over files: the next run ends like the clean run, no write twice."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world.crashes import Tally

ROOT = Path(__file__).resolve().parents[2]
MEMORY = Path("/dev/shm")


@pytest.mark.parametrize(
    ("first", "count"),
    [
        pytest.param(0, 120, id="120 points"),
        pytest.param(120, 1200, id="1200 points", marks=pytest.mark.slow),
    ],
)
def test_kill_9_at_chance_points(first: int, count: int, tell: Callable[[str], None]) -> None:
    """SQLite, lease, deed locks and work folders are the real ones; the world outside is in a file."""
    folder = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="ship-kill-", dir=folder) as here:
        words = [sys.executable, "-m", "tests.world.kills", here, str(first), str(count)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    tally = Tally(**json.loads(done.stdout))
    tell(f"SIGKILL at chance points: {tally}")
    assert tally.points == count
    assert tally.wrong == 0, "\n".join(tally.first)
