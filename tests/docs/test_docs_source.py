"""What a site is built from, seen through a forge that counts what it is asked."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha1
from typing import Any

import pytest

from reconciler.model.cache import Cache
from reconciler.model.errors import Terminal, Transient
from reconciler.model.observed import DocsInputs, Head, Observation, Observed, Sight
from reconciler.model.product import RepoRef
from reconciler.ports import Deed, Look, RepoView, Site, TreeEntry
from reconciler.sources.docs import MOST_LINKS, DocsSource
from tests.world.products import NOON, docs, product

Files = Mapping[str, str | bytes]


class Woods:
    """A forge of trees: name to files; a path ending in `@` is a link. Counts requests."""

    def __init__(self, **trees: Files) -> None:
        self.trees = trees
        self.asked: Counter[str] = Counter()
        self.down = False

    def look(self, looks: Sequence[Look]) -> Mapping[Any, RepoView | str]:
        """Never asked here."""
        raise NotImplementedError

    def contains(self, repo: RepoRef, *, descendant: str, ancestor: str) -> bool:
        """Never asked here."""
        raise NotImplementedError

    def tree(self, repo: RepoRef, tree: str) -> Sequence[TreeEntry]:
        """List the files of a tree."""
        self._count("tree")
        return [
            TreeEntry(path.rstrip("@"), _sha(text), "120000" if path.endswith("@") else "100644")
            for path, text in sorted(self.trees[tree].items())
        ]

    def blob(self, repo: RepoRef, sha: str) -> bytes:
        """Find a blob in any tree."""
        self._count("blob")
        texts = [text for files in self.trees.values() for text in files.values()]
        found = next(text for text in texts if _sha(text) == sha)
        return found if isinstance(found, bytes) else found.encode()

    def _count(self, what: str) -> None:
        self.asked[what] += 1
        if self.down:
            msg = "forge is down"
            raise Transient(msg)


def _sha(text: str | bytes) -> str:
    return sha1(text if isinstance(text, bytes) else text.encode(), usedforsecurity=False).hexdigest()


class Tool:
    """A builder whose configuration is one pattern a line; `!` cannot be read."""

    name = "mkdocs"

    def __init__(self, version: str = "1") -> None:
        self.version = version

    def fingerprint(self) -> str:
        """Return the version; none: not installed."""
        if not self.version:
            msg = "not installed"
            raise Terminal(msg)
        return self.version

    def patterns(self, config: str, read: Callable[[str], str | None]) -> Sequence[str]:
        """Take the lines as patterns."""
        text = read(config)
        if text is None or text.startswith("!"):
            msg = f"{config}:1: cannot be read"
            raise Terminal(msg)
        return text.split()

    def build(self, site: Site, deed: Deed) -> None:
        """Never asked here."""
        raise NotImplementedError


def sight(name: str = "p", tree: str | None = "one", *, blind: bool = False, **block: object) -> Sight:
    """See a product with docs, and the tip of its branch at a tree."""
    head = (Head("main", "c" * 40, tree, "file:///a.git", None),) if tree else ()
    seen = frozenset[str]() if blind else frozenset({"github"})
    wanted = product(name, docs=docs(**block))
    return Sight(wanted, Observed(wanted.name, NOON, head, seen))


def look(
    woods: Woods, *sights: Sight, tool: Tool | None = None, cache: Cache | None = None
) -> list[Observation]:
    """Observe with one builder."""
    builders = {"mkdocs": tool or Tool()}
    return list(DocsSource(woods, builders, cache or Cache(lambda _: {})).observe(sights))


def inputs(woods: Woods, *, tool: Tool | None = None, declared: Sequence[str] = ()) -> DocsInputs:
    """Observe one product; return its fact."""
    (seen,) = look(woods, sight(inputs=declared), tool=tool)
    (fact,) = seen.facts
    assert isinstance(fact, DocsInputs)
    return fact


BASE: Files = {"mkdocs.yml": "docs", "docs/a.md": "A", "docs/b.md": "B", "src/x.py": "X"}


def test_the_inputs_are_counted() -> None:
    """What the patterns match, and the configuration."""
    assert inputs(Woods(one=BASE)).files == 3


SAME: dict[str, Files] = {
    "other code": {**BASE, "src/x.py": "Y"},
    "more code": {**BASE, "src/y.py": "Y"},
}
OTHER: dict[str, Files] = {
    "changed page": {**BASE, "docs/a.md": "AA"},
    "new page": {**BASE, "docs/c.md": "C"},
    "page gone": {path: text for path, text in BASE.items() if path != "docs/b.md"},
    "pages swapped": {**BASE, "docs/a.md": "B", "docs/b.md": "A"},
    "configuration": {**BASE, "mkdocs.yml": "docs other"},
    "file became a link": {
        "docs/a.md@" if path == "docs/a.md" else path: text for path, text in BASE.items()
    },
}


@pytest.mark.parametrize("files", SAME.values(), ids=SAME)
def test_changes_outside_the_inputs_are_no_change(files: Files) -> None:
    """A commit that only touches other files leaves the digest."""
    assert inputs(Woods(one=files)) == inputs(Woods(one=BASE))


@pytest.mark.parametrize("files", OTHER.values(), ids=OTHER)
def test_changes_of_the_inputs_are_changes(files: Files) -> None:
    """Content, names, modes and the configuration go into the digest."""
    assert inputs(Woods(one=files)).digest != inputs(Woods(one=BASE)).digest


def test_tools_and_declared_inputs_count() -> None:
    """Another version of the builder is other inputs; declared patterns replace derived ones."""
    woods = Woods(one=BASE)
    assert inputs(woods, tool=Tool("2")).digest != inputs(woods).digest
    assert inputs(woods, declared=["src/**"]).files == 2


LINKS: dict[str, tuple[dict[str, str], int]] = {
    "to a file": ({"docs/index.md@": "../README.md"}, 5),
    "to a folder": ({"docs/guide@": "../more"}, 6),
    "over another link": ({"docs/index.md@": "../via", "via@": "README.md"}, 6),
    "in a loop": ({"docs/x@": "y", "docs/y@": "x"}, 5),
    "out of the repository": ({"docs/x@": "../../etc/passwd"}, 4),
    "to nothing": ({"docs/x@": "nowhere"}, 4),
}


@pytest.mark.parametrize(("links", "files"), LINKS.values(), ids=LINKS)
def test_links_among_the_inputs_are_followed(links: dict[str, str], files: int) -> None:
    """What a link leads to is an input too: inside of the repository only."""
    more = {"README.md": "R", "more/a.md": "A", "more/b/c.md": "C"}
    assert inputs(Woods(one={**BASE, **more, **links})).files == files


def test_a_linked_page_that_changes_is_a_change() -> None:
    """The README that a page is a link to counts by its content."""
    first = {**BASE, "docs/index.md@": "../README.md", "README.md": "1"}
    assert inputs(Woods(one=first)) != inputs(Woods(one={**first, "README.md": "2"}))


def test_a_linked_configuration_is_read() -> None:
    """A configuration may be a link to another."""
    files = {"mkdocs.yml@": "conf/real.yml", "conf/real.yml": "docs", "docs/a.md": "A"}
    assert inputs(Woods(one=files)).files == 3


def test_an_unchanged_tree_costs_nothing() -> None:
    """What was seen of a tree is remembered over runs; so is that a configuration is broken."""
    cache = Cache(lambda _: {})
    woods = Woods(one=BASE, two={"mkdocs.yml": "!"})
    sights = [sight("p"), sight("q", "two"), sight("r", None)]
    first = look(woods, *sights, cache=cache)
    remembered = {key: value for (_, key), value in cache.news.items()}
    woods.asked.clear()
    again = look(woods, *sights, cache=Cache(lambda space: remembered if space == "docs-inputs" else {}))
    assert sorted(map(str, again)) == sorted(map(str, first))
    assert not woods.asked
    assert all(json.loads(value) for value in remembered.values())


@pytest.mark.parametrize("damage", ["", "[", "[]", "7", "{}", "null"])
def test_a_damaged_cache_is_passed_over(damage: str) -> None:
    """What somebody spoiled in the cache is looked up again."""
    cache, woods = Cache(lambda _: {}), Woods(one=BASE)
    first = look(woods, sight(), cache=cache)
    (key,) = cache.news
    cache.news[key] = damage
    assert look(woods, sight(), cache=cache) == first
    assert json.loads(cache.news[key])["digest"]


def test_a_forge_that_fails_is_asked_again() -> None:
    """Its failure is unknown, and nothing is remembered of it."""
    cache, woods = Cache(lambda _: {}), Woods(one=BASE)
    woods.down = True
    (seen,) = look(woods, sight(), cache=cache)
    assert (seen.unknown, seen.facts, cache.news) == ("forge is down", (), {})
    woods.down = False
    (seen,) = look(woods, sight(), cache=cache)
    assert seen.facts


MANY = {f"docs/{number}@": "nowhere" for number in range(MOST_LINKS + 1)}
UNKNOWN: dict[str, tuple[Files, Sight, str]] = {
    "github did not answer": (BASE, sight(blind=True), "needs github"),
    "no such branch": (BASE, sight(tree=None), "branch 'main' does not exist"),
    "no such builder": (BASE, sight(builder="sphinx"), "docs builder 'sphinx' is not known"),
    "no configuration": ({"a": "A"}, sight(), "'mkdocs.yml' is not on branch 'main'"),
    "configuration cannot be read": ({"mkdocs.yml": "!"}, sight(), "mkdocs.yml:1: cannot be read"),
    "not UTF-8": ({"mkdocs.yml": b"\xff"}, sight(), "mkdocs.yml:1: is not UTF-8"),
    "links in a loop": ({"mkdocs.yml@": "mkdocs.yml"}, sight(), "mkdocs.yml:1: cannot be read"),
    "too many links": ({**BASE, **MANY}, sight(), "more than 200 links"),
}


@pytest.mark.parametrize(("files", "of", "says"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_cannot_be_seen_is_unknown(files: Files, of: Sight, says: str) -> None:
    """Each reason in one line; never absence."""
    (seen,) = look(Woods(one=files), of)
    assert seen.facts == ()
    assert says in str(seen.unknown)


def test_a_builder_that_is_not_installed_is_unknown() -> None:
    """Its own words are passed on."""
    (seen,) = look(Woods(one=BASE), sight(), tool=Tool(""))
    assert seen.unknown == "not installed"


def test_one_product_does_not_spoil_the_others() -> None:
    """Many products at once, in threads; those without docs are left out."""
    woods = Woods(one=BASE, bad={"mkdocs.yml": "!"})
    plain = product("z")
    bare = Sight(plain, Observed(plain.name, NOON))
    sights = [*(sight(f"p{number}") for number in range(9)), sight("bad", "bad"), bare]
    seen = {observation.product: observation for observation in look(woods, *sights)}
    assert sorted(name for name, observation in seen.items() if observation.unknown) == ["bad"]
    assert len(seen) == 10
