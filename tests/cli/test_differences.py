"""What a refused plan is told: where the world of now departs from the reviewed plan, in words."""

from typing import Any

from reconciler.render.report import differences


def test_differences_are_told_by_name() -> None:
    """Fields and kinds have names, values are short, and what came or went is said."""
    before: dict[str, Any] = {
        "status": "Drifted",
        "generation": "g1",
        "drift": [
            {"field": "docs.inputs", "observed": None},
            {"field": "release.pypi", "observed": "1.0.0 is not published"},
        ],
        "actions": [{"kind": "docs.build", "held": None, "params": {"commit": "a" * 40}}],
        "unknown": {},
    }
    after: dict[str, Any] = {
        **before,
        "drift": [{"field": "docs.inputs", "observed": "b" * 64}],
        "actions": [{"kind": "docs.build", "held": None, "params": {"commit": "c" * 40}}],
        "unknown": {"pypi": "timed out"},
    }
    assert list(differences(before, after)) == [
        "action docs.build commit: aaaaaaaaaaaa, now cccccccccccc",
        "drift docs.inputs observed: nothing, now bbbbbbbbbbbb",
        "drift release.pypi: gone",
        "unknown pypi: new",
    ]


def test_differences_of_a_product_that_is_gone() -> None:
    """A product that is not planned any more has nothing to compare with but its status."""
    assert "status: InSync, now nothing" in differences({"status": "InSync"}, {})
