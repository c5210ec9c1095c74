"""The values: digests, products, selections, saved plans, secrets."""

import json
import pickle
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from reconciler.model.canonical import canonical, digest
from reconciler.model.errors import Terminal
from reconciler.model.fleet import Complaint, Fleet, Limits
from reconciler.model.observed import Head, Observation, Observed
from reconciler.model.plan import FleetPlan, Plan, ProductStatus
from reconciler.model.product import Product, ProductName, RepoRef
from reconciler.model.record import Outcome, Result
from reconciler.model.report import Performed, Report
from reconciler.model.saved import SavedPlan
from reconciler.model.secret import Secret
from reconciler.model.selection import Selection
from tests.world.products import NOON, action, docs, document, drift, product, release

HEAD = Head("main", "c" * 40, "t" * 40, "file:///r", None)


def test_canonical_form_knows_no_order() -> None:
    """Mappings and sets have one byte form; other types are refused."""
    assert canonical({"b": 1, "a": {"y", "x"}}) == canonical(MappingProxyType({"a": {"x", "y"}, "b": 1}))
    with pytest.raises(TypeError, match="no canonical form for object"):
        digest(object())


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        pytest.param("github:acme/tidy-csv", ("acme", "tidy-csv"), id="GitHub"),
        pytest.param("github:acme/x.git", ("acme", "x.git"), id="GitHub keeps what it is told"),
        pytest.param("local:repos/a.git", ("repos", "a"), id="local"),
        pytest.param("local:deep/er/a.git", ("deep--er", "a"), id="local in deeper folders"),
        pytest.param("local:a.git", ("local", "a"), id="local without a folder"),
    ],
)
def test_repo_slug(text: str, slug: tuple[str, str]) -> None:
    """A repository has an owner and a name, as GitHub-shaped APIs know them."""
    assert (RepoRef.parse(text).slug, str(RepoRef.parse(text))) == (slug, text)


def test_product_reads_its_document() -> None:
    """The generation changes iff the document does; undeclared blocks are None."""
    bare = product("a")
    whole = product("a", docs=docs(inputs=["docs/**"]), release=release("a"))
    image = {"registry": "oci", "image": "r/a", "tags": ["latest"]}
    oci = product("a", release=release("a", targets=[image]))
    assert (bare.docs, bare.release) == (None, None)
    assert whole.docs is not None
    assert whole.docs.inputs == ("docs/**",)
    assert whole.release is not None
    assert whole.release.targets[0].files == ("sdist", "wheel")
    assert oci.release is not None
    assert oci.release.targets[0].package == "r/a"
    assert product("a").generation == bare.generation != whole.generation
    assert Product.of(document("a"), file="elsewhere.yaml").generation == bare.generation


def test_observed_tells_unknown_from_absent() -> None:
    """A source that answered nothing saw nothing; one that failed or was not asked is blind."""
    seen = Observed(ProductName("a"), NOON).plus(Observation(ProductName("a"), "github", (HEAD,)))
    failed = seen.plus(Observation(ProductName("a"), "pypi", unknown="refused"))
    assert (seen.one(Head), seen.of(Head)) == (HEAD, (HEAD,))
    assert (failed.blind("github"), failed.blind("pypi"), failed.blind("docs")) == (False, True, True)
    assert failed.unknown == {"pypi": "refused"}


def fleet(*names: str, invalid: Mapping[str, str] | None = None) -> Fleet:
    """Return a fleet of bare products."""
    products = tuple(product(name) for name in names)
    bad = dict(invalid or {})
    complaints = tuple(Complaint(file, 1, 1, "bad", product=name) for name, file in bad.items())
    general = (Complaint("fleet/fleet.yaml", 1, 1, "bad"),)
    return Fleet("/f", products, complaints + general, Limits(), "sha256:0", None, bad)


@pytest.mark.parametrize(
    ("selection", "names", "invalid", "strangers"),
    [
        pytest.param(Selection(), ["a", "b"], ["bad"], [], id="everything"),
        pytest.param(Selection(names=frozenset({"a", "x"})), ["a"], [], ["x"], id="by name"),
        pytest.param(Selection(exclude=frozenset({"bad"})), ["a", "b"], [], [], id="all but the invalid"),
        pytest.param(Selection(labels={"tier": "1"}), [], ["bad"], [], id="labels never hide the invalid"),
    ],
)
def test_selection(selection: Selection, names: list[str], invalid: list[str], strangers: list[str]) -> None:
    """A selection names products; one that cannot be read is hidden only by name."""
    whole = fleet("a", "b", invalid={"bad": "fleet/products/bad.yaml"})
    assert [one.name for one in selection.of(whole)] == names
    assert list(selection.invalid(whole)) == invalid
    assert list(selection.strangers(whole)) == strangers
    assert len(selection.complaints(whole)) == 1 + len(invalid)


def test_selection_of_pillars() -> None:
    """No pillar named means every pillar."""
    assert Selection().wants("docs")
    assert Selection(pillars=frozenset({"docs"})).wants("docs")
    assert not Selection(pillars=frozenset({"docs"})).wants("publish")


