"""What is shown of plans, where the golden files do not reach."""

from reconciler.model.fleet import Complaint
from reconciler.model.plan import FleetPlan, Plan, ProductStatus
from reconciler.model.product import ProductName
from reconciler.model.record import Outcome, Result
from reconciler.model.report import Performed, Report
from reconciler.render import plan as plans
from reconciler.render import report as reports
from tests.world.products import action, drift


def many(count: int, text: str = "stale") -> FleetPlan:
    """Return a plan in which so many products drift."""
    made = [
        Plan.of(
            ProductName(f"product-{number:04d}"),
            "g1",
            ProductStatus.DRIFTED,
            [drift(f"product-{number:04d}", observed=text)],
            [action(f"product-{number:04d}", because=text)],
            {},
        )
        for number in range(count)
    ]
    return FleetPlan(None, "sha256:0", tuple(made), ())


def test_colours_only_where_asked() -> None:
    """The same text, with and without colours."""
    plain, painted = plans.as_text(many(1)), plans.as_text(many(1), color=True)
    assert "\x1b[" not in plain
    assert "\x1b[33mDrifted\x1b[0m" in painted


def test_markdown_stays_within_githubs_limit() -> None:
    """Details go first, then the table is cut; the summary always stays."""
    folded = plans.as_markdown(many(3))
    without = plans.as_markdown(many(300, "x" * 400))
    cut = plans.as_markdown(many(2000))
    assert "<details>" in folded
    assert ("<details>" in without, "300 actions" in without) == (False, True)
    assert cut.startswith("### Plan: 2000 actions")
    assert cut.endswith("… cut: the whole plan is in `--output json`.")
    assert max(len(text) for text in (folded, without, cut)) <= plans.MARKDOWN_LIMIT


def test_a_complaint_about_no_product_is_shown_once() -> None:
    """What is wrong with fleet.yaml stands by itself."""
    wrong = Complaint("fleet/fleet.yaml", 2, 3, "unknown key `spce`", "did you mean `spec`?", "  spce: 1")
    text = plans.as_text(FleetPlan(None, "sha256:0", (), (wrong,)))
    assert text.count("fleet/fleet.yaml:2:3: unknown key `spce`") == 1


def test_a_report_lists_deeds_refusals_and_why_it_stopped() -> None:
    """Deeds first, then what was refused, then the plan that is left."""
    done = Performed(action("a"), Outcome(Result.DONE, "built"))
    report = Report("r", many(1), many(1), (done,), {"b": "stale: the world changed"}, "asked to stop")
    text = reports.as_text(report)
    assert text.splitlines()[:2] == ["✓ a docs.build: done: built", "refused b: stale: the world changed"]
    assert text.endswith("stopped: asked to stop")
    assert reports.as_markdown(report).startswith("- **done** `a` `docs.build`: built")
