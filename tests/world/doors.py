"""The doors of the pretend world: the forge, git, the docs builder, the registry, the vault, the locks."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from reconciler.model.canonical import digest
from reconciler.model.errors import ShipError, Terminal, Waiting
from reconciler.model.observed import PublishedFile
from reconciler.model.plan import Action
from reconciler.model.product import ProductName, RepoRef
from reconciler.model.secret import Secret
from reconciler.ports import Branch, Checkout, Deed, Look, RepoView, Site, Tip, TreeEntry, silent
from tests.world.state import Repo, Upload, oid
from tests.world.wire import Wire

T = TypeVar("T")
RECORD = ".ship-docs.json"


def clone_url(repo: RepoRef) -> str:
    """Return the address under which the world knows a repository."""
    return f"https://forge.invalid/{'/'.join(repo.slug)}.git"


class PretendForge:
    """Implements `ports.Forge`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def look(self, looks: Sequence[Look]) -> Mapping[ProductName, RepoView | str]:
        """Look at all; a call that goes wrong is a reason for each of them."""
        try:
            return self._wire.read("forge.look", lambda: {one.product: self._view(one) for one in looks})
        except ShipError as error:
            return {one.product: str(error) for one in looks}

    def tree(self, repo: RepoRef, tree: str) -> Sequence[TreeEntry]:
        """Read a tree, sorted by path."""
        return self._wire.read("forge.tree", lambda: self._entries(tree))

    def blob(self, repo: RepoRef, sha: str) -> bytes:
        """Read one blob."""
        return self._wire.read("forge.blob", lambda: self._blob(sha))

    def contains(self, repo: RepoRef, *, descendant: str, ancestor: str) -> bool:
        """Say whether one commit leads to the other."""
        return self._wire.read("forge.contains", lambda: ancestor in self._wire.state.ancestors(descendant))

    def _view(self, look: Look) -> RepoView | str:
        state, url, at = self._wire.state, clone_url(look.repo), self._wire.at
        if url in state.broken or url not in state.repos:
            return state.broken.get(url, f"{look.repo}: not found")
        repo = state.repos[url]
        docs = look.docs_branch and repo.tip(look.docs_branch, at)
        record = state.trees[state.commits[docs].tree].get(RECORD) if docs else None
        tags = [(tag.name, tag.commit) for tag in reversed(repo.tags) if tag.at <= at]
        return RepoView(
            clone_url=url,
            head=self._branch(repo, look.branch),
            docs=self._branch(repo, look.docs_branch) if look.docs_branch else None,
            record=record.decode() if record is not None else None,
            tags=tuple(tags) if look.tags else tuple(tag for tag in tags if tag[0] in look.tag_names),
        )

    def _branch(self, repo: Repo, branch: str) -> Branch | None:
        tip = repo.tip(branch, self._wire.at)
        commit = self._wire.state.commits[tip] if tip else None
        return Branch(commit.id, commit.tree, commit.message, "SUCCESS") if commit else None

    def _entries(self, tree: str) -> Sequence[TreeEntry]:
        files = self._wire.state.trees[tree]
        return [TreeEntry(path, oid("blob", files[path]), "100644") for path in sorted(files)]

    def _blob(self, sha: str) -> bytes:
        every = (body for files in self._wire.state.trees.values() for body in files.values())
        return next(body for body in every if oid("blob", body) == sha)


