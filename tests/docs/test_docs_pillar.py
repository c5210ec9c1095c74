"""What counts as drift of the documentation, and what would close it."""

from dataclasses import replace

import pytest

from reconciler.model.observed import DocsInputs, DocsRecord, Fact, Head, Observed
from reconciler.model.product import ProductName
from reconciler.pillars.docs import DocsPillar
from tests.world.products import NOON, docs, drift, product

HEAD = Head("main", "c" * 40, "e" * 40, "file:///a.git", None)
INPUTS = DocsInputs("new", 3)
SAME = DocsRecord("gh-pages", "d" * 40, "f" * 40, "new", "c" * 40, intact=True)
STALE = replace(SAME, inputs="old")
FOREIGN = replace(SAME, inputs=None, source_commit=None, intact=False)
BOTH = frozenset({"github", "docs"})


def seen(*facts: Fact, by: frozenset[str] = BOTH) -> Observed:
    """Say what was seen, and by whom."""
    return Observed(ProductName("p"), NOON, facts, by)


IN_SYNC: dict[str, Observed] = {
    "the recorded inputs": seen(HEAD, INPUTS, SAME),
    "recorded from an older commit": seen(HEAD, INPUTS, replace(SAME, source_commit="a" * 40)),
    "github is blind": seen(INPUTS, by=frozenset({"docs"})),
    "docs are blind": seen(HEAD, STALE, by=frozenset({"github"})),
    "docs are blind, branch not ours": seen(HEAD, FOREIGN, by=frozenset({"github"})),
    "nobody was asked": seen(by=frozenset()),
    "no inputs": seen(HEAD, STALE),
    "no branch to build": seen(INPUTS, STALE),
}
DRIFTS: dict[str, tuple[Observed, bool, str, str | None]] = {
    "never published": (seen(HEAD, INPUTS), False, "docs.inputs", None),
    "stale": (seen(HEAD, INPUTS, STALE), False, "docs.inputs", "old"),
    "foreign site, adopted": (seen(HEAD, INPUTS, FOREIGN), True, "docs.inputs", None),
    "stale and adopt still set": (seen(HEAD, INPUTS, STALE), True, "docs.inputs", "old"),
}
FOR_A_PERSON: dict[str, tuple[Observed, bool, str]] = {
    "foreign site": (seen(HEAD, INPUTS, FOREIGN), False, "docs.adopt: true"),
    "commit on top": (seen(HEAD, INPUTS, replace(SAME, intact=False)), False, "reset or delete"),
    "commit on top of stale docs": (seen(HEAD, INPUTS, replace(STALE, intact=False)), False, "somebody else"),
    "commit on top, adopt set": (seen(HEAD, INPUTS, replace(SAME, intact=False)), True, "somebody else"),
}


@pytest.mark.parametrize("observed", IN_SYNC.values(), ids=IN_SYNC)
def test_no_drift(observed: Observed) -> None:
    """The same inputs are in sync, and what is unknown does not drift."""
    assert not DocsPillar().assess(product("p", docs=docs()), observed)


def test_what_is_not_declared_does_not_drift() -> None:
    """A product without `docs` has none, whatever is seen."""
    observed = seen(HEAD, INPUTS, STALE)
    assert not DocsPillar().assess(product("p"), observed)
    assert DocsPillar().remedy(product("p"), drift("p"), observed) is None


@pytest.mark.parametrize(("observed", "adopt", "field", "was"), DRIFTS.values(), ids=DRIFTS)
def test_drift_with_a_remedy(observed: Observed, adopt: bool, field: str, was: str | None) -> None:
    """Stale or absent docs are built from the tip, on top of the observed docs branch."""
    wanted = product("p", docs=docs(adopt=adopt))
    (found,) = DocsPillar().assess(wanted, observed)
    assert (found.field, found.desired, found.observed) == (field, "new", was)
    action = DocsPillar().remedy(wanted, found, observed)
    assert action is not None
    record = observed.one(DocsRecord)
    assert dict(action.params) == {
        "clone_url": "file:///a.git",
        "branch": "main",
        "commit": "c" * 40,
        "config": "mkdocs.yml",
        "docs_branch": "gh-pages",
        "parent": record.commit if record else "",
        "inputs": "new",
        "builder": "mkdocs",
    }
    assert (action.kind, action.needs, action.declared) == ("docs.build", BOTH, "spec.docs")


@pytest.mark.parametrize(("observed", "adopt", "says"), FOR_A_PERSON.values(), ids=FOR_A_PERSON)
def test_drift_for_a_person(observed: Observed, adopt: bool, says: str) -> None:
    """A branch that is not as Ship left it is reported with what to do, and never overwritten."""
    wanted = product("p", docs=docs(adopt=adopt))
    (found,) = DocsPillar().assess(wanted, observed)
    assert (found.field, says in str(found.observed)) == ("docs.branch", True)
    assert DocsPillar().remedy(wanted, found, observed) is None


def test_the_ledger_row_follows_what_is_wanted() -> None:
    """Same inputs, same row, whatever the commit; other inputs, branch or builder: another row."""

    def row(observed: Observed, **block: object) -> str:
        wanted = product("p", docs=docs(**block))
        action = DocsPillar().remedy(wanted, drift("p"), observed)
        assert action is not None
        return action.desired

    first = row(seen(HEAD, INPUTS))
    assert row(seen(replace(HEAD, commit="9" * 40), INPUTS, STALE)) == first
    others = {
        row(seen(HEAD, DocsInputs("other", 3))),
        row(seen(HEAD, INPUTS), branch="site"),
        row(seen(HEAD, INPUTS), builder="zensical"),
    }
    assert len(others | {first}) == 4


def test_without_facts_there_is_no_remedy() -> None:
    """A drift that the facts do not bear any more has no step."""
    wanted = product("p", docs=docs())
    assert DocsPillar().remedy(wanted, drift("p"), seen(HEAD)) is None
    assert DocsPillar().remedy(wanted, drift("p"), seen(INPUTS)) is None
