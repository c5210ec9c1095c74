"""The whole of Ship on real tools: a demo is built, planned, converged, broken by hand and mended."""

from pathlib import Path

import pytest

from reconciler.cli import ship
from reconciler.cli.common import Console
from reconciler.cli.demo import show_in
from reconciler.demo import checks, registry_control, seeds, texts
from reconciler.demo.show import Show
from reconciler.demo.world import sdist, wheel
from tests.house import readme
from tests.world import demos
from tests.world.folders import fingerprint

pytestmark = pytest.mark.real
WITHOUT_MANGO = ("--exclude", "mango-math")


def test_the_demo_keeps_its_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One folder, from the first command to the last; after each step the witnesses are asked."""
    root = tmp_path / "demo"
    show = show_in(root, Console())
    try:
        assert ship.main(["demo", str(root), "--build-only"]) == 0, capsys.readouterr().err
        planning_shows_what_is_wrong_and_writes_nothing(root)
        show.play()
        assert "the plan is not empty" not in capsys.readouterr().err
        an_empty_plan_writes_nothing(root)
        what_is_lost_is_mended(show)
        a_registry_that_sleeps_is_unknown_not_empty(root, capsys)
        people_go_on(show)
        an_earlier_demo_is_not_built_over(root, capsys)
    finally:
        registry_control.stop(show.world.registry)


def planning_shows_what_is_wrong_and_writes_nothing(root: Path) -> None:
    """Exit code 3, the expected drifts, the place of the typo; without it 2; not a byte changes."""
    before = fingerprint(root)
    code, plan = demos.plan(root)
    assert (code, list(checks.plan(plan))) == (3, [])
    assert plan["errors"][0]["hint"] is not None
    assert "version" in plan["errors"][0]["hint"]
    assert demos.actions(plan) == [
        ("banana-split", "docs.build"),
        ("coconut-cache", "publish.pypi"),
        ("lemon-log", "publish.pypi"),
    ]
    text = demos.reconcile(root, "--plan", "--detailed-exitcode")
    assert text.returncode == 3
    assert readme.plain(text.stdout) == readme.shown()
    assert "{}:{}:{}".format(*checks.typo()) in text.stdout + text.stderr
    code, plan = demos.plan(root, *WITHOUT_MANGO)
    assert (code, plan["errors"]) == (2, [])
    assert fingerprint(root) == before


def an_empty_plan_writes_nothing(root: Path) -> None:
    """Exit code 0 and no actions, and still not a byte changes."""
    before = fingerprint(root)
    code, plan = demos.plan(root, *WITHOUT_MANGO)
    assert (code, demos.actions(plan)) == (0, [])
    assert fingerprint(root) == before
    again = demos.reconcile(root, *WITHOUT_MANGO)
    assert again.returncode == 0, again.stderr
    assert checks.look(demos.world(root)) == checks.look(demos.world(root))


def what_is_lost_is_mended(show: Show) -> None:
    """A docs branch and a registry file, deleted by hand, are drift again and come back as they were."""
    world = show.world
    before = checks.look(world)
    world.tools.git(world.repo(seeds.KIWI), ["branch", "-D", "gh-pages"])
    (world.registry / "packages" / wheel(seeds.LEMON, "1.0.0")).unlink()
    code, plan = demos.plan(world.root, *WITHOUT_MANGO)
    wanted = [("kiwi-config", "docs.build"), ("lemon-log", "publish.pypi")]
    assert (code, demos.actions(plan)) == (2, wanted)
    mended = demos.reconcile(world.root, *WITHOUT_MANGO)
    assert mended.returncode == 0, mended.stderr
    after = checks.look(world)
    assert after.sites == before.sites
    assert after.files == before.files
    assert after.builds == {**before.builds, "kiwi-config": 1}
    again = wheel(seeds.LEMON, "1.0.0")
    assert after.uploads == {**before.uploads, again: before.uploads[again] + 1}


def a_registry_that_sleeps_is_unknown_not_empty(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When the registry does not answer nothing is published, the plan says so, and it can be woken."""
    assert ship.main(["demo", str(root), "--registry", "stop"]) == 0
    code, plan = demos.plan(root, *WITHOUT_MANGO)
    assert (code, demos.actions(plan)) == (3, [])
    blind = {one["name"]: list(one["unknown"]) for one in plan["products"] if one["unknown"]}
    assert blind == {name: ["pypi"] for name in ("coconut-cache", "kiwi-config", "lemon-log", "papaya-parse")}
    assert ship.main(["demo", str(root), "--registry", "status"]) == 0
    assert ship.main(["demo", str(root), "--registry", "start"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0].split()[-1] for line in told] == ["stopped", "stopped", "running"]


def people_go_on(show: Show) -> None:
    """The typo mended and the suspension lifted, everything converges, each file uploaded once."""
    world = show.world
    before = checks.look(world)
    mango = world.root / "fleet/products/mango-math.yaml"
    right, wrong = texts.TYPO
    mango.write_text(mango.read_text().replace(wrong, right))
    papaya = world.root / "fleet/products/papaya-parse.yaml"
    papaya.write_text(papaya.read_text().replace(texts.SUSPENDED, ""))
    converged = demos.reconcile(world.root)
    assert converged.returncode == 0, converged.stderr
    code, plan = demos.plan(world.root)
    assert (code, demos.actions(plan)) == (0, [])
    after = checks.look(world)
    new = {file(seed, "1.0.0"): 1 for seed in (seeds.MANGO, seeds.PAPAYA) for file in (sdist, wheel)}
    assert after.uploads == {**before.uploads, **new}
    assert after.builds == {**before.builds, "mango-math": 1, "papaya-parse": 1}


def an_earlier_demo_is_not_built_over(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --force a demo is left as it is; in a folder that is none there is no registry."""
    before = fingerprint(root)
    assert ship.main(["demo", str(root)]) == 1
    assert "--force" in capsys.readouterr().err
    assert fingerprint(root) == before
    stranger = root.parent / "stranger"
    stranger.mkdir()
    assert ship.main(["demo", str(stranger), "--registry", "stop"]) == 1
    assert "is not a demo" in capsys.readouterr().err


def test_a_demo_that_cannot_be_built_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing tool is one line and exit code 1, and no registry stays behind."""
    bare = tmp_path / "bin"
    bare.mkdir()
    monkeypatch.setenv("PATH", str(bare))
    assert ship.main(["demo", str(tmp_path / "demo"), "--stop"]) == 1
    assert "program 'git' is not installed" in capsys.readouterr().err
    assert registry_control.running(tmp_path / "demo" / "registry") is None
