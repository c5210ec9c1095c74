"""Git's objects as values: commits, tags and trees read from their bytes (git's own storage format)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

SHA = re.compile(r"[0-9a-f]{40}")
_PERSON = re.compile(r"(?P<name>.*?) ?<(?P<email>[^>]*)> (?P<at>-?\d+) (?P<zone>[+-]\d{4})")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|(^|/)\.|\.lock(/|$)|[./]$")


def valid_ref(name: str) -> bool:
    """Say whether it is a full, well-formed ref name (git-check-ref-format(1)): safe as a path, too."""
    return name.startswith("refs/") and name.count("/") > 1 and not _FORBIDDEN.search(name)


@dataclass(frozen=True, slots=True)
class Person:
    """Author, committer or tagger."""

    name: str
    email: str
    at: datetime

    @classmethod
    def parse(cls, line: str) -> "Person":
        """Read `Name <mail> 1700000000 +0000`; something broken becomes nobody at the epoch."""
        found = _PERSON.fullmatch(line)
        if found is None:
            return cls(line, "", datetime.fromtimestamp(0, UTC))
        zone = int(found["zone"][1:3]) * 60 + int(found["zone"][3:])
        offset = timezone(timedelta(minutes=-zone if found["zone"][0] == "-" else zone))
        return cls(found["name"], found["email"], datetime.fromtimestamp(int(found["at"]), offset))

    def data(self) -> dict[str, str]:
        """Return GitHub's JSON form: the time in UTC."""
        return {"name": self.name, "email": self.email, "date": stamp(self.at)}

    def raw(self) -> str:
        """Return git's form, in UTC."""
        name, email = (re.sub(r"[<>\n\0]", "", text).strip() for text in (self.name, self.email))
        return f"{name} <{email}> {int(self.at.timestamp())} +0000"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str

    @classmethod
    def parse(cls, sha: str, raw: bytes) -> "Commit":
        """Read the bytes of a commit object."""
        headers, message = _split(raw)
        return cls(
            sha,
            headers["tree"][0],
            tuple(headers.get("parent", ())),
            Person.parse(headers["author"][0]),
            Person.parse(headers["committer"][0]),
            message,
        )


@dataclass(frozen=True, slots=True)
class Tag:
    """One annotated tag."""

    sha: str
    object: str
    type: str
    name: str
    tagger: Person
    message: str

    @classmethod
    def parse(cls, sha: str, raw: bytes) -> "Tag":
        """Read the bytes of a tag object."""
        headers, message = _split(raw)
        tagger = Person.parse(headers.get("tagger", ["nobody <> 0 +0000"])[0])
        return cls(sha, headers["object"][0], headers["type"][0], headers["tag"][0], tagger, message)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree."""

    mode: str
    """Six octal digits."""
    path: str
    sha: str

    @property
    def type(self) -> str:
        """`tree`, `commit` (a submodule) or `blob`."""
        return {"040000": "tree", "160000": "commit"}.get(self.mode, "blob")


def parse_tree(raw: bytes) -> tuple[Entry, ...]:
    """Read the bytes of a tree object, in git's order."""
    entries, at = [], 0
    while at < len(raw):
        space = raw.index(b" ", at)
        end = raw.index(b"\0", space)
        mode, path = raw[at:space].decode().zfill(6), raw[space + 1 : end].decode(errors="replace")
        entries.append(Entry(mode, path, raw[end + 1 : end + 21].hex()))
        at = end + 21
    return tuple(entries)


def stamp(at: datetime) -> str:
    """Write a time as GitHub does: UTC, whole seconds, `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _split(raw: bytes) -> tuple[dict[str, list[str]], str]:
    """Split headers (continuation lines, as of signatures, are dropped) from the message."""
    head, _, message = raw.partition(b"\n\n")
    headers: dict[str, list[str]] = {}
    for line in head.decode(errors="replace").split("\n"):
        key, _, value = line.partition(" ")
        if key:
            headers.setdefault(key, []).append(value)
    return headers, message.decode(errors="replace")
