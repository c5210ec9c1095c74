"""One bare repository, read straight from its files: a look at fifty of them starts no process."""

import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from reconciler.localforge.objects import SHA, Commit, Entry, Tag, parse_tree, valid_ref

_PACKS = threading.Lock()
"""gitdb shares its windows into pack files between threads without a lock of its own."""


class Repository:
    """A bare repository as it is now; made anew for each request, so nothing is stale."""

    def __init__(self, folder: Path, owner: str, name: str) -> None:
        self.folder, self.owner, self.name = folder, owner, name
        self._objects: dict[str, tuple[str, bytes]] = {}
        self._database: Any = None

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def number(self) -> int:
        """A number of 31 bits that stands for it, the same in every run."""
        return zlib.crc32(self.full_name.encode()) >> 1

    # ── refs ─────────────────────────────────────────────────────────────────────────────────────

    def head(self) -> str:
        """Return the full name of the default branch."""
        text = (self.folder / "HEAD").read_text().strip()
        name = text.removeprefix("ref: ")
        return name if valid_ref(name) else "refs/heads/main"

    def ref(self, name: str) -> str | None:
        """Return what a full ref name points to (a tag's own object); None: no such ref."""
        for _ in range(5):
            if not valid_ref(name):
                return None
            try:
                text = self._file(name).decode().strip()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return self._packed().get(name)
            except (OSError, ValueError):  # too long for a file name, not a text
                return None
            if not text.startswith("ref: "):
                return text if SHA.fullmatch(text) else None
            name = text.removeprefix("ref: ")
        return None

    def refs(self, prefix: str) -> dict[str, str]:
        """Return all refs under a prefix such as `refs/tags/`, sorted by name."""
        found = {name: sha for name, sha in self._packed().items() if name.startswith(prefix)}
        for name in self._loose("refs"):
            if name.startswith(prefix) and (sha := self.ref(name)):
                found[name] = sha
        return dict(sorted(found.items()))

    def resolve(self, text: str) -> str | None:
        """Return the object that a branch, tag, full ref name, `HEAD` or 40 hex digits stand for."""
        if text == "HEAD":
            return self.ref(self.head())
        for name in (text, f"refs/{text}", f"refs/heads/{text}", f"refs/tags/{text}"):
            if (sha := self.ref(name)) is not None:
                return sha
        return text if SHA.fullmatch(text) and self.read([text]) else None

    def _loose(self, folder: str) -> Iterator[str]:
        with os.scandir(f"{self.folder}/{folder}") as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
        for end, is_folder in found:
            name = f"{folder}/{end}"
            if is_folder:
                yield from self._loose(name)
            else:
                yield name

    def _file(self, path: str) -> bytes:
        """Read a file below; pathlib would take as long again as the reading."""
        with open(f"{self.folder}/{path}", "rb") as file:  # noqa: PTH123 -- see above
            return file.read()

    def _packed(self) -> dict[str, str]:
        try:
            text = self._file("packed-refs").decode(errors="replace")
        except FileNotFoundError:
            return {}
        lines = [line for line in text.splitlines() if line and line[0] not in "#^"]
        return {name: sha for sha, _, name in (line.partition(" ") for line in lines)}

    # ── objects ──────────────────────────────────────────────────────────────────────────────────

    def read(self, shas: Iterable[str]) -> dict[str, tuple[str, bytes]]:
        """Read many objects: id to (type, bytes); those that are not there are left out."""
        wanted = list(dict.fromkeys(shas))
        for sha in wanted:
            if sha not in self._objects and SHA.fullmatch(sha) and not self._read_loose(sha):
                self._read_packed(sha)
        return {sha: self._objects[sha] for sha in wanted if sha in self._objects}

    def commit(self, sha: str) -> Commit | None:
        """Return a commit, through tags that point to it; None when it is none."""
        for _ in range(10):
            kind, raw = self.read([sha]).get(sha, ("", b""))
            if kind == "commit":
                return Commit.parse(sha, raw)
            if kind != "tag":
                return None
            sha = Tag.parse(sha, raw).object
        return None

    def tag(self, sha: str) -> Tag | None:
        """Return an annotated tag."""
        kind, raw = self.read([sha]).get(sha, ("", b""))
        return Tag.parse(sha, raw) if kind == "tag" else None

    def tree(self, sha: str) -> tuple[Entry, ...] | None:
        """Return the entries of a tree; None when it is none."""
        kind, raw = self.read([sha]).get(sha, ("", b""))
        return parse_tree(raw) if kind == "tree" else None

    def blob(self, sha: str) -> bytes | None:
        """Return a blob; None when it is none."""
        kind, raw = self.read([sha]).get(sha, ("", b""))
        return raw if kind == "blob" else None

    def walk(self, sha: str, below: str = "") -> Iterator[Entry]:
        """Yield all entries of a tree, recursively, folders before what they hold."""
        for entry in self.tree(sha) or ():
            yield Entry(entry.mode, f"{below}{entry.path}", entry.sha)
            if entry.type == "tree":
                yield from self.walk(entry.sha, f"{below}{entry.path}/")

    def at(self, tree: str, path: str) -> Entry | None:
        """Return the entry of a path below a tree; the empty path is the tree itself."""
        found: Entry | None = Entry("040000", "", tree)
        for part in path.split("/") if path else ():
            entries = self.tree(found.sha) if found and found.type == "tree" else None
            found = next((entry for entry in entries or () if entry.path == part), None)
        return found

    def size(self, sha: str) -> int | None:
        """Return an object's size in bytes without reading it whole; None when it is not there."""
        if sha in self._objects:
            return len(self._objects[sha][1])
        try:
            raw = self._file(f"objects/{sha[:2]}/{sha[2:]}")
            head = zlib.decompressobj().decompress(raw, 64).partition(b"\0")[0]
        except (OSError, zlib.error):
            return len(self._objects[sha][1]) if self._read_packed(sha) else None
        return int(head.partition(b" ")[2])

    def _read_loose(self, sha: str) -> bool:
        try:
            raw = zlib.decompress(self._file(f"objects/{sha[:2]}/{sha[2:]}"))
        except (OSError, zlib.error):
            return False
        head, _, body = raw.partition(b"\0")
        self._objects[sha] = (head.partition(b" ")[0].decode(), body)
        return True

    def _read_packed(self, sha: str) -> bool:
        """Read through gitdb: packs with their deltas, alternates."""
        # Only for packed repositories; gitdb has no types.
        from gitdb import GitDB  # type: ignore[import-untyped]  # noqa: PLC0415 -- see above
        from gitdb.exc import BadObject  # type: ignore[import-untyped]  # noqa: PLC0415 -- see above

        with _PACKS:
            self._database = self._database or GitDB(str(self.folder / "objects"))
            try:
                stream = self._database.stream(bytes.fromhex(sha))
                self._objects[sha] = (stream.type.decode(), stream.read())
            except (BadObject, OSError, zlib.error):
                return False
        return True