class PretendGit:
    """Implements `ports.Git`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def checkout(self, wanted: Checkout, deed: Deed) -> int:
        """Write the commit's files; return its time."""
        return self._wire.read("git.checkout", lambda: self._checkout(wanted))

    def push(self, tip: Tip, deed: Deed) -> str:
        """Push the folder as a fast-forward of the observed parent; an identical tree is not pushed."""
        files = {
            str(path.relative_to(tip.folder)): path.read_bytes()
            for path in sorted(tip.folder.rglob("*"))
            if path.is_file()
        }
        deed.guard()
        return self._wire.write("git.push", lambda: self._push(tip, files))

    def _checkout(self, wanted: Checkout) -> int:
        state, at = self._wire.state, self._wire.at
        repo = state.repos[wanted.url]
        kind, name = wanted.ref.removeprefix("refs/").split("/", 1)
        tags = {tag.name: tag.commit for tag in repo.tags}
        found = tags.get(name) if kind == "tags" else repo.tip(name, at)
        if found != wanted.commit:
            msg = f"{wanted.ref} moved"
            raise Waiting(msg, retry_after_s=5.0)
        commit = state.commits[wanted.commit]
        for path, body in state.trees[commit.tree].items():
            (wanted.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (wanted.folder / path).write_bytes(body)
        return commit.epoch

    def _push(self, tip: Tip, files: Mapping[str, bytes]) -> str:
        state = self._wire.state
        if state.repos[tip.url].tip(tip.branch, state.now) != tip.parent:
            msg = f"docs branch moved: {tip.branch}"
            raise Waiting(msg, retry_after_s=5.0)
        made = state.write(files, tip.parent, tip.message, tip.epoch)
        if tip.parent and state.commits[made].tree == state.commits[tip.parent].tree:
            return tip.parent
        state.push(tip.url, tip.branch, made)
        return made


class PretendBuilder:
    """Implements `ports.DocsBuilder`: a page for every Markdown file, byte for byte the same each time."""

    name = "mkdocs"

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def fingerprint(self) -> str:
        """Return the tools' digest."""
        return self._wire.state.tools

    def patterns(self, config: str, read: Callable[[str], str | None]) -> Sequence[str]:
        """Return the configuration and everything under docs/. Raises Terminal."""
        if read(config) is None:
            msg = f"{config}: no such file"
            raise Terminal(msg)
        return ["docs/**", config]

    def build(self, site: Site, deed: Deed) -> None:
        """Build; a page that says BROKEN is a complaint."""
        self._wire.read("builder.build", lambda: self._build(site))

    def _build(self, site: Site) -> None:
        pages = sorted((site.checkout / "docs").rglob("*.md"))
        site.folder.mkdir(parents=True, exist_ok=True)
        for page in pages:
            text = page.read_text(encoding="utf-8")
            if "BROKEN" in text:
                msg = f"{page.name}: broken link"
                raise Terminal(msg)
            target = site.folder / page.relative_to(site.checkout / "docs").with_suffix(".html")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(f"<p>{text}</p>", encoding="utf-8")


class PretendIndex:
    """Implements `ports.PackageIndex`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def versions(
        self, packages: Sequence[str]
    ) -> Mapping[str, Mapping[str, tuple[PublishedFile, ...]] | str]:
        """Ask for all; a call that goes wrong is a reason for each of them."""
        try:
            return self._wire.read("index.versions", lambda: {one: self._shown(one) for one in packages})
        except ShipError as error:
            return dict.fromkeys(packages, str(error))

    def fetch(self, package: str, file: str) -> bytes:
        """Download one file that shows. Raises Transient, Terminal."""
        return self._wire.read("index.fetch", lambda: self._file(package, file))

    def _shown(self, package: str) -> Mapping[str, tuple[PublishedFile, ...]] | str:
        state = self._wire.state
        if package in state.broken:
            return state.broken[package]
        return {
            version: tuple(PublishedFile(name, files[name].sha256) for name in sorted(files))
            for version, files in state.shown(package, self._wire.at).items()
        }

    def _file(self, package: str, file: str) -> bytes:
        for files in self._wire.state.shown(package, self._wire.at).values():
            if file in files:
                return files[file].content + (b"!" if self._wire.state.corrupt else b"")
        msg = f"{file}: not found"
        raise Terminal(msg)


class PretendVault:
    """Implements `ports.Vault`: every file holds one value."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def decrypt(self, path: str, deed: Deed) -> Mapping[str, Secret]:
        """Return a made-up value."""
        secret = Secret(digest([path, deed.key]))
        return self._wire.read(
            "vault.decrypt", lambda: {"username": secret, "password": secret, "token": secret}
        )

    def digest(self, path: str) -> str:
        """Return the digest of the file's name: it never changes."""
        return digest(path)


class PretendDeeds:
    """Implements `ports.Deeds`: locks die with the process, but for those that an orphan inherited."""

    def __init__(self, wire: Wire, guard: Callable[[], None], folder: Path) -> None:
        self._wire, self._guard, self._folder = wire, guard, folder

    @contextmanager
    def open(self, action: Action) -> Iterator[Deed]:
        """Take the lock. Raises Waiting while somebody has it."""
        key = digest(list(action.key))[:16]
        self._wire.read("deeds.open", lambda: self._take(key))
        folder = Path(tempfile.mkdtemp(prefix="deed-", dir=self._folder))
        try:
            yield Deed(key, folder, None, self._guard, silent, action.product)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            self._wire.state.locks.discard(key)

    def busy(self, action_key: tuple[str, str, str]) -> bool:
        """Say whether somebody has the lock."""
        return self._held(digest(list(action_key))[:16])

    def _held(self, key: str) -> bool:
        state = self._wire.state
        return key in state.locks or any(orphan.lock == key for orphan in state.orphans)

    def _take(self, key: str) -> None:
        if self._held(key):
            msg = "a process of an interrupted run is still at work on it"
            raise Waiting(msg, retry_after_s=1.0)
        self._wire.state.locks.add(key)


def parcels(package: str, version: str, source: Mapping[str, bytes], now: float) -> tuple[Upload, ...]:
    """Build a source archive and a wheel of some files: the same files give the same bytes."""
    base = digest({path: oid("blob", body) for path, body in source.items()}).encode()
    stem = f"{package.replace('-', '_')}-{version}"
    return (
        Upload(now, package, version, f"{stem}.tar.gz", b"sdist " + base),
        Upload(now, package, version, f"{stem}-py3-none-any.whl", b"wheel " + base),
    )
