"""Mistakes in fleet.yaml and in rollouts, and products that claim the same thing."""

import gc
from pathlib import Path

import pytest

from reconciler import fleetfile
from reconciler.model.document_base import seconds
from tests.world import fleets


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("  brake:", "  brakes:", "12:3", "unknown key `brakes`"),
        ("share: 0.5", "share: 1.5", "12:18", "must be less than or equal to 1"),
        ("share: 0.5", "share: .nan", "12:18", "must be"),
        ("kind: Fleet", "kind: Product", "2:7", '"Product" is not Fleet'),
        ("failOn: high", "failOn: hihg", "7:28", "is not one of"),
        ("failOn: high", "fail_on: high", "7:20", "unknown key `fail_on`"),
        ("- spec:", "- spec: {repo: 'local:x'}\n    - spec:", "6:14", "unknown key `repo`"),
        ("[security.failOn]", "[docs.adopt]", "11:14", "`docs.adopt` is declared by no defaults"),
        ("[security.failOn]", "['security failOn']", "11:14", "is not a key of a product's spec"),
        ("days: [sat, sun]", "days: [son]", "16:32", '"son" is not one of'),
        ('from: "18:00"', 'from: "25:00"', "16:49", "is not a time of day"),
        ("Europe/Berlin", "Mars/Base", "16:81", "is not a known time zone"),
        ("days: [sat, sun]", 'start: "2027-01-01T00:00:00Z"', "16:9", "declare either"),
        ('weekend, days: [sat, sun], from: "18:00", to: "06:00"', "w", "16:9", "declare either"),
        (
            'days: [sat, sun], from: "18:00", to: "06:00"',
            'start: "2027-01-02T00:00Z", end: "2027-01-01T00:00Z"',
            "16:58",
            "ends before it starts",
        ),
        (
            'days: [sat, sun], from: "18:00", to: "06:00"',
            'start: "2027-02-30T00:00Z"',
            "16:32",
            "day is out of range",
        ),
        ("  ladders:", "      - {name: weekend, days: [mon]}\n  ladders:", "17:16", "the name is taken"),
        ("{size: 3}", "{size: 1}", "18:41", "larger than the one before"),
        ("{size: 3}", "{size: 0}", "18:41", "must be greater than or equal to 1"),
        ("{size: 3}", "{size: 101%}", "18:41", "is not the size of a rung"),
        ("{size: 3}", "{size: []}", "18:41", "must be a whole number"),
        ("{size: 3}", "{size: fleet}", "18:56", "larger than the one before"),
        ("careful:", "Careful:", "18:5", "is not a valid name"),
        ("careful:", "1:", "18:5", "is not a text"),
    ],
)
def test_mistakes_in_fleet_yaml(tmp_path: Path, old: str, new: str, place: str, says: str) -> None:
    """One complaint at its place; every product is invalid and says where to look."""
    assert fleets.FLEET.count(old) == 1
    products = {f"fleet/products/{name}.yaml": fleets.small(name) for name in "ab"}
    fleets.write(tmp_path, {**products, "fleet/fleet.yaml": fleets.FLEET.replace(old, new)})
    fleet = fleetfile.load(tmp_path)
    assert fleet.products == ()
    assert list(fleet.invalid) == ["a", "b"]
    first, *others = fleet.complaints
    assert (str(first).split(": ")[0], first.product) == (f"fleet/fleet.yaml:{place}", None)
    assert says in first.message
    assert [str(complaint) for complaint in others] == [
        f"fleet/products/{name}.yaml:1:1: cannot be merged: fleet/fleet.yaml:{place} is broken"
        for name in "ab"
    ]


def test_a_products_own_mistakes_are_told_beside_a_broken_fleet(tmp_path: Path) -> None:
    """All problems of every file in one pass."""
    broken = fleets.small("a").replace("repo", "rpo")
    fleets.write(tmp_path, {"fleet/products/a.yaml": broken, "fleet/fleet.yaml": "a: ["})
    places = [str(complaint).split(": ")[0] for complaint in fleetfile.load(tmp_path).complaints]
    assert places == ["fleet/fleet.yaml:2:1", "fleet/products/a.yaml:4:8"]


def test_no_fleet_at_all(tmp_path: Path) -> None:
    """A folder without fleet/ is one complaint with the way out."""
    (complaint,) = fleetfile.load(tmp_path).complaints
    assert complaint.hint == "start one with `ship init`"


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ("pypi, package: tidy-csv", "pypi, package: Tidy_CSV", "`tidy-csv` in pypi is claimed by b too"),
        ("npm, package: '@acme/x'", "npm, package: '@acme/x'", "`@acme/x` in npm"),
        ("oci, image: registry.example/x", "oci, image: registry.example/x", "`registry.example/x` in oci"),
    ],
)
def test_two_products_with_one_package(tmp_path: Path, first: str, second: str, says: str) -> None:
    """Both are invalid, since nobody knows whose it is; a third one is not touched."""
    texts = {name: fleets.small(name) for name in "abc"}
    for name, target in (("a", first), ("b", second)):
        repo = f"'local:repos/{name}.git'"
        texts[name] = texts[name].replace(repo, f"{repo}, release: {{targets: [{{registry: {target}}}]}}")
    fleets.write(tmp_path, {f"fleet/products/{name}.yaml": text for name, text in texts.items()})
    fleet = fleetfile.load(tmp_path)
    assert [product.name for product in fleet.products] == ["c"]
    assert [(each.file, each.line, each.column) for each in fleet.complaints] == [
        ("fleet/products/a.yaml", 4, 55),
        ("fleet/products/b.yaml", 4, 55),
    ]
    assert says in fleet.complaints[0].message


