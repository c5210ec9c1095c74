"""What counts as drift of a release, what would close it, and what holds it back."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Fact, Head, Observed, Published, PublishedFile, Tag
from reconciler.model.product import Product, ProductName
from reconciler.pillars.release import ReleasePillar
from tests.world.products import NOON, drift, product, release

TAG = Tag("v1.2.0", "1.2.0", "c" * 40, "file:///a.git")
HEAD = Head("main", TAG.commit, "e" * 40, TAG.clone_url, "SUCCESS")
BOTH = frozenset({"github", "pypi"})
SDIST = PublishedFile("tidy_csv-1.2.0.tar.gz", "a" * 64)
WHEEL = PublishedFile("tidy_csv-1.2.0-py3-none-any.whl", None)
EGG = PublishedFile("tidy_csv-1.2.0.egg", None)


def holds(*files: PublishedFile, version: str = "1.2.0", package: str = "Tidy.CSV") -> Published:
    """Say what the registry holds."""
    return Published("pypi", package, {version: files} if files else {})


def seen(*facts: Fact, by: frozenset[str] = BOTH) -> Observed:
    """Say what was seen, and by whom."""
    return Observed(ProductName("p"), NOON, facts, by)


def declared(**block: object) -> Product:
    """Declare a release of tidy-csv."""
    return product("p", release=release("tidy-csv", **block))


IN_SYNC: dict[str, tuple[Observed, Product]] = {
    "both files are there": (seen(TAG, holds(SDIST, WHEEL)), declared()),
    "no tag: nothing is desired": (seen(holds()), declared()),
    "github is blind": (seen(TAG, holds(), by=frozenset({"pypi"})), declared()),
    "pypi is blind": (seen(TAG, by=frozenset({"github"})), declared()),
    "not declared": (seen(TAG, holds()), product("p")),
    "only a wheel is wanted": (
        seen(TAG, holds(WHEEL)),
        declared(targets=[{"registry": "pypi", "package": "tidy-csv", "files": ["wheel"]}]),
    ),
    "another registry": (
        seen(TAG, holds()),
        declared(targets=[{"registry": "oci", "image": "registry.example/a"}]),
    ),
    "a pre-release as PyPI writes it": (
        seen(replace(TAG, version="1.3.0-rc.1"), holds(SDIST, WHEEL, version="1.3.0rc1")),
        declared(),
    ),
    "pinned version is there": (seen(TAG, holds(SDIST, WHEEL)), declared(version="1.2.0")),
}
DRIFTS: dict[str, tuple[Observed, str, str]] = {
    "never published": (seen(TAG, holds()), "1.2.0 is not published", "sdist,wheel"),
    "nothing known of it": (seen(TAG), "1.2.0 is not published", "sdist,wheel"),
    "another package": (seen(TAG, holds(SDIST, package="x")), "1.2.0 is not published", "sdist,wheel"),
    "older version": (
        seen(TAG, holds(SDIST, version="1.1.0")),
        "1.2.0 is not published",
        "sdist,wheel",
    ),
    "half: wheel": (seen(TAG, holds(WHEEL)), "1.2.0: wheel only, sdist missing", "sdist"),
    "half: sdist": (seen(TAG, holds(SDIST)), "1.2.0: sdist only, wheel missing", "wheel"),
    "half: an egg": (
        seen(TAG, holds(EGG)),
        "1.2.0: other files only, sdist and wheel missing",
        "sdist,wheel",
    ),
}
FOR_A_PERSON: dict[str, tuple[Observed, Product, str]] = {
    "the product publishes itself": (
        seen(TAG, holds()),
        declared(publisher="workflow"),
        "1.2.0 is not published; the product's own release workflow publishes it",
    ),
    "pinned, and no tag": (
        seen(holds()),
        declared(version="1.2.0"),
        "1.2.0 is not published; the newest tag on the branch is another (none)",
    ),
    "pinned, and another tag": (
        seen(TAG, holds()),
        declared(version="1.1.0"),
        "1.1.0 is not published; the newest tag on the branch is another (v1.2.0)",
    ),
    "SemVer that PEP 440 does not know": (
        seen(replace(TAG, version="1.0.0-alpha.beta"), holds()),
        declared(),
        "1.0.0-alpha.beta cannot be published: it is not a version by PEP 440",
    ),
}
BLOCKS: dict[str, tuple[list[str], Head | None, str | None]] = {
    "nothing required": ([], None, None),
    "CI green on the tag": (["ci"], HEAD, None),
    "CI red": (["ci"], replace(HEAD, rollup="FAILURE"), "CI of v1.2.0 is FAILURE, not SUCCESS"),
    "no CI": (["ci"], replace(HEAD, rollup=None), "CI of v1.2.0 is not set up, not SUCCESS"),
    "head moved on": (["ci"], replace(HEAD, commit="d" * 40), "CI state of v1.2.0 is not known"),
    "no head": (["ci"], None, "CI state of v1.2.0 is not known"),
    "scans": (["ci", "scans"], HEAD, "no scanner has reported"),
    "both": (["ci", "scans"], None, "CI state of v1.2.0 is not known; no scanner has reported"),
}


@pytest.mark.parametrize("case", IN_SYNC)
def test_no_drift(case: str) -> None:
    """A whole release is in sync, and what is unknown or not declared does not drift."""
    observed, declaration = IN_SYNC[case]
    assert not ReleasePillar().assess(declaration, observed)


@pytest.mark.parametrize("case", DRIFTS)
def test_drift_and_remedy(case: str) -> None:
    """What is missing is told, and the action has all it needs."""
    observed, text, files = DRIFTS[case]
    (found,) = ReleasePillar().assess(declared(), observed)
    assert (found.field, found.desired, found.observed) == ("release.pypi", "tidy-csv 1.2.0", text)
    assert found.declared == "spec.release.targets.0"
    action = ReleasePillar().remedy(declared(), found, observed)
    assert action is not None
    assert action.params == {
        "clone_url": TAG.clone_url,
        "tag": "v1.2.0",
        "commit": TAG.commit,
        "package": "tidy-csv",
        "version": "1.2.0",
        "secrets": "",
        "files": files,
        "kinds": "sdist,wheel",
    }
    assert (action.kind, action.pillar, action.repeat) == ("publish.pypi", "publish", "rejected")
    assert action.needs == BOTH


@pytest.mark.parametrize("case", FOR_A_PERSON)
def test_for_a_person(case: str) -> None:
    """What Ship cannot do is a drift without remedy, whose text says why."""
    observed, declaration, text = FOR_A_PERSON[case]
    (found,) = ReleasePillar().assess(declaration, observed)
    assert found.observed == text
    assert ReleasePillar().remedy(declaration, found, observed) is None


@pytest.mark.parametrize("case", BLOCKS)
def test_requirements(case: str) -> None:
    """What is required and not known to hold blocks the action, with the reason."""
    requires, head, reason = BLOCKS[case]
    declaration = declared(requires=requires)
    observed = seen(TAG, holds(), *([head] if head else []))
    (found,) = ReleasePillar().assess(declaration, observed)
    action = ReleasePillar().remedy(declaration, found, observed)
    assert action is not None
    assert action.blocked == reason


def test_two_targets() -> None:
    """Each target has its own drift, place and action; the desired digest tells them apart."""
    targets = [{"registry": "pypi", "package": name, "secrets": "s.yaml"} for name in ("one", "two")]
    declaration = declared(targets=targets)
    found = ReleasePillar().assess(declaration, seen(TAG))
    assert [each.declared for each in found] == ["spec.release.targets.0", "spec.release.targets.1"]
    actions = [ReleasePillar().remedy(declaration, each, seen(TAG)) for each in found]
    assert [action.params["package"] for action in actions if action] == ["one", "two"]
    assert len({action.desired for action in actions if action}) == 2


def test_nothing_to_remedy() -> None:
    """Without a release there is no remedy."""
    assert ReleasePillar().remedy(product("p"), drift("p"), seen(TAG)) is None
