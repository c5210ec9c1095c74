"""ship demo: what it starts it ends, and a tool that fails says why."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli import ship
from reconciler.cli.demo import perform
from reconciler.demo import registry_control, repos, seeds, world
from reconciler.demo.show import Said, Show
from reconciler.model.errors import Terminal
from tests.world import demos

pytestmark = pytest.mark.real


class Rehearsal(Show):
    """A demo that is built of nothing but its registry."""

    def build(self) -> None:
        """Start the registry."""
        registry_control.settle(self.world.registry, "ship", "open sesame")
        registry_control.start(self.world.registry, self.world.tools)

    def play(self) -> None:
        """Do not come out as it should."""
        self.judge(["everything is different"])


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """Prepare one."""
    notes: list[str] = []
    show = Rehearsal(demos.world(tmp_path), lambda _: Said(0, ""), notes.append, notes.append, lambda _: None)
    yield show
    registry_control.stop(show.world.registry)


def test_a_demo_that_fails_leaves_nothing_running(rehearsal: Rehearsal) -> None:
    """An error ends the registry, too."""
    with pytest.raises(Terminal, match="everything is different"):
        perform(rehearsal, build_only=False, stop=False)
    assert registry_control.running(rehearsal.world.registry) is None


@pytest.mark.parametrize("stop", [False, True], ids=["left-running", "stopped"])
def test_a_demo_that_is_built_leaves_what_was_asked_for(rehearsal: Rehearsal, stop: bool) -> None:
    """The registry runs on, so that the next command can be typed; with --stop it does not."""
    perform(rehearsal, build_only=True, stop=stop)
    assert (registry_control.running(rehearsal.world.registry) is None) is stop


def test_a_tool_that_fails_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its last line is the error, and the exit code is 1."""
    registry_control.settle(tmp_path / "registry", "ship", "open sesame")
    (tmp_path / world.MARK).touch()
    port = int(registry_control.address(tmp_path / "registry").rpartition(":")[2].rstrip("/"))
    with socket.create_server(("127.0.0.1", port)):
        assert ship.main(["demo", str(tmp_path), "--registry", "start"]) == 1
    assert "Address already in use" in capsys.readouterr().err


def test_git_says_yes_and_no(tmp_path: Path) -> None:
    """A question to git is answered by its exit code."""
    here = demos.world(tmp_path)
    repos.plant(here.tools.git, here.repo(seeds.KIWI), repos.Commit("Add", {"a": "b"}))
    assert here.tools.says(here.repo(seeds.KIWI), ["rev-parse", "--verify", "main"])
    assert not here.tools.says(here.repo(seeds.KIWI), ["rev-parse", "--verify", "gh-pages"])
