"""The files of this repository, as git knows them."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked(*below: str) -> list[Path]:
    """List tracked and new files (sorted), those that git ignores left out."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *below]
    names = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(path for name in set(names.split("\0")) if name and (path := ROOT / name).is_file())