def test_names_that_only_look_alike(tmp_path: Path) -> None:
    """Two signs in a row raise the alarm, and nothing comes of it; local repositories know case."""
    texts = {
        name: f"apiVersion: ship/v1\nkind: Product\nmetadata: {{name: {name}}}\nspec:\n"
        f"  repo: local:{repo}\n  docs: {{}}\n"
        f"  release: {{targets: [{{registry: pypi, package: {package}}}]}}\n"
        for name, repo, package in (("a", "x.git", "tidy--csv"), ("b", "X.git", "tidy-xml"))
    }
    fleets.write(tmp_path, {f"fleet/products/{name}.yaml": text for name, text in texts.items()})
    assert fleetfile.load(tmp_path).complaints == ()


def test_loading_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    """Who switched garbage collection off finds it off."""
    gc.disable()
    try:
        fleetfile.load(tmp_path)
        assert not gc.isenabled()
    finally:
        gc.enable()
    fleetfile.load(tmp_path)
    assert gc.isenabled()


def test_two_products_with_one_docs_branch(tmp_path: Path) -> None:
    """Two sites on one branch of one repository would overwrite each other; GitHub's names know no case."""
    texts = {
        name: f"{fleets.small(name).splitlines()[0]}\nkind: Product\nmetadata: {{name: {name}}}\n"
        f"spec:\n  repo: github:{owner}/mono\n  docs: {{branch: {branch}}}\n"
        for name, owner, branch in (("a", "acme", "pages"), ("b", "Acme", "pages"), ("c", "acme", "other"))
    }
    fleets.write(tmp_path, {f"fleet/products/{name}.yaml": text for name, text in texts.items()})
    fleet = fleetfile.load(tmp_path)
    assert list(fleet.invalid) == ["a", "b"]
    assert "the docs branch `pages` of github:acme/mono is claimed by b too" in fleet.complaints[0].message


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("name: deps", "name: other", "3:18", "is not the file's name"),
        ("update-deps", "upgrade-deps", "5:18", "is not one of"),
        ("{size: 3, approve: human}", "{size: 1}", "7:29", "larger than the one before"),
        ("size: 10%", "size: ten", "7:56", "is not the size of a rung"),
        ("soak: 30m", "soak: 30", "8:9", "must be a text, is 30"),
        ("soak: 30m", "soak: 30 min", "8:9", "is not a duration"),
        ("  soak: 30m", "  ladder: bold", "8:11", 'no ladder "bold" in fleet.yaml'),
        ("failures: 1", "failure: 1", "10:11", "unknown key `failure`"),
        ("kind: Rollout", "kind: [", "4:1", "did not find expected"),
    ],
)
def test_mistakes_in_rollouts(tmp_path: Path, old: str, new: str, place: str, says: str) -> None:
    """A rollout's mistakes are told at their place and stop no product."""
    assert fleets.ROLLOUT.count(old) == 1
    files = {"fleet/fleet.yaml": fleets.FLEET, "fleet/products/a.yaml": fleets.small("a")}
    fleets.write(tmp_path, {**files, "fleet/rollouts/deps.yaml": fleets.ROLLOUT.replace(old, new)})
    fleet = fleetfile.load(tmp_path)
    assert [product.name for product in fleet.products] == ["a"]
    (complaint,) = fleet.complaints
    assert str(complaint).startswith(f"fleet/rollouts/deps.yaml:{place}: ")
    assert says in complaint.message


def test_a_good_rollout(tmp_path: Path) -> None:
    """A ladder of the fleet is known; with a broken fleet it is not judged."""
    ladder = fleets.ROLLOUT.replace("  soak: 30m", "  ladder: careful")
    fleets.write(tmp_path, {"fleet/fleet.yaml": fleets.FLEET, "fleet/rollouts/deps.yaml": ladder})
    assert fleetfile.load(tmp_path).complaints == ()
    fleets.write(tmp_path, {"fleet/fleet.yaml": "a: ["})
    assert [complaint.file for complaint in fleetfile.load(tmp_path).complaints] == ["fleet/fleet.yaml"]


@pytest.mark.parametrize(("text", "value"), [("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86400)])
def test_seconds(text: str, value: int) -> None:
    """Durations are whole seconds."""
    assert seconds(text) == value
