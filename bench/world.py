"""A real, converged world of N products: one is built and published by `reconcile`, the others grow from it.

Every product gets a commit of its own on `main` (its README differs): no two share tip, tree or answer.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

from bench.trees import fleet, name_of

PAGES = {
    "README.md": "# The first\n",
    "mkdocs.yml": "site_name: bench\nnav:\n  - Start: index.md\n  - Guide: guide.md\n",
    "docs/index.md": "# Start\n\nRead the [guide](guide.md).\n",
    "docs/guide.md": "# Guide\n\nBack to the [start](index.md).\n",
    "src/bench/__init__.py": '"""Nothing yet."""\n',
}
GIT = {
    "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@example.net",
    "GIT_AUTHOR_DATE": "1700000000 +0000",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@example.net",
    "GIT_COMMITTER_DATE": "1700000000 +0000",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(folder: Path, *words: str) -> bytes:
    """Run git; return what it printed."""
    argv = ["git", *words]
    return subprocess.run(argv, cwd=folder, check=True, capture_output=True, env={**os.environ, **GIT}).stdout


def reconcile(root: Path, *words: str) -> None:
    """Run the real program. Raises SystemExit with what it said when it fails."""
    argv = [sys.executable, "-m", "reconciler.cli.reconcile", "--fleet", str(root), *words]
    ran = subprocess.run(argv, check=False, capture_output=True, stdin=subprocess.DEVNULL, text=True)
    if ran.returncode:
        raise SystemExit(ran.stdout + ran.stderr)


def plant(folder: Path) -> Path:
    """Make `folder/acme/product-00000.git`, publish its site for real, and return it."""
    first = folder / "acme" / f"{name_of(0)}.git"
    first.parent.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(first))
    work = folder / "work"
    for path, text in PAGES.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text)
    git(work, "init", "--quiet", "--template=", "--initial-branch=main")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message=First")
    git(work, "push", "--quiet", str(first), "main")
    shutil.rmtree(work)
    reconcile(fleet(folder, 1, host="local"))
    return first


def multiply(first: Path, size: int) -> None:
    """Grow the others from the first, each with a commit of its own."""
    tip = git(first, "rev-parse", "refs/heads/main").decode().strip()
    tree = git(first, "cat-file", "tree", f"{tip}^{{tree}}")
    (first / "refs" / "heads").mkdir(parents=True, exist_ok=True)
    for number in range(1, size):
        copy = first.with_name(f"{name_of(number)}.git")
        if copy.exists():
            continue
        shutil.copytree(first, copy, copy_function=os.link)
        blob = _put(copy, "blob", f"# {name_of(number)}\n".encode())
        at = tree.index(b"README.md\0") + len(b"README.md\0")
        grown = _put(copy, "tree", tree[:at] + bytes.fromhex(blob) + tree[at + 20 :])
        who = "bench <bench@example.net> 1700000000 +0000"
        lines = [f"tree {grown}", f"parent {tip}", f"author {who}", f"committer {who}", "", "Say who it is\n"]
        _point(copy, "refs/heads/main", _put(copy, "commit", "\n".join(lines).encode()))


def _put(repository: Path, kind: str, content: bytes) -> str:
    """Write one loose object (git's own format); return its id."""
    whole = f"{kind} {len(content)}\0".encode() + content
    name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    file = repository / "objects" / name[:2] / name[2:]
    file.parent.mkdir(exist_ok=True)
    if not file.exists():
        file.write_bytes(zlib.compress(whole, 1))
    return name


def _point(repository: Path, ref: str, commit: str) -> None:
    """Move a branch; the old file may be a link that others share."""
    file = repository / ref
    file.unlink(missing_ok=True)
    file.write_text(f"{commit}\n")


def served(argv: Sequence[str], *, cwd: Path) -> tuple[subprocess.Popen[str], int]:
    """Start the server; return it and its port. It ends when its standard input is closed."""
    process = subprocess.Popen(list(argv), cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline())  # type: ignore[union-attr]  # a pipe was asked for