def plan(*actions: str, generation: str = "g1", held: str | None = None) -> FleetPlan:
    """Return the plan of product a, whose actions are told apart by what they desire."""
    made = [action("a", desired=desired).hold(held) for desired in actions]
    status = ProductStatus.DRIFTED if actions else ProductStatus.IN_SYNC
    drifts = [drift("a")] if actions else []
    one = Plan.of(ProductName("a"), generation, status, drifts, made, {})
    return FleetPlan(None, "sha256:0", (one,), ())


def test_plan_sorts_and_drops_doubles() -> None:
    """The same actions in any order are the same plan; doubles count once."""
    one, two = plan("x", "y", "x"), plan("y", "x")
    assert one == two
    assert one.digest == two.digest
    assert [a.id for a in one.plans[0].actions] == sorted(a.id for a in one.plans[0].actions)


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda text: text.replace('"because": "stale"', '"because": "stole"'), id="one word"),
        pytest.param(lambda text: text[: len(text) // 2], id="cut off"),
        pytest.param(lambda _: "[]", id="another document"),
        pytest.param(lambda _: '{"digest": "sha256:0", "products": []}', id="no schema"),
        pytest.param(lambda _: "\x00", id="not JSON"),
        pytest.param(lambda _: "[" * 100_000, id="too deep"),
    ],
)
def test_an_altered_plan_is_refused(alter: object) -> None:
    """A saved plan must be the very bytes' meaning that was reviewed."""
    assert callable(alter)
    with pytest.raises(Terminal, match=r"not a saved plan|altered"):
        SavedPlan.read(alter(json.dumps(plan("x").data())), expected=None)


@pytest.mark.parametrize(
    "product",
    [
        pytest.param({"name": "a"}, id="a product without anything"),
        pytest.param({"name": "a", "generation": 1, "actions": []}, id="a number as generation"),
        pytest.param(
            {"name": "a", "generation": "g", "drift": [], "unknown": {}, "actions": [{"id": "x"}]},
            id="an action that is not whole",
        ),
        pytest.param("abc", id="a product that is a text"),
    ],
)
def test_a_forged_plan_is_refused(product: object) -> None:
    """Anybody can compute a digest: a document of another shape under the right one is no plan either."""
    data = {"schema": "ship/plan/v1", "products": [product]}
    text = json.dumps({**data, "digest": f"sha256:{digest(data)}"})
    with pytest.raises(Terminal, match="not a saved plan"):
        SavedPlan.read(text, expected=None)


def test_a_saved_plan_is_held_against_the_reviewed_digest() -> None:
    """Another digest than the reviewed one is refused."""
    text = json.dumps(plan("x").data())
    digest = plan("x").digest
    assert SavedPlan.read(text, expected=digest).digest == digest
    assert SavedPlan.read(text, expected=digest.removeprefix("sha256:")).digest == digest
    with pytest.raises(Terminal, match="not the reviewed sha256:1"):
        SavedPlan.read(text, expected="sha256:1")


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        pytest.param(plan("x"), None, id="nothing changed"),
        pytest.param(plan("x", generation="g2"), "its declaration changed", id="new declaration"),
        pytest.param(plan("y"), "the world changed", id="new observation"),
        pytest.param(plan(), "the world changed", id="somebody did it already"),
        pytest.param(plan("x", held="frozen"), "held now: frozen", id="held since"),
        pytest.param(FleetPlan(None, "", (), ()), "no longer declared", id="product is gone"),
    ],
)
def test_a_stale_product_is_refused(now: FleetPlan, reason: str | None) -> None:
    """Only products whose plan is still the same are applied."""
    saved = SavedPlan.read(json.dumps(plan("x").data()), expected=None)
    refused = saved.refused(now)
    assert (reason in refused["a"]) if reason else not refused
    assert saved.allowed(now) == (frozenset() if reason else {plan("x").plans[0].actions[0].id})


def test_report_tells_what_is_left() -> None:
    """Partial and drifted follow from the last plan and the last try of each action."""
    failed = Performed(action("a"), Outcome(Result.FAILED, "broke"))
    done = Performed(action("a"), Outcome(Result.DONE, "done"))
    clean = Report("r", plan(), plan())
    assert (clean.partial(), clean.drifted()) == (False, False)
    assert Report("r", plan("x"), plan("x")).drifted()
    assert Report("r", plan(), plan(), (failed,)).partial()
    assert not Report("r", plan(), plan(), (failed, done)).partial()
    assert clean.data()["schema"] == "ship/report/v1"
    assert Report("r", plan(), plan(), (done,)).data()["deeds"][0]["result"] == "done"


def test_a_secret_cannot_be_formatted() -> None:
    """Every way of printing gives stars; pickling is refused."""
    secret = Secret("value-under-test")
    assert [repr(secret), str(secret), f"{secret:>5}"] == ["Secret(***)", "***", "***"]
    assert secret.reveal() == "value-under-test"
    with pytest.raises(TypeError, match="cannot be serialised"):
        pickle.dumps(secret)
