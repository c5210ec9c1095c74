"""reconcile from its command line, over real bare repositories with real MkDocs."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler import wiring
from reconciler.cli import reconcile, ship
from reconciler.cli.common import DONE, DRIFT, ERROR, PARTIAL, Console
from reconciler.cli.invocation import LARGEST_PLAN, Invocation
from reconciler.model.errors import LeaseLost
from reconciler.model.secret import Secret
from reconciler.ports import silent
from tests.world.bare import Bare

pytestmark = pytest.mark.real
PRODUCT = """\
apiVersion: ship/v1
kind: Product
metadata: {{name: {name}, labels: {{tier: "{tier}"}}}}
spec:
  repo: local:repos/{name}.git
  docs: {{builder: mkdocs}}
"""


@dataclass(slots=True)
class World:
    """A fleet of two products whose docs were never published."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run reconcile; return exit code, stdout, stderr."""
        code = reconcile.main(["--fleet", str(self.root), *words])
        out, err = self.capsys.readouterr()
        return code, out, err

    def declare(self, name: str, tier: str = "1", more: str = "") -> None:
        """Write a product's file."""
        file = self.root / "fleet" / "products" / f"{name}.yaml"
        file.write_text(PRODUCT.format(name=name, tier=tier) + more)

    def bare(self, name: str) -> Bare:
        """Open a product's repository."""
        return Bare(self.root / "repos" / f"{name}.git")

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start reconcile as a process of its own."""
        argv = [sys.executable, "-m", "reconciler.cli.reconcile", "--fleet", str(self.root), *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(argv, text=True, env=dict(os.environ), **pipes)  # type: ignore[call-overload,no-any-return]  # pipes


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> World:
    """Make the two repositories and their declarations."""
    (tmp_path / "fleet" / "products").mkdir(parents=True)
    made = World(tmp_path, capsys)
    for name, tier in (("ash", "1"), ("birch", "2")):
        made.declare(name, tier)
        made.bare(name).commit({"mkdocs.yml": f"site_name: {name}\n", "docs/index.md": f"# {name}\n"})
    return made


def tree(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_plan_then_apply_then_nothing(world: World) -> None:
    """A plan lists what reconcile then does; the next plan is empty; nothing is done twice."""
    before = tree(world.root)
    assert world.run("--plan")[0] == DONE
    code, out, _ = world.run("--plan", "--detailed-exitcode", "-o", "json")
    assert (code, tree(world.root)) == (DRIFT, before)
    planned = {product["name"]: product["actions"] for product in json.loads(out)["products"]}
    assert {name: [a["kind"] for a in actions] for name, actions in planned.items()} == {
        "ash": ["docs.build"],
        "birch": ["docs.build"],
    }
    code, out, _ = world.run("-o", "json")
    report = json.loads(out)
    assert (code, [deed["result"] for deed in report["deeds"]]) == (DONE, ["done", "done"])
    assert [deed["id"] for deed in report["deeds"]] == [a["id"] for name in planned for a in planned[name]]
    code, out, _ = world.run("--plan", "--detailed-exitcode", "-o", "json")
    assert (code, json.loads(out)["summary"]["inSync"]) == (DONE, 2)
    tip = world.bare("ash").tip("gh-pages")
    assert world.run("--max-passes", "2")[0] == DONE
    assert world.bare("ash").tip("gh-pages") == tip


def test_same_inputs_give_the_same_bytes(world: World) -> None:
    """Two plans of the same world are the same bytes, in every form."""
    for form in ("text", "json", "markdown"):
        assert world.run("--plan", "-o", form) == world.run("--plan", "-o", form)


def test_selectors(world: World) -> None:
    """Products are chosen by name, label, exclusion and pillar."""
    chosen = {
        ("ash",): ["ash"],
        ("--label", "tier=2"): ["birch"],
        ("--exclude", "ash"): ["birch"],
        ("--label", "tier=3"): [],
    }
    for words, names in chosen.items():
        out = world.run("--plan", "-o", "json", *words)[1]
        assert [product["name"] for product in json.loads(out)["products"]] == names
    out = world.run("--plan", "-o", "json", "--pillar", "publish")[1]
    assert json.loads(out)["summary"]["actions"] == 0
    code, _, err = world.run("--plan", "asch")
    assert (code, err) == (ERROR, "error: no product is called 'asch'; did you mean 'ash'?\n")


def test_a_saved_plan_is_applied_product_by_product(world: World) -> None:
    """What is still as reviewed is applied; what went stale is refused with the difference."""
    file = world.root / "plan.json"
    out = world.run("--plan", "--out", str(file), "-o", "json")[1]
    assert json.loads(file.read_text()) == json.loads(out)
    world.bare("birch").commit({"docs/index.md": "# new\n"})
    digest = json.loads(out)["digest"]
    code, out, err = world.run("--apply", str(file), "--digest", digest, "-o", "json")
    report = json.loads(out)
    assert (code, [deed["product"] for deed in report["deeds"]]) == (PARTIAL, ["ash"])
    assert report["refused"] == {"birch": "stale: the world changed since the plan"}
    assert "birch: action docs.build commit: " in err
    assert world.bare("birch").tip("gh-pages") is None
    code, out, _ = world.run("--apply", str(file))
    assert (code, world.bare("birch").tip("gh-pages")) == (ERROR, None)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(lambda text: text.replace("docs.build", "docs.bield"), "was altered", id="altered"),
        pytest.param(lambda _: "no plan", "not a saved plan", id="something else"),
        pytest.param(lambda _: " " * (LARGEST_PLAN + 1), "longer than any plan", id="endless"),
        pytest.param(None, "cannot be read", id="missing"),
    ],
)
def test_a_bad_plan_file_is_refused_whole(world: World, spoil: object, says: str) -> None:
    """Nothing is done by a plan file that is not the very plan that was written."""
    file = world.root / "plan.json"
    if callable(spoil):
        world.run("--plan", "--out", str(file))
        file.write_text(spoil(file.read_text()))
    code, _, err = world.run("--apply", str(file))
    assert (code, says in err, world.bare("ash").tip("gh-pages")) == (ERROR, True, None)


def test_an_invalid_product_is_partial_and_leaves_the_others_alone(world: World) -> None:
    """One broken file is told by place; the others converge."""
    world.declare("cedar", more="  docks: {}\n")
    code, out, _ = world.run("--plan", "--detailed-exitcode")
    assert (code, "fleet/products/cedar.yaml:7:3: unknown key" in out) == (PARTIAL, True)
    code, out, _ = world.run("-o", "markdown")
    assert (code, "cedar" in out, world.bare("birch").tip("gh-pages") is not None) == (PARTIAL, True, True)
    assert world.run("--plan", "--detailed-exitcode", "-x", "cedar")[0] == DONE


@pytest.mark.parametrize(
    ("files", "says"),
    [
        pytest.param({}, "there is no folder fleet/", id="an empty folder"),
        pytest.param({"fleet/products/README.md": ""}, "no products", id="no products"),
        pytest.param({"fleet/products/a.yaml": "a: 1\n"}, "a.yaml:1:1", id="only invalid products"),
        pytest.param({".codemonkeys/config.yaml": "shap: {}\n"}, "config.yaml:1:1", id="bad configuration"),
    ],
)
def test_nothing_plannable_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], says: str
) -> None:
    """Where nothing can be planned the exit code is 1 and the reason is said."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert reconcile.main(["--plan", "--fleet", str(tmp_path)]) == ERROR
    out, err = capsys.readouterr()
    assert says in out + err


