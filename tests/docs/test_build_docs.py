"""The deed `docs.build`: with fakes for its order, with real git and MkDocs for what stands in the end."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from reconciler.executors.build_docs import BuildDocs
from reconciler.model.errors import Terminal, Waiting
from reconciler.model.plan import Action
from reconciler.model.record import Outcome, Result
from reconciler.model.redact import Redactor
from reconciler.outside.git import GitDoor
from reconciler.outside.mkdocs import MkDocs
from reconciler.outside.process import Processes
from reconciler.ports import Checkout, Deed, DocsBuilder, Site, Tip
from tests.world.bare import Bare
from tests.world.notes import Notes, Still, deed
from tests.world.products import action

HEAD = "c" * 40
SITE = {"mkdocs.yml": "site_name: x\n", "docs/index.md": "# Hello\n"}


def build(**params: str) -> Action:
    """Ask for a build."""
    whole = {
        "clone_url": "file:///a.git",
        "branch": "main",
        "commit": HEAD,
        "config": "mkdocs.yml",
        "docs_branch": "gh-pages",
        "parent": "",
        "inputs": "i1",
        "builder": "mkdocs",
    }
    return action("p", params={**whole, **params})


@dataclass
class Memory:
    """A git that keeps what is pushed."""

    moved: bool = False
    tips: list[tuple[Tip, dict[str, str]]] = field(default_factory=list)

    def checkout(self, wanted: Checkout, deed: Deed) -> int:
        """Make the folder."""
        if self.moved:
            msg = "moved"
            raise Waiting(msg, retry_after_s=1)
        wanted.folder.mkdir()
        return 42

    def push(self, tip: Tip, deed: Deed) -> str:
        """Keep the files; a parent called `same` holds them already."""
        files = {path.name: path.read_text() for path in tip.folder.iterdir()}
        self.tips.append((tip, files))
        return "same" if tip.parent == "same" else "new"


@dataclass
class Press:
    """A builder that writes one page, and whatever else it is told to."""

    name: str = "mkdocs"
    spoil: Callable[[Path], None] = lambda _: None
    version: str = "1"

    def fingerprint(self) -> str:
        """Return the version; none: not installed."""
        if not self.version:
            msg = "not installed"
            raise Terminal(msg)
        return self.version

    def patterns(self, config: str, read: Callable[[str], str | None]) -> Sequence[str]:
        """Never asked here."""
        raise NotImplementedError

    def build(self, site: Site, deed: Deed) -> None:
        """Write the page."""
        site.folder.mkdir()
        (site.folder / "index.html").write_text(f"{site.config} at {site.epoch}")
        self.spoil(site.folder)


def execute(git: Memory, what: Action, root: Path, press: Press | None = None) -> Outcome:
    """Run it in a fresh folder."""
    folder = root / "deed"
    folder.mkdir()
    return BuildDocs(git, {"mkdocs": press or Press()}).execute(what, deed(folder))


def test_the_site_its_record_and_its_message(tmp_path: Path) -> None:
    """What is pushed names what it was built from: in the tree and in the trailers."""
    git = Memory()
    done = execute(git, build(parent="old"), tmp_path)
    assert (done.result, done.data["commit"]) == (Result.DONE, "new")
    ((tip, files),) = git.tips
    assert json.loads(files.pop(".ship-docs.json")) == {
        "schema": "ship/docs/v1",
        "inputs": "i1",
        "sourceCommit": HEAD,
        "builder": "mkdocs",
    }
    assert files == {"index.html": "mkdocs.yml at 42", ".nojekyll": ""}
    assert (tip.branch, tip.parent, tip.epoch) == ("gh-pages", "old", 42)
    assert tip.message.splitlines() == [
        "docs: build of cccccccccccc",
        "",
        f"Ship-Source-Commit: {HEAD}",
        "Ship-Docs-Inputs: i1",
        "Ship-Docs-Builder: mkdocs",
    ]


def _forged(folder: Path) -> None:
    (folder / ".ship-docs.json").write_text('{"inputs": "forged"}')


def _forged_link(folder: Path) -> None:
    for name in (".ship-docs.json", ".nojekyll"):
        (folder / name).symlink_to(folder.parent.parent / "victim")


def _forged_folder(folder: Path) -> None:
    (folder / ".ship-docs.json" / "x").mkdir(parents=True)


@pytest.mark.parametrize("spoil", [_forged, _forged_link, _forged_folder])
def test_only_ship_writes_the_record(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """Whatever a build leaves under the record's name is replaced, never written through."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    git = Memory()
    execute(git, build(), tmp_path, Press(spoil=spoil))
    assert json.loads(git.tips[0][1][".ship-docs.json"])["inputs"] == "i1"
    assert victim.read_text() == "mine"


def test_the_same_tree_is_unchanged(tmp_path: Path) -> None:
    """Nothing was pushed: the branch holds it already."""
    assert execute(Memory(), build(parent="same"), tmp_path).result is Result.UNCHANGED


def test_a_branch_that_moved_is_not_built(tmp_path: Path) -> None:
    """The verdict of the checkout is passed on; nothing is pushed."""
    git = Memory(moved=True)
    with pytest.raises(Waiting):
        execute(git, build(), tmp_path)
    assert not git.tips


