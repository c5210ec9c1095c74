"""Bare repositories in milliseconds: commits of {path: bytes} with fixed dates by `git fast-import`.

The same calls give the same commit ids everywhere.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

EPOCH = 1_700_000_000
CLEAN = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "PATH": os.environ.get("PATH", os.defpath),
}
_HEAD = "ref: refs/heads/main\n"
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"


class Bare:
    """One bare repository on disk."""

    def __init__(self, folder: Path) -> None:
        """Open or make it; the default branch is `main`."""
        self.folder = folder
        self._clock = EPOCH
        if not (folder / "HEAD").exists():
            for part in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
                (folder / part).mkdir(parents=True)
            (folder / "HEAD").write_text(_HEAD)
            (folder / "config").write_text(_CONFIG)

    def git(self, *words: str, stdin: bytes | None = None) -> str:
        """Run git in it; return stdout without the last newline."""
        done = subprocess.run(
            ["git", "--git-dir", str(self.folder), *words],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            check=True,
            env=CLEAN,
        )
        return done.stdout.decode().rstrip("\n")

    def commit(
        self,
        files: Mapping[str, bytes | str],
        *,
        branch: str = "main",
        message: str = "change",
        fresh: bool = False,
    ) -> str:
        """Add or replace files on a branch in one commit (`fresh`: these files only); return its id.

        Each commit is a minute later than the one before.
        """
        self._clock += 60
        tip = self.tip(branch)
        stream = [
            f"commit refs/heads/{branch}\ncommitter Ada <ada@example.org> {self._clock} +0000\n".encode()
        ]
        stream.append(_data(message.encode()))
        if tip is not None:
            stream.append(f"from {tip}\n".encode())
        if fresh:
            stream.append(b"deleteall\n")
        for path, content in files.items():
            body = content.encode() if isinstance(content, str) else content
            stream.append(f"M 100644 inline {_quoted(path)}\n".encode() + _data(body))
        self.git("-c", "fastimport.unpackLimit=1000", "fast-import", "--quiet", stdin=b"".join(stream))
        tip = self.tip(branch)
        assert tip is not None
        return tip

    def tip(self, branch: str = "main") -> str | None:
        """Return the commit of a branch; None when there is none."""
        found = self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
        return found or None

    def tag(self, name: str, commit: str | None = None, *, annotated: bool = False) -> str:
        """Tag a commit (default: main's tip); return the commit."""
        commit = commit or self.tip()
        assert commit is not None
        target = commit
        if annotated:
            tagger = f"tagger Ada <ada@example.org> {self._clock} +0000"
            text = f"object {commit}\ntype commit\ntag {name}\n{tagger}\n\n{name}\n"
            target = self.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=text.encode())
        self.git("update-ref", f"refs/tags/{name}", target)
        return commit

    def read(self, branch: str, path: str) -> bytes:
        """Read a file of a branch."""
        return subprocess.run(
            ["git", "--git-dir", str(self.folder), "cat-file", "blob", f"refs/heads/{branch}:{path}"],
            capture_output=True,
            check=True,
            env=CLEAN,
        ).stdout


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
