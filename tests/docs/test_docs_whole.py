"""The documentation of one product through all rooms: real git, forge, MkDocs; only the loop is left out."""

from pathlib import Path

import pytest

from reconciler.executors.build_docs import BuildDocs
from reconciler.model.cache import Cache
from reconciler.model.observed import Observed, Sight
from reconciler.model.plan import Action, Drift
from reconciler.model.redact import Redactor
from reconciler.outside.git import GitDoor
from reconciler.outside.mkdocs import MkDocs
from reconciler.outside.process import Processes
from reconciler.pillars.docs import DocsPillar
from reconciler.ports import DocsBuilder
from reconciler.sources.docs import DocsSource
from reconciler.sources.github import GitHubSource
from tests.world.hub import Hub
from tests.world.notes import Notes, Still, deed
from tests.world.products import NOON, docs, product

pytestmark = pytest.mark.real

FILES = {
    "conf/base.yml": "theme: {name: mkdocs}\n",
    "mkdocs.yml": "INHERIT: conf/base.yml\nsite_name: x\n",
    "docs/index.md": "# Hello\n",
    "src/a.py": "A = 1\n",
}


class House:
    """One product behind a local forge; remembers from look to look."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hub = Hub(root / "hub")
        self.bare = self.hub.add("repos", "p", FILES)
        self.memory: dict[tuple[str, str], str] = {}
        self.wanted = product("p", docs=docs())
        redactor, notes = Redactor(), Notes()
        self.tools: dict[str, DocsBuilder] = {"mkdocs": MkDocs(Processes(notes, Still(), redactor), redactor)}
        self.executor = BuildDocs(GitDoor(notes, Still(), redactor), self.tools)
        self.deeds = 0

    def plan(self) -> list[tuple[Drift, Action | None]]:
        """Observe, assess, look for remedies."""
        cache = Cache(lambda space: {key: value for (at, key), value in self.memory.items() if at == space})
        observed = Observed(self.wanted.name, NOON)
        forge = self.hub.github()
        for source in (GitHubSource(forge, cache), DocsSource(forge, self.tools, cache)):
            for observation in source.observe([Sight(self.wanted, observed)]):
                observed = observed.plus(observation)
        self.memory |= cache.news
        assert not observed.unknown
        pillar = DocsPillar()
        drifts = pillar.assess(self.wanted, observed)
        return [(drift, pillar.remedy(self.wanted, drift, observed)) for drift in drifts]

    def converge(self) -> str:
        """Do the one action of the plan, see that none is left; return the docs branch's tip."""
        ((_, action),) = self.plan()
        assert action is not None
        self.deeds += 1
        folder = self.root / f"deed-{self.deeds}"
        folder.mkdir()
        self.executor.execute(action, deed(folder))
        assert self.plan() == []
        tip = self.bare.tip("gh-pages")
        assert tip is not None
        return tip


def test_docs_converge_and_stay_quiet(tmp_path: Path) -> None:
    """Published once; code alone is no change, an inherited setting is; a deleted branch comes back."""
    house = House(tmp_path)
    first = house.converge()
    house.bare.commit({"src/a.py": "A = 2\n"})
    assert house.plan() == []
    house.bare.commit({"conf/base.yml": "theme: {name: readthedocs}\n"})
    second = house.converge()
    assert house.bare.git("rev-list", "gh-pages").split() == [second, first]
    house.bare.git("update-ref", "-d", "refs/heads/gh-pages")
    third = house.converge()
    trees = [house.bare.git("rev-parse", f"{commit}^{{tree}}") for commit in (second, third)]
    assert trees[0] == trees[1]


def test_an_unchanged_world_costs_one_query(tmp_path: Path) -> None:
    """A second look asks the forge once, for the tips; no tree, no blob."""
    house = House(tmp_path)
    house.converge()
    before = len(house.hub.notes.calls)
    assert house.plan() == []
    assert len(house.hub.notes.calls) == before + 1


def test_a_foreign_site_is_taken_over_only_when_told(tmp_path: Path) -> None:
    """Without a record the site is somebody's; `adopt` lets Ship build on top of it."""
    house = House(tmp_path)
    theirs = house.bare.commit({"index.html": "old site"}, branch="gh-pages")
    ((drift, action),) = house.plan()
    assert (drift.field, action) == ("docs.branch", None)
    house.wanted = product("p", docs=docs(adopt=True))
    ours = house.converge()
    assert house.bare.git("rev-list", "gh-pages").split() == [ours, theirs]


def test_a_commit_on_top_of_ours_is_reported(tmp_path: Path) -> None:
    """Even when the docs are stale besides: nothing is offered that would overwrite it."""
    house = House(tmp_path)
    house.converge()
    house.bare.commit({"index.html": "theirs"}, branch="gh-pages")
    house.bare.commit({"docs/index.md": "# Newer\n"})
    ((drift, action),) = house.plan()
    assert (drift.field, action) == ("docs.branch", None)