def test_an_unwritable_plan_file_is_an_error(world: World) -> None:
    """--out into nowhere says so."""
    code, _, err = world.run("--plan", "--out", str(world.root / "no" / "plan.json"))
    assert (code, "cannot be written" in err) == (ERROR, True)


def test_freeze_stops_writes_until_thawed(world: World) -> None:
    """While frozen every action is held with the reason; thawed it goes."""
    fleet = ["--fleet", str(world.root)]
    assert ship.main(["freeze", *fleet, "--reason", "incident 7"]) == DONE
    code, out, _ = world.run("--detailed-exitcode")
    assert (code, "incident 7" in out, world.bare("ash").tip("gh-pages")) == (DRIFT, True, None)
    assert ship.main(["thaw", *fleet]) == DONE
    assert world.run("--detailed-exitcode")[0] == DONE


def test_watch_reconciles_until_asked_to_stop(world: World) -> None:
    """--watch converges, notices a change, and ends cleanly on SIGTERM; the second run says who holds it."""
    process = world.start("--watch", "--interval", "0.3")
    try:
        wait_until(lambda: world.bare("birch").tip("gh-pages") is not None)
        first = world.bare("ash").tip("gh-pages")
        code, _, err = world.run("--lock-timeout", "0")
        assert (code, f"{process.pid}" in err) == (ERROR, True)
        world.bare("ash").commit({"docs/index.md": "# changed\n"})
        wait_until(lambda: world.bare("ash").tip("gh-pages") != first)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, "done" in out, "2 in sync" in err) == (DONE, True, True)
    assert ship.main(["audit", "verify", "--fleet", str(world.root)]) == DONE


def test_two_at_once_do_everything_once(world: World) -> None:
    """Two runs at the same time: the second waits, finds nothing to do, and both end well."""
    runs = [world.start("--lock-timeout", "60") for _ in range(2)]
    ends = [(run.communicate(timeout=120), run.returncode) for run in runs]
    assert [code for _, code in ends] == [DONE, DONE]
    for name in ("ash", "birch"):
        assert world.bare(name).git("rev-list", "--count", "gh-pages") == "1"


