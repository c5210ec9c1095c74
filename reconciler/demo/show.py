"""The demo itself: plan, apply, plan again; and it judges itself against the outside witnesses."""

import json
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from reconciler.demo import checks, registry_control, seeds, texts, world
from reconciler.demo.world import World
from reconciler.model.errors import Terminal


@dataclass(frozen=True, slots=True)
class Said:
    """What one run of `reconcile` printed, and its exit code."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Show:
    """One demo: the world, `reconcile` with arguments, and where words and data go."""

    world: World
    reconcile: Callable[[Sequence[str]], Said]
    note: Callable[[str], None]
    """One line for people."""
    print: Callable[[str], None]
    """Data."""
    sleep: Callable[[float], None]
    """Waits for seconds."""

    def build(self) -> None:
        """Build the world and let its past happen. Raises Terminal."""
        self.note(f"Building a small world in {self.world.root} (its past is published for real)")
        world.build(self.world, self.happen)
        self.note("")
        for name, wrong in texts.WRONG.items():
            self.note(f"  {name:<14} {wrong}")

    def happen(self) -> None:
        """Let the past happen: everything that is declared so far is published."""
        self.expect([], code=0)
        self.sleep(texts.SETTLE_S)  # a file that is lost at once would only look late

    def play(self) -> None:
        """Plan, apply, plan again. Raises Terminal when something comes out otherwise than it should."""
        mango = ["--exclude", seeds.MANGO.name]
        detailed = ["--plan", "--detailed-exitcode"]
        before = checks.look(self.world)

        self.heading("reconcile --plan --detailed-exitcode", "what departs; nothing is written")
        self.print(self.expect(detailed, code=3).text)
        self.note("exit code 3: partial, because mango-math cannot be planned; the others can")
        self.judge(checks.plan(self.seen(detailed, code=3)))

        self.heading("reconcile", "close what can be closed")
        self.print(self.expect([], code=3).text)
        self.note("exit code 3: mango-math is still invalid; the others are as declared")
        self.judge(checks.converged(self.world, before))

        self.heading("reconcile --plan --detailed-exitcode --exclude mango-math", "nothing is left to do")
        self.print(self.expect([*detailed, *mango], code=0).text)
        self.note("exit code 0: nothing to do (papaya-parse is suspended: shown, not acted on)")
        self.judge(checks.emptied(self.seen([*detailed, *mango], code=0)))

    def leave(self) -> None:
        """Say what runs, and how to go on."""
        root, process = shlex.quote(str(self.world.root)), registry_control.running(self.world.registry)
        self.heading("yours to play with", f"cd {root}, then read README.md")
        if process is None:
            self.note(f"The package registry is stopped; start it: ship demo {root} --registry start")
            return
        address = registry_control.address(self.world.registry)
        self.note(f"The package registry runs at {address} (process {process}).")
        self.note("It ends by itself after two hours without a request.")
        self.note(f"Stop it now: ship demo {root} --registry stop")

    def seen(self, arguments: Sequence[str], *, code: int) -> dict[str, object]:
        """Return a plan as data."""
        data: dict[str, object] = json.loads(self.expect([*arguments, "--output", "json"], code=code).text)
        return data

    def expect(self, arguments: Sequence[str], *, code: int) -> Said:
        """Run `reconcile`. Raises Terminal when it ends with another exit code."""
        said = self.reconcile(arguments)
        if said.code != code:
            self.print(said.text)
            msg = f"reconcile {' '.join(arguments)}: exit code {said.code}, expected was {code}"
            raise Terminal(msg)
        return said

    def judge(self, complaints: Iterable[str]) -> None:
        """Raise Terminal when there are complaints."""
        if found := list(complaints):
            msg = "the demo did not come out as it should: " + "; ".join(found)
            raise Terminal(msg)

    def heading(self, command: str, meaning: str) -> None:
        """Write a heading for people."""
        self.note(f"\n── {command} ── {meaning}\n")