def test_an_unknown_builder_needs_a_person(tmp_path: Path) -> None:
    """Nothing is fetched for it, and its fingerprint does not raise."""
    executor = BuildDocs(Memory(moved=True), {})
    with pytest.raises(Terminal, match="'sphinx' is not known"):
        executor.execute(build(builder="sphinx"), deed(tmp_path))
    assert executor.fingerprint(build(builder="sphinx"))


def test_another_builder_version_is_another_fingerprint() -> None:
    """A parked build is tried again when the tools change, also from not installed to installed."""
    prints = {BuildDocs(Memory(), {"mkdocs": Press(version=v)}).fingerprint(build()) for v in ("", "1", "2")}
    assert len(prints) == 3
    assert (BuildDocs.kind, BuildDocs.repeat) == ("docs.build", "rejected")


class Yard:
    """A bare repository with documentation, and the real tools."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bare = Bare(root / "a.git")
        redactor, audit = Redactor(), Notes()
        tools: dict[str, DocsBuilder] = {"mkdocs": MkDocs(Processes(audit, Still(), redactor), redactor)}
        self.executor = BuildDocs(GitDoor(audit, Still(), redactor), tools)
        self.deeds = 0

    def build(self, guard: Callable[[], None] = lambda: None, **params: str) -> Outcome:
        """Build main's tip on top of the docs branch as they are now."""
        self.deeds += 1
        folder = self.root / f"deed-{self.deeds}"
        folder.mkdir()
        seen = {"commit": self.bare.tip() or "", "parent": self.bare.tip("gh-pages") or ""}
        what = build(**{"clone_url": f"file://{self.bare.folder}", **seen, **params})
        return self.executor.execute(what, replace(deed(folder), guard=guard))


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """Lay out the yard."""
    yard = Yard(tmp_path)
    yard.bare.commit(SITE)
    return yard


@pytest.mark.real
def test_a_site_is_published_once(yard: Yard) -> None:
    """The site stands on the branch; the same again is no commit; a new page is one more, on top."""
    first = yard.build()
    assert first.result is Result.DONE
    assert b"Hello" in yard.bare.read("gh-pages", "index.html")
    assert yard.bare.read("gh-pages", ".nojekyll") == b""
    assert yard.build().result is Result.UNCHANGED
    yard.bare.commit({"docs/more.md": "# More"})
    second = yard.build(inputs="i2")
    assert yard.bare.git("rev-list", "gh-pages").split() == [second.data["commit"], first.data["commit"]]
    trailers = yard.bare.git("show", "-s", "--format=%(trailers:key=Ship-Docs-Inputs,valueonly)", "gh-pages")
    record = json.loads(yard.bare.read("gh-pages", ".ship-docs.json"))
    assert trailers.strip() == record["inputs"] == "i2"


@pytest.mark.real
def test_the_same_site_under_new_inputs_is_recorded(yard: Yard) -> None:
    """The record lies in the tree: else the drift would never end."""
    yard.build()
    assert yard.build(inputs="i2").result is Result.DONE
    assert json.loads(yard.bare.read("gh-pages", ".ship-docs.json"))["inputs"] == "i2"


@pytest.mark.real
def test_a_docs_branch_that_was_deleted_comes_back_the_same(yard: Yard) -> None:
    """From the same commit: the very same id."""
    first = yard.build()
    yard.bare.git("update-ref", "-d", "refs/heads/gh-pages")
    assert yard.build().data == first.data


@pytest.mark.real
def test_somebody_elses_commit_is_never_overwritten(yard: Yard) -> None:
    """One that comes while we build: reported, and left alone."""
    yard.build()
    theirs: list[str] = []

    def meddle() -> None:
        theirs.append(yard.bare.commit({"index.html": "theirs"}, branch="gh-pages"))

    with pytest.raises(Waiting, match="docs branch moved"):
        yard.build(meddle, inputs="i2")
    assert yard.bare.tip("gh-pages") == theirs[0]


@pytest.mark.real
def test_links_to_this_machine_are_not_published(yard: Yard) -> None:
    """A page, or the whole docs folder, that leads out of the repository shows nothing from there."""
    private = yard.root / "private"
    private.mkdir()
    (private / "index.md").write_text("private words")
    _link(yard.bare, "docs/leak.txt", str(private / "index.md"))
    yard.build()
    assert yard.bare.read("gh-pages", "leak.txt") == str(private / "index.md").encode()
    yard.bare.commit({"mkdocs.yml": SITE["mkdocs.yml"]}, fresh=True)
    _link(yard.bare, "docs", str(private))
    with pytest.raises(Terminal, match="docs"):
        yard.build()
    assert b"private words" not in yard.bare.read("gh-pages", "index.html")


def _link(bare: Bare, path: str, target: str) -> None:
    """Commit a link."""
    stream = (
        f"commit refs/heads/main\ncommitter Ada <ada@example.org> 1700009999 +0000\ndata 0\n"
        f"from {bare.tip()}\nM 120000 inline {path}\ndata {len(target)}\n{target}\n"
    )
    bare.git("fast-import", "--quiet", stdin=stream.encode())
