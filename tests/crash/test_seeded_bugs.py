"""Known wrong versions of our own code: the harness catches every one of them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.world.bug_list import BUGS

ROOT = Path(__file__).resolve().parents[2]


def test_every_seeded_bug_is_caught(tell: Callable[[str], None]) -> None:
    """A harness that cannot fail proves nothing: each bug is named with the check that caught it."""
    words = [sys.executable, "-m", "tests.world.bugs", "0", "1"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    for name, says in found.items():
        by = says.splitlines()[0][:100] if says else ""
        tell(f"seeded bug {'caught' if says else 'MISSED'}: {name}: {by}")
    assert len(found) == len(BUGS) >= 12
    assert [name for name, says in found.items() if not says or says.startswith("BROKEN")] == []
