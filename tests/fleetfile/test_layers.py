"""Defaults by layer, what is enforced, and where each value comes from."""

from pathlib import Path

import pytest

from reconciler import fleetfile
from reconciler.fleetfile.layers import chosen, lay, weakened
from reconciler.fleetfile.origins import origins
from reconciler.model.fleet import Brake, Fleet, Window
from tests.world import fleets

PRODUCT = """\
apiVersion: ship/v1
kind: Product
metadata:
  name: a
  labels: {site: mkdocs}
spec:
  repo: github:acme/a
"""


def _fleet(root: Path, extra: str = "", fleet: str = fleets.FLEET) -> Fleet:
    fleets.write(root, {"fleet/products/a.yaml": PRODUCT + extra, "fleet/fleet.yaml": fleet})
    return fleetfile.load(root)


def test_layers_are_laid_in_order(tmp_path: Path) -> None:
    """Common defaults, then those of the labels, then the product; lists are replaced whole."""
    (product,) = _fleet(tmp_path, "  docs:\n    inputs: [c]\n").products
    assert product.docs is not None
    assert (product.docs.branch, product.docs.inputs) == ("pages", ("c",))
    assert product.document["spec"]["security"]["failOn"] == "high"


def test_a_layer_of_other_labels_is_not_laid(tmp_path: Path) -> None:
    """A product without the label does not get its defaults."""
    fleets.write(tmp_path, {"fleet/products/b.yaml": fleets.small("b"), "fleet/fleet.yaml": fleets.FLEET})
    (product,) = fleetfile.load(tmp_path).products
    assert product.docs is None


def test_null_takes_a_default_away(tmp_path: Path) -> None:
    """`docs: null` declares no documentation."""
    (product,) = _fleet(tmp_path, "  docs: null\n").products
    assert product.docs is None


def test_limits_of_the_fleet(tmp_path: Path) -> None:
    """Brake, budgets and windows arrive as values."""
    limits = _fleet(tmp_path).limits
    assert limits.brake == Brake(0.5, 4, 7)
    assert (limits.actions_per_run, limits.attempts) == (9, 2)
    assert limits.windows == (
        Window("weekend", None, None, ("sat", "sun"), "18:00", "06:00", "Europe/Berlin"),
    )


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("spec", "fleet/products/a.yaml:6"),
        ("spec.repo", "fleet/products/a.yaml:7"),
        ("spec.docs", "fleet/products/a.yaml:8"),
        ("spec.docs.inputs", "fleet/products/a.yaml:9"),
        ("spec.docs.inputs.0", "fleet/products/a.yaml:10"),
        ("spec.docs.branch", "fleet/fleet.yaml:10"),
        ("spec.docs.url", "fleet/products/a.yaml:8"),
        ("spec.security.failOn", "fleet/fleet.yaml:7"),
        ("spec.release.version", "fleet/products/a.yaml:6"),
        ("nothing", "fleet/products/a.yaml:1"),
    ],
)
def test_locate(tmp_path: Path, path: str, line: str) -> None:
    """A value is located in the uppermost layer that writes it, or at the nearest block around it."""
    fleet = _fleet(tmp_path, "  docs:\n    inputs:\n      - c\n")
    assert fleetfile.locate(fleet, "a", path) == line


def test_locate_what_cannot_be_read(tmp_path: Path) -> None:
    """An invalid product is located by its file, an unknown one by the folder."""
    fleet = _fleet(tmp_path)
    fleets.write(tmp_path, {"fleet/products/b.yaml": "a: 1\n"})
    assert fleetfile.locate(fleetfile.load(tmp_path), "b", "spec") == "fleet/products/b.yaml"
    assert fleetfile.locate(fleet, "c", "spec") == "fleet"
    (tmp_path / "fleet/products/a.yaml").unlink()
    assert fleetfile.locate(fleet, "a", "spec.repo") == "fleet/products/a.yaml:1"
    (tmp_path / "fleet/products/a.yaml").mkdir()
    assert fleetfile.locate(fleet, "a", "spec.repo") == "fleet/products/a.yaml:1"


