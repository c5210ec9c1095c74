"""Known wrong versions of our own code: the harness catches every one of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world.bug_list import BUGS

ROOT = Path(__file__).resolve().parents[2]


def test_every_seeded_bug_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    """A harness that cannot fail proves nothing: each bug is named with the check that caught it."""
    words = [sys.executable, "-m", "tests.world.bugs", "0", "1"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    with capsys.disabled():
        for name, says in found.items():
            print(f"\n{'caught' if says else 'MISSED'}: {name}: {says[:100]}", end=" ")  # noqa: T201 -- the table is the point
    assert len(found) == len(BUGS) >= 12
    assert [name for name, says in found.items() if not says or says.startswith("BROKEN")] == []
