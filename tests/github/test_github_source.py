"""The source `github`: which facts it makes of what the forge shows."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.model.cache import Cache
from reconciler.model.errors import Transient
from reconciler.model.observed import DocsRecord, Head, Observation, Observed, Sight, Tag
from reconciler.model.product import Product, ProductName, RepoRef
from reconciler.ports import Branch, Look, RepoView, TreeEntry
from reconciler.sources.github import GitHubSource
from tests.world.hub import Hub
from tests.world.products import docs, product, release

SHA = {name: name * 40 for name in "abcdef"}
HEAD = Branch(SHA["a"], SHA["b"], "m", "SUCCESS")


class Shown:
    """A forge that shows one view; commits `on` are on the branch."""

    def __init__(self, view: RepoView | str, *on: str) -> None:
        """Know what to show."""
        self.view, self.on = view, on
        self.asked = 0

    def look(self, looks: Sequence[Look]) -> Mapping[ProductName, RepoView | str]:
        """Show it for each product but `mute`."""
        return {look.product: self.view for look in looks if look.product != "mute"}

    def tree(self, repo: RepoRef, tree: str) -> Sequence[TreeEntry]:
        """Show nothing."""
        raise NotImplementedError

    def blob(self, repo: RepoRef, sha: str) -> bytes:
        """Show nothing."""
        raise NotImplementedError

    def contains(self, repo: RepoRef, *, descendant: str, ancestor: str) -> bool:
        """Say whether it is one of those."""
        self.asked += 1
        if ancestor == SHA["f"]:
            msg = "forge: down"
            raise Transient(msg)
        return ancestor in self.on


def observe(forge: Shown, *products: Product, cache: Cache | None = None) -> list[Observation]:
    """Observe products that nothing is known of."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    sights = [Sight(one, Observed(one.name, now)) for one in products]
    return list(GitHubSource(forge, cache or Cache(lambda _: {})).observe(sights))


def view(*tags: tuple[str, str], head: Branch | None = HEAD, **more: object) -> RepoView:
    """Return a view with tags."""
    return RepoView("u", head, more.get("docs"), more.get("record"), tags)  # type: ignore[arg-type]  # a table's cells


def test_head() -> None:
    """The branch's tip is a fact; a branch that is not there is none."""
    assert observe(Shown(view()), product("p"))[0].facts == (
        Head("main", SHA["a"], SHA["b"], "u", "SUCCESS"),
    )
    assert observe(Shown(view(head=None)), product("p"))[0] == Observation(ProductName("p"), "github")


def test_unknown_is_one_products_own() -> None:
    """What the forge says of a failure is that product's unknown; silence is one, too."""
    first, second = observe(Shown("why"), product("p"), product("mute"))
    assert (first.unknown, second.unknown) == (
        "why",
        "the forge said nothing about local:repos/mute.git",
    )
    broken = observe(Shown(view(("v1.0.0", SHA["f"]))), product("p", release=release("p")))
    assert broken == [Observation(ProductName("p"), "github", unknown="forge: down")]


@pytest.mark.parametrize(
    ("tags", "chosen"),
    [
        ([], None),
        ([("v1.2.0", "b"), ("v1.10.0", "c"), ("v1.9.9", "d")], "v1.10.0"),
        ([("1.2.0", "b")], "1.2.0"),
        ([("v1.0.0", "b"), ("v2.0.0-rc.1", "c")], "v1.0.0"),
        ([("v2.0.0-rc.1", "c")], None),
        ([("v1.0.0", "b"), ("v2.0.0", "e")], "v1.0.0"),
        ([("v2.0.0", "e")], None),
        ([("latest", "b"), ("v1", "b"), ("v1.0", "b"), ("version1.0.0", "b"), ("v01.0.0", "b")], None),
        ([("v1.0.0+b", "b"), ("v1.0.0+a", "c")], "v1.0.0+b"),
        ([("1.0.0", "b"), ("v1.0.0", "b")], "v1.0.0"),
        ([("vv1.0.0", "b"), ("V1.0.0", "b")], None),
    ],
    ids=[
        "none",
        "by number, not by text",
        "without v",
        "no prerelease",
        "only a prerelease",
        "on the branch",
        "none on the branch",
        "not SemVer",
        "build metadata",
        "both spellings",
        "other prefixes",
    ],
)
def test_the_newest_tag(tags: list[tuple[str, str]], chosen: str | None) -> None:
    """The highest SemVer final that is on the branch; `e` is not on it."""
    shown = Shown(view(*((name, SHA[commit]) for name, commit in tags)), SHA["b"], SHA["c"], SHA["d"])
    facts = [
        fact for fact in observe(shown, product("p", release=release("p")))[0].facts if isinstance(fact, Tag)
    ]
    assert [fact.name for fact in facts] == ([chosen] if chosen else [])
    assert all(fact.version == (chosen or "").removeprefix("v") for fact in facts)


