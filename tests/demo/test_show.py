"""The demo judges itself: whatever comes out otherwise than it should is told, and ends it."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from reconciler.demo import checks, registry_control, repos, seeds, world
from reconciler.demo.show import Said, Show
from reconciler.model.errors import Terminal
from tests.world import demos

FILE, LINE, COLUMN = checks.typo()
GOOD: dict[str, Any] = {
    "products": [
        {"name": name, "drift": [{"field": field}], "unknown": {}, "actions": []}
        for name, field in sorted(checks.DRIFT)
    ],
    "errors": [{"file": FILE, "line": LINE, "column": COLUMN}],
}
BLIND = {"name": "kiwi-config", "drift": [], "unknown": {"pypi": "connection refused"}, "actions": []}
EAGER = {"name": "kiwi-config", "drift": [{"field": "docs.inputs"}], "unknown": {}, "actions": []}


@pytest.mark.parametrize(
    ("data", "complaints"),
    [
        pytest.param(GOOD, [], id="as-it-should-be"),
        pytest.param(
            {**GOOD, "products": GOOD["products"][1:]},
            ["the plan does not show that banana-split departs in docs.inputs"],
            id="drift-not-seen",
        ),
        pytest.param(
            {**GOOD, "products": [*GOOD["products"], EAGER]},
            ["the plan shows a departure that is none: kiwi-config in docs.inputs"],
            id="drift-invented",
        ),
        pytest.param(
            {**GOOD, "products": [*GOOD["products"], BLIND]},
            ["pypi could not see kiwi-config: connection refused"],
            id="blind",
        ),
        pytest.param(
            {**GOOD, "errors": []},
            [f"the typo is complained about at [], it is at {checks.typo()}"],
            id="typo-not-found",
        ),
    ],
)
def test_a_wrong_plan_is_told(data: dict[str, Any], complaints: list[str]) -> None:
    """Each departure from the expected plan is one line."""
    assert list(checks.plan(data)) == complaints


def test_the_typo_has_a_place() -> None:
    """File, line and column point at the key with the typo."""
    assert FILE == "fleet/products/mango-math.yaml"
    assert (LINE, COLUMN) == (9, 5)


def test_a_plan_that_wants_more_is_told() -> None:
    """A held action is no wish; any other is."""
    held = {"kind": "docs.build", "held": "suspended"}
    free = {"kind": "docs.build", "held": None}
    data = {"products": [{"name": "a", "actions": [held]}, {"name": "b", "actions": [free]}]}
    assert list(checks.emptied(data)) == ["the plan is not empty: b wants docs.build"]


@pytest.mark.real
def test_a_world_that_did_not_converge_is_told(tmp_path: Path) -> None:
    """Without uploads, registry files and sites every witness complains, also about changed bytes."""
    lost = demos.world(tmp_path)
    registry_control.settle(lost.registry, "ship", "open sesame")
    for seed in seeds.SEEDS:
        repos.plant(
            lost.tools.git, lost.repo(seed), repos.Commit("Add", seeds.files(seed, "1.0.0"), "v1.0.0")
        )
    before = checks.look(lost)
    assert before == checks.Seen({}, {}, {}, {})
    (lost.registry / "packages" / world.sdist(seeds.KIWI, "1.0.0")).write_bytes(b"changed on the way")
    registry_control.start(lost.registry, lost.tools)
    try:
        told = "\n".join(checks.converged(lost, before))
    finally:
        registry_control.stop(lost.registry)
    assert "uploaded was {}" in told
    assert "the registry holds ['kiwi_config-1.0.0.tar.gz']" in told
    assert "kiwi_config-1.0.0.tar.gz: what the registry hands out is not what was sent to it" in told
    assert "new commits on the docs branches: {}" in told
    assert "the published site of banana-split does not have the new page" in told


def show(tmp_path: Path, said: Said, notes: list[str], data: list[str]) -> Show:
    """Return a demo whose `reconcile` always says the same."""

    def reconcile(_words: Sequence[str]) -> Said:
        return said

    return Show(demos.world(tmp_path), reconcile, notes.append, data.append, time.sleep)


def test_another_exit_code_ends_the_demo(tmp_path: Path) -> None:
    """What `reconcile` printed is shown, so that one sees why."""
    data: list[str] = []
    demo = show(tmp_path, Said(1, "no luck today"), [], data)
    with pytest.raises(Terminal, match=r"reconcile --plan: exit code 1, expected was 3"):
        demo.expect(["--plan"], code=3)
    assert data == ["no luck today"]


def test_complaints_end_the_demo(tmp_path: Path) -> None:
    """All of them stand in the error; none is no error."""
    demo = show(tmp_path, Said(0, json.dumps({"a": 1})), [], [])
    assert demo.seen([], code=0) == {"a": 1}
    demo.judge([])
    with pytest.raises(Terminal, match="the demo did not come out as it should: one; two"):
        demo.judge(["one", "two"])


def test_the_last_words_can_be_pasted(tmp_path: Path) -> None:
    """A folder with a space in its name is quoted in the commands that are offered."""
    notes: list[str] = []
    show(tmp_path / "my demo", Said(0, ""), notes, []).leave()
    assert f"ship demo '{tmp_path}/my demo' --registry start" in notes[-1]
    assert any(f"cd '{tmp_path}/my demo'," in note for note in notes)


@pytest.mark.real
def test_the_end_says_how_to_go_on(tmp_path: Path) -> None:
    """The registry's state and the command that changes it are the last words."""
    notes: list[str] = []
    demo = show(tmp_path, Said(0, ""), notes, [])
    registry_control.settle(demo.world.registry, "ship", "open sesame")
    demo.leave()
    assert notes[-1] == f"The package registry is stopped; start it: ship demo {tmp_path} --registry start"
    registry_control.start(demo.world.registry, demo.world.tools)
    try:
        demo.leave()
    finally:
        registry_control.stop(demo.world.registry)
    assert notes[-1] == f"Stop it now: ship demo {tmp_path} --registry stop"
