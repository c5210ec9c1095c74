"""One invocation of reconcile: opens the house, runs one mode, prints, returns the exit code."""

import argparse
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from reconciler import wiring
from reconciler.cli.common import DONE, DRIFT, ERROR, PARTIAL, Console
from reconciler.cli.names import closest
from reconciler.look import Looker
from reconciler.loop import Orders, Reconciler
from reconciler.model.errors import LeaseLost, ShipError, Terminal
from reconciler.model.fleet import Fleet
from reconciler.model.plan import FleetPlan
from reconciler.model.report import Report
from reconciler.model.saved import SavedPlan
from reconciler.model.selection import Selection
from reconciler.ports import Stop
from reconciler.render import plan as plans
from reconciler.render import report as reports

LARGEST_PLAN = 64 * 1024 * 1024
"""Characters; a fleet of 500 products with all to do takes one."""


@dataclass(slots=True)
class Invocation:
    """What was asked for."""

    arguments: argparse.Namespace
    console: Console
    root: Path
    stop: Stop
    shown: str = ""
    """Digest of the plan that a watch printed last: what did not change is not told again."""

    def run(self) -> int:
        """Run the mode asked for. Raises ShipError."""
        asked = self.arguments
        if asked.plan:
            return self._plan()
        return self._watch() if asked.watch else self._reconcile()

    def _plan(self) -> int:
        with wiring.open_to_look(self.root, self.console.note) as house:
            self.console.clean = house.clean
            fleet = self._fleet(house)
            looker = Looker(
                house.parts(fleet),
                fleet,
                self._selection(),
                force=self.arguments.force,
                retry=self.arguments.retry,
            )
            plan = looker.look().plan
        if self.arguments.out is not None:
            _write(self.arguments.out, house.clean(plans.as_json(plan.data())))
        self.console.print(self._form(plan))
        return self._code(Report("", plan, plan))

    def _form(self, plan: FleetPlan) -> str:
        if self.console.output == "json":
            return plans.as_json(plan.data())
        if self.console.output == "markdown":
            return plans.as_markdown(plan)
        return plans.as_text(plan, color=self.console.color)

    def _reconcile(self) -> int:
        saved = self._saved()
        self.stop.listen()
        with self._house() as house:
            self.console.clean = house.clean
            with house.running():
                report = self._once(house, saved)
        self._print(report)
        if saved is not None and report.refused:
            self._explain_refusals(saved, report)
        return self._code(report)

    def _watch(self) -> int:
        self.stop.listen()
        code = DONE
        with self._house() as house:
            self.console.clean = house.clean
            with house.running():
                while not self.stop():
                    code = self._pass(house)
                    house.rest(self.arguments.interval, self.stop)
        return code

    def _pass(self, house: wiring.House) -> int:
        """Reconcile once; what stops one pass, such as an empty fleet, does not end the watch."""
        try:
            report = self._once(house, None)
        except LeaseLost:
            raise
        except ShipError as error:
            self.console.note(f"error: {error}")
            return ERROR
        digest = report.last.digest
        if report.performed or self.console.output == "json" or digest != self.shown:
            self._print(report)
        self.shown = digest
        self.console.note(plans.totals(report.last))
        return self._code(report)

    def _once(self, house: wiring.House, saved: SavedPlan | None) -> Report:
        fleet = self._fleet(house)
        orders = Orders(
            max_passes=self.arguments.max_passes,
            deadline=house.clock.now() + self.arguments.timeout,
            stop=self.stop,
            force=self.arguments.force,
            retry=self.arguments.retry,
            saved=saved,
        )
        parts = house.parts(fleet)
        return Reconciler(parts, fleet, self._selection(), house.run, orders).reconcile()

    def _house(self) -> AbstractContextManager[wiring.House]:
        wait = self.arguments.lock_timeout
        return wiring.open_to_act(self.root, self.console.note, wait=wait, stop=self.stop)

    def _fleet(self, house: wiring.House) -> Fleet:
        fleet = house.fleet()
        if not fleet.products and not fleet.complaints:
            msg = f"no products: {self.root / 'fleet' / 'products'} holds none (ship init starts a fleet)"
            raise Terminal(msg)
        strangers = self._selection().strangers(fleet)
        if strangers:
            known = [*(str(product.name) for product in fleet.products), *fleet.invalid]
            raise Terminal(_unknown(strangers[0], known))
        return fleet

    def _selection(self) -> Selection:
        asked = self.arguments
        return Selection(
            names=frozenset(asked.names),
            exclude=frozenset(asked.exclude),
            labels=dict(asked.label),
            pillars=frozenset(asked.pillar),
        )

    def _saved(self) -> SavedPlan | None:
        path: Path | None = self.arguments.apply
        if path is None:
            return None
        try:
            with path.open(encoding="utf-8") as file:
                text = file.read(LARGEST_PLAN + 1)
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}"
            raise Terminal(msg) from error
        if len(text) > LARGEST_PLAN:
            msg = f"{path}: is longer than any plan ({LARGEST_PLAN} characters)"
            raise Terminal(msg)
        return SavedPlan.read(text, expected=self.arguments.digest)

    def _print(self, report: Report) -> None:
        if self.console.output == "json":
            self.console.print(plans.as_json(report.data()))
        elif self.console.output == "markdown":
            self.console.print(reports.as_markdown(report))
        else:
            self.console.print(reports.as_text(report, color=self.console.color))

    def _explain_refusals(self, saved: SavedPlan, report: Report) -> None:
        now = {str(one.product): one.data() for one in report.first.plans}
        for name in report.refused or ():
            for line in reports.differences(saved.products[name], now.get(name, {})):
                self.console.note(f"{name}: {line}")

    def _code(self, report: Report) -> int:
        if _nothing(report.last) or (report.refused and not report.performed and self._all(report)):
            return ERROR
        if report.partial():
            return PARTIAL
        if self.arguments.detailed_exitcode and report.drifted():
            return DRIFT
        return DONE

    def _all(self, report: Report) -> bool:
        """Say whether a saved plan was refused whole."""
        free = [a for one in report.first.plans for a in one.actions if not a.held]
        return all(str(action.product) in (report.refused or {}) for action in free)


def _nothing(plan: FleetPlan) -> bool:
    """Say whether not one product could be planned."""
    return not plan.plans and bool(plan.complaints)


def _unknown(name: str, known: Sequence[str]) -> str:
    close = closest(name, known)
    hint = f"; did you mean {close!r}?" if close else ""
    return f"no product is called {name!r}{hint}"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}"
        raise Terminal(msg) from error