@pytest.mark.parametrize(
    ("pinned", "tags", "chosen"),
    [
        ("1.0.0", ["v1.0.0", "1.0.0"], "v1.0.0"),
        ("1.0.0", ["1.0.0", "v2.0.0"], "1.0.0"),
        ("v1.0.0", ["v1.0.0"], "v1.0.0"),
        ("2.0.0-rc.1", ["v2.0.0-rc.1"], "v2.0.0-rc.1"),
        ("2026.1", ["v2026.1"], "v2026.1"),
        ("1.0.0", ["v1.0.1"], None),
    ],
    ids=["v first", "without v", "spelt with v", "a prerelease", "not SemVer", "not there"],
)
def test_a_pinned_tag(pinned: str, tags: list[str], chosen: str | None) -> None:
    """The tag of that version, on the branch or not, and nobody is asked about ancestry."""
    shown = Shown(view(*((name, SHA["e"]) for name in tags)))
    facts = observe(shown, product("p", release=release("p", version=pinned)))[0].facts
    assert [fact.name for fact in facts if isinstance(fact, Tag)] == ([chosen] if chosen else [])
    assert shown.asked == 0


def test_ancestry_is_remembered() -> None:
    """The same head and tag are asked about once, in this run and later ones."""
    cache = Cache(lambda _: {})
    shown = Shown(view(("v1.0.0", SHA["b"]), ("v2.0.0", SHA["e"])), SHA["b"])
    declared = product("p", release=release("p"))
    observe(shown, declared, cache=cache)
    observe(shown, declared, cache=cache)
    later = Cache(lambda space: {key: value for (found, key), value in cache.news.items() if found == space})
    observe(shown, declared, cache=later)
    assert (shown.asked, later.news) == (2, {})


def record(**fields: object) -> str:
    """Return a docs record's text."""
    return json.dumps(
        {"schema": "ship/docs/v1", "inputs": "i", "sourceCommit": "s", "builder": "b", **fields}
    )


MADE = "docs: build of aaaaaaaaaaaa\n\nShip-Source-Commit: s\nShip-Docs-Inputs: i\nShip-Docs-Builder: b\n"


@pytest.mark.parametrize(
    ("text", "message", "inputs", "intact"),
    [
        (record(), MADE, "i", True),
        (record(), "Merge pull request #1", "i", False),
        (record(inputs="j"), MADE, "j", False),
        (record(), f"{MADE}\nfixed by hand\n", "i", False),
        (None, MADE, None, False),
        ("{", MADE, None, False),
        ("[]", MADE, None, False),
        (record(schema="other"), MADE, None, False),
        (record(inputs=7), MADE, None, False),
    ],
    ids=[
        "ours",
        "somebody's",
        "other inputs",
        "amended",
        "none",
        "broken",
        "a list",
        "other schema",
        "a number",
    ],
)
def test_the_docs_record(text: str | None, message: str, inputs: str | None, *, intact: bool) -> None:
    """The record says what the site was built from; intact is only the very commit that Ship made."""
    tip = Branch(SHA["c"], SHA["d"], message)
    facts = observe(Shown(view(docs=tip, record=text)), product("p", docs=docs()))[0].facts
    found = next(fact for fact in facts if isinstance(fact, DocsRecord))
    assert (found.branch, found.commit, found.inputs, found.intact) == ("gh-pages", SHA["c"], inputs, intact)


def test_only_what_is_declared_is_looked_for() -> None:
    """Without docs and release there is neither record nor tag, whatever the repository holds."""
    tip = Branch(SHA["c"], SHA["d"], MADE)
    facts = observe(Shown(view(("v1.0.0", SHA["b"]), docs=tip, record=record())), product("p"))[0].facts
    assert [type(fact) for fact in facts] == [Head]
    assert observe(Shown(view(head=None)), product("p", docs=docs(), release=release("p")))[0].facts == ()


def test_an_unchanged_world_costs_one_query(tmp_path: Path) -> None:
    """Over the real door: the first look asks about ancestry, the second only looks."""
    hub = Hub(tmp_path)
    products = []
    for number in range(3):
        bare = hub.add("repos", f"p{number}", {"a": "1"})
        bare.tag("v1.0.0")
        bare.commit({"a": "2"})
        products.append(product(f"p{number}", docs=docs(), release=release(f"p{number}")))
    cache, now = Cache(lambda _: {}), datetime(2026, 1, 1, tzinfo=UTC)
    sights = [Sight(one, Observed(one.name, now)) for one in products]
    source = GitHubSource(hub.github(), cache)
    first = list(source.observe(sights))
    assert hub.transport is not None
    asked = [request.partition("?")[0].split("/")[-1] for request in hub.transport.requests]
    hub.transport.requests.clear()
    assert list(source.observe(sights)) == first
    assert [len(one.facts) for one in first] == [2, 2, 2]
    assert len(asked) == 4
    assert hub.transport.requests == ["POST /graphql"]
