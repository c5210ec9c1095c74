"""HEAD is read from git's own files, in every form they have."""

from pathlib import Path

import pytest

from reconciler.fleetfile.commit import head
from tests.world import fleets

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("files", "commit"),
    [
        ({}, None),
        ({".git/HEAD": f"{COMMIT}\n"}, COMMIT),
        ({".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": f"{COMMIT}\n"}, COMMIT),
        (
            {
                ".git/HEAD": "ref: refs/heads/main\n",
                ".git/packed-refs": f"# pack\n{COMMIT} refs/heads/main\n",
            },
            COMMIT,
        ),
        ({".git/HEAD": "ref: refs/heads/main\n", ".git/packed-refs": f"{COMMIT} refs/heads/other\n"}, None),
        ({".git/HEAD": "ref: refs/heads/main\n"}, None),
        ({".git/HEAD": "ref: ../../secret\n"}, None),
        (
            {
                ".git": "gitdir: store/worktrees/a\n",
                "store/worktrees/a/HEAD": "ref: refs/heads/a\n",
                "store/worktrees/a/commondir": "../..\n",
                "store/refs/heads/a": f"{COMMIT}\n",
            },
            COMMIT,
        ),
        ({".git": "nothing\n"}, None),
    ],
    ids=[
        "none",
        "detached",
        "loose",
        "packed",
        "not packed",
        "unborn",
        "outside",
        "work tree",
        "no git folder",
    ],
)
def test_head(tmp_path: Path, files: dict[str, str], commit: str | None) -> None:
    """The commit of the checkout around the fleet, None where there is none."""
    fleets.write(tmp_path, files)
    (tmp_path / "sub").mkdir()
    assert head(tmp_path / "sub") == commit