def wait_until(true: object, tries: Sequence[int] = range(600)) -> None:
    """Look again and again, for a minute at most."""
    assert callable(true)
    for _ in tries:
        if true():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen within a minute")


class StopAfter:
    """Asks to stop after so many questions, as a person at the keyboard would."""

    def __init__(self, asked: int) -> None:
        self.left = asked

    def listen(self) -> None:
        """Leave the signals alone."""

    def __call__(self) -> bool:
        """Count down."""
        self.left -= 1
        return self.left < 0


def invoke(world: World, asked: int, *words: str) -> tuple[int, str, str]:
    """Run reconcile in this process until it was asked so often."""
    parsed = reconcile.parser().parse_args(["--fleet", str(world.root), *words])
    console = Console(output=parsed.output)
    code = Invocation(parsed, console, world.root, StopAfter(asked)).run()
    out, err = world.capsys.readouterr()
    return code, out, err


def test_watch_outlives_a_fleet_that_cannot_be_read(world: World) -> None:
    """A pass that cannot be made is told; the watch goes on."""
    for name in ("ash", "birch"):
        (world.root / "fleet" / "products" / f"{name}.yaml").unlink()
    code, _, err = invoke(world, 3, "--watch", "--interval", "0.01")
    assert (code, err.count("error: no products")) == (ERROR, 2)


def test_retry_tries_once(world: World) -> None:
    """What fails for good is parked; --retry tries it once more, not once a pass, and parks it again."""
    world.bare("birch").commit({"docs/index.md": "[nowhere](nowhere.md)\n"})
    assert world.run("birch")[0] == PARTIAL
    code, out, _ = world.run("birch", "--retry", "-o", "json")
    report = json.loads(out)
    assert (code, [deed["result"] for deed in report["deeds"]]) == (PARTIAL, ["failed"])
    assert "parked" in report["plan"]["products"][0]["actions"][0]["held"]


def test_watch_tells_a_plan_that_changed_once(world: World) -> None:
    """What is wrong and cannot be done is printed when it shows, and not again at every pass."""
    (world.root / "fleet" / "products" / "birch.yaml").write_text("nonsense: 1\n")
    code, out, err = invoke(world, 12, "--pillar", "publish", "--watch", "--interval", "0.01")
    assert (code, out.count("birch  Invalid")) == (PARTIAL, 1)
    assert err.count("1 invalid") > 1


def test_watch_prints_every_pass_as_json(world: World) -> None:
    """For programs every pass is one JSON document, also one that did nothing."""
    (world.root / "fleet" / "products" / "birch.yaml").unlink()
    code, out, err = invoke(world, 12, "--watch", "--interval", "0.01", "-o", "json")
    assert code == DONE
    assert [deed["result"] for deed in json.JSONDecoder().raw_decode(out)[0]["deeds"]] == ["done"]
    assert "Plan: 0 actions" in err


def test_a_lost_lease_ends_a_watch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lost the lease stops, even in a watch."""

    class Thief(StopAfter):
        def __call__(self) -> bool:
            """Take the lock file away before the first look."""
            if self.left == 4:
                (world.root / ".codemonkeys" / "state" / "lock").unlink()
            return super().__call__()

    parsed = reconcile.parser().parse_args(["--watch", "--interval", "0", "--pillar", "publish"])
    console = Console()
    with pytest.raises(LeaseLost):
        Invocation(parsed, console, world.root, Thief(4)).run()


def test_signals_are_heard() -> None:
    """SIGTERM and the first SIGINT ask to end; the second SIGINT ends at once."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stopper = reconcile.Stopper()
    try:
        stopper.listen()
        assert not stopper()
        signal.raise_signal(signal.SIGINT)
        assert stopper()
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        for number, hearer in before.items():
            signal.signal(number, hearer)


def test_a_token_is_shown_to_github_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is known to the redactor, and git shows it to GitHub's own host only."""
    monkeypatch.setenv("GITHUB_TOKEN", "token-for-this-test")
    with wiring.open_to_look(world.root, silent) as house:
        shown = wiring.credentials(house.settings, Secret("token-for-this-test"))
        assert list(shown) == ["https://github.com/"]
        assert "token-for-this-test" not in house.clean("x token-for-this-test y")
    assert wiring.credentials(house.settings, None) == {}


def test_python_m_reconciler_is_ship(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m reconciler` is the same as `ship`."""
    monkeypatch.setattr(sys, "argv", ["ship", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("reconciler", run_name="__main__")
    assert (ended.value.code, capsys.readouterr().out.split()[0]) == (0, "ship")
