"""What is true in the pretend world: repositories, a registry, and a witness of every outward write.

Nothing is ever overwritten: each change carries its time, so that any reader can be answered from the past.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.canonical import digest

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; `tree` names its files."""

    id: str
    tree: str
    parent: str | None
    message: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A branch came to stand at a commit; None: it was deleted."""

    at: float
    branch: str
    commit: str | None


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag was set."""

    at: float
    name: str
    commit: str


@dataclass(frozen=True, slots=True)
class Upload:
    """One file came into the registry."""

    at: float
    package: str
    version: str
    file: str
    content: bytes

    @property
    def sha256(self) -> str:
        """64 hex digits."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(slots=True)
class Repo:
    """One repository: the history of its refs."""

    moves: list[Moved] = field(default_factory=list)
    tags: list[Tagged] = field(default_factory=list)

    def tip(self, branch: str, at: float) -> str | None:
        """Return the branch's commit as it was at a time."""
        found = [move.commit for move in self.moves if move.branch == branch and move.at <= at]
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Orphan:
    """A program that outlived the run that started it: its effect lands when due."""

    due: float
    lock: str
    uploads: tuple[Upload, ...]


@dataclass(slots=True)
class Registry:
    """How the registry behaves, and what came in."""

    lag_s: float = 0.0
    """How long an upload takes to show."""
    unique: bool = True
    """Refuses a file name that it has already."""
    uploads: list[Upload] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    """Files that somebody deleted by hand."""


@dataclass(slots=True)
class State:
    """The whole world outside Ship. Times are seconds since it began."""

    now: float = 0.0
    repos: dict[str, Repo] = field(default_factory=dict)
    """By clone address."""
    commits: dict[str, Commit] = field(default_factory=dict)
    trees: dict[str, dict[str, bytes]] = field(default_factory=dict)
    registry: Registry = field(default_factory=Registry)
    witness: list[tuple[str, ...]] = field(default_factory=list)
    """Every outward write: `push`, repo, branch, tree; or `upload`, package, version, file, sha256."""
    orphans: list[Orphan] = field(default_factory=list)
    locks: set[str] = field(default_factory=set)
    """Deed locks held by processes that live."""
    broken: dict[str, str] = field(default_factory=dict)
    """Repositories (clone address) and packages that cannot be seen, and why."""
    corrupt: bool = False
    """The registry serves other bytes than it took."""
    tools: str = "tools-1"
    """Fingerprint of the docs builder."""

    def advance(self, seconds: float) -> None:
        """Let time pass; what falls due happens."""
        self.now += seconds
        for orphan in [one for one in self.orphans if one.due <= self.now]:
            self.orphans.remove(orphan)
            for upload in orphan.uploads:
                self.take(replace(upload, at=orphan.due))

    def commit(self, url: str, branch: str, files: Files, message: str = "change") -> str:
        """Put a commit of these files on a branch; return it."""
        repo = self.repos.setdefault(url, Repo())
        parent = repo.tip(branch, self.now)
        epoch = 1_700_000_000 + len(self.commits)
        return self.move(url, branch, self.write(files, parent, message, epoch))

    def write(self, files: Files, parent: str | None, message: str, epoch: int) -> str:
        """Make a commit that no branch has yet; the same input gives the same commit."""
        tree = oid("tree", digest({path: oid("blob", body) for path, body in files.items()}).encode())
        self.trees[tree] = dict(files)
        made = oid("commit", f"{tree} {parent} {message} {epoch}".encode())
        self.commits[made] = Commit(made, tree, parent, message, epoch)
        return made

    def move(self, url: str, branch: str, commit: str | None) -> str:
        """Let a branch stand at a commit, or delete it."""
        self.repos.setdefault(url, Repo()).moves.append(Moved(self.now, branch, commit))
        return commit or ""

    def tag(self, url: str, name: str, commit: str | None = None) -> str:
        """Tag a commit (default: main's tip); return the commit."""
        commit = commit or self.repos[url].tip("main", self.now)
        assert commit is not None
        self.repos[url].tags.append(Tagged(self.now, name, commit))
        return commit

    def push(self, url: str, branch: str, commit: str) -> None:
        """Take a push from outside: seen by the witness."""
        self.witness.append(("push", url, branch, self.commits[commit].tree))
        self.move(url, branch, commit)

    def take(self, upload: Upload) -> bool:
        """Take an upload: seen by the witness also when it is refused as a repeat."""
        self.witness.append(("upload", upload.package, upload.version, upload.file, upload.sha256))
        if self.registry.unique and any(one.file == upload.file for one in self.registry.uploads):
            return False
        self.registry.uploads.append(upload)
        return True

    def shown(self, package: str, at: float) -> dict[str, dict[str, Upload]]:
        """Return what the registry shows of a package at a time: version to file name to the file."""
        found: dict[str, dict[str, Upload]] = {}
        for upload in self.registry.uploads:
            late = upload.at + self.registry.lag_s > at
            if upload.package == package and not late and upload.file not in self.registry.gone:
                found.setdefault(upload.version, {}).setdefault(upload.file, upload)
        return found

    def ancestors(self, commit: str) -> set[str]:
        """Return a commit and all before it."""
        found: set[str] = set()
        at: str | None = commit
        while at is not None and at not in found:
            found.add(at)
            at = self.commits[at].parent
        return found

    def picture(self) -> dict[str, object]:
        """Return everything that outlasts a run, without times: what two runs are compared by."""
        branches = {
            f"{url} {name}": self.commits[tip].tree if tip else None
            for url, repo in self.repos.items()
            for name in {move.branch for move in repo.moves}
            for tip in [repo.tip(name, self.now)]
        }
        files = sorted((one.file, one.sha256) for one in self.registry.uploads)
        return {"branches": branches, "files": sorted(set(files)), "locks": sorted(self.locks)}


def oid(kind: str, body: bytes) -> str:
    """Return an object id: for blobs the one that git gives."""
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).hexdigest()