def test_a_list_belongs_to_one_layer(tmp_path: Path) -> None:
    """What a product's list leaves out is built in, not taken from the list below."""
    layer = "        release: {targets: [{registry: pypi, package: z, files: [wheel]}]}\n"
    fleet = _fleet(
        tmp_path,
        "  release:\n    targets:\n      - {registry: pypi, package: a}\n",
        fleets.FLEET.replace("    - match", layer + "    - match"),
    )
    (product,) = fleet.products
    found = origins(fleet, product)
    assert found["spec", "release", "targets", 0, "files", 1] == "built in"
    assert found["spec", "release", "targets", 0, "package"] == "fleet/products/a.yaml:10"


@pytest.mark.parametrize(
    ("key", "stands", "now", "weaker"),
    [
        ("security.failOn", "high", "critical", True),
        ("security.failOn", "high", "medium", False),
        ("ci.heal.mode", "suggest", "pr", True),
        ("ci.heal.mode", "suggest", "off", False),
        ("policy.allow", ["observe", "docs"], ["observe"], False),
        ("policy.allow", ["observe"], ["observe", "publish"], True),
        ("release.requires", ["ci"], ["ci", "scans"], False),
        ("release.requires", ["ci"], [], True),
        ("security.waivers", [], [{"id": "x"}], True),
        ("suspend", False, True, False),
        ("suspend", True, False, True),
        ("branch", "main", "other", True),
        ("branch", "main", "main", False),
        ("docs", {"branch": "a", "url": "x"}, {"branch": "a"}, True),
        ("docs", {"branch": "a"}, None, True),
        ("security.failOn", "high", None, True),
    ],
)
def test_what_is_weaker(key: str, stands: object, now: object, weaker: bool) -> None:
    """Stricter is allowed, weaker is not, and what has no order must stay."""

    def nested(value: object) -> dict[str, object]:
        for step in reversed(key.split(".")):
            value = {step: value}
        assert isinstance(value, dict)
        return value

    assert bool(list(weakened(nested(stands), nested(now), [key]))) is weaker


def test_what_is_not_declared_cannot_be_weakened() -> None:
    """An enforced key that no layer writes holds nobody."""
    assert list(weakened({}, {"branch": "x"}, ["branch"])) == []


def test_a_product_may_not_weaken(tmp_path: Path) -> None:
    """The complaint points at the product's line and says what stands."""
    fleet = _fleet(tmp_path, "  security:\n    failOn: critical\n")
    assert [str(complaint) for complaint in fleet.complaints] == [
        (
            "fleet/products/a.yaml:9:13: `security.failOn` is enforced by fleet/fleet.yaml: "
            "it may not be weakened"
        )
    ]
    assert fleet.complaints[0].hint == 'there it is "high"'


def test_a_later_layer_may_not_weaken(tmp_path: Path) -> None:
    """A layer of the Fleet itself is held to it too."""
    text = fleets.FLEET.replace("docs: {branch", "security: {failOn: critical}\n        docs: {branch")
    fleet = _fleet(tmp_path, "", text)
    assert [str(complaint) for complaint in fleet.complaints] == [
        "fleet/fleet.yaml:10:28: `security.failOn` is enforced and may not be weakened later",
        "fleet/products/a.yaml:1:1: cannot be merged: fleet/fleet.yaml:10:28 is broken",
    ]


def test_layers_that_no_product_can_share(tmp_path: Path) -> None:
    """Layers whose labels exclude each other may differ."""
    strict = "    - {match: {site: none}, spec: {security: {failOn: low}}}\n"
    assert _fleet(tmp_path, "", fleets.FLEET.replace("    - match", strict + "    - match")).complaints == ()


@pytest.mark.parametrize(("labels", "indices"), [({}, [0]), ({"x": "1"}, [0, 1]), ({"x": "2"}, [0])])
def test_chosen(labels: dict[str, str], indices: list[int]) -> None:
    """A layer without `match` applies to all."""
    assert chosen([{"match": {}}, {"match": {"x": "1"}}], labels) == indices


def test_lay() -> None:
    """Mappings merge, everything else replaces."""
    assert lay({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"c": [2]}, "d": None}) == {
        "a": {"b": 1, "c": [2]},
        "d": None,
    }
