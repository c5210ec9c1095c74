"""Seeded bugs: known wrong versions of our own code, each of which the harness must catch.

Run as a program of its own (`python -m tests.world.bugs FIRST STEP`): it forks a child for each bug, which
reads our modules with the bug written into their source, and runs the checks.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Edit:
    """One snippet of one module, which occurs there exactly once, and what stands there instead."""

    module: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Bug:
    """One wrong version of our code, and the check that is to catch it."""

    name: str
    check: str
    """`crash SCENE`, `fault SCENE`, `orphan SCENE`, `zombie SCENE`; or `test`, and words of pytest."""
    edits: Sequence[Edit]


class Reader(importlib.machinery.SourceFileLoader):
    """Reads a module with the edits in it."""

    def __init__(self, name: str, path: str, edits: Sequence[Edit]) -> None:
        super().__init__(name, path)
        self._edits = edits

    def get_code(self, fullname: str) -> object:  # type: ignore[override]  # typeshed says CodeType
        """Compile the edited source; nothing is cached."""
        source = Path(self.path).read_text(encoding="utf-8")
        for edit in self._edits:
            found = source.count(edit.old)
            assert found == 1, f"{fullname}: the snippet occurs {found} times: {edit.old}"
            source = source.replace(edit.old, edit.new)
        return compile(source, self.path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that a bug is written into."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits
        self.found: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Take only what is to be edited."""
        edits = [edit for edit in self._edits if edit.module == fullname]
        if not edits:
            return None
        self.found.add(fullname)
        file = str(ROOT.joinpath(*fullname.split(".")).with_suffix(".py"))
        return importlib.util.spec_from_file_location(fullname, file, loader=Reader(fullname, file, edits))


def caught(bug: Bug) -> str:
    """Say in one line how the bug is caught; empty: it is not."""
    finder = Finder(bug.edits)
    sys.meta_path.insert(0, finder)
    kind, _, what = bug.check.partition(" ")
    says = _tests(what.split()) if kind == "test" else _crashes(kind, what)
    unread = {edit.module for edit in bug.edits} - finder.found
    assert not unread, f"never imported: {unread}"
    return says


def _tests(words: Sequence[str]) -> str:
    failed: list[str] = []
    os.environ["SHIP_LAWS"] = "brief"

    class Notes:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                failed.append(report.nodeid.rpartition("::")[2])

    with open(os.devnull, "w", encoding="utf-8") as quiet, redirect_stdout(quiet), redirect_stderr(quiet):  # noqa: PTH123 -- a stream
        code = pytest.main(
            ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-m", "not slow", *words],
            plugins=[Notes()],
        )
    assert code in (0, 1), f"pytest ended with {code}"
    return failed[0] if failed else ""


def _crashes(kind: str, scene: str) -> str:
    from tests.world import crashes  # noqa: PLC0415 -- only in the child, after the edits are in place

    with tempfile.TemporaryDirectory() as folder:
        try:
            bench = crashes.Bench.of(scene, Path(folder))
        except AssertionError as error:
            return f"the clean run: {error}"
        kinds: Mapping[str, Callable[[crashes.Bench], crashes.Tally]] = {
            "crash": crashes.every_point,
            "fault": crashes.every_fault,
            "zombie": crashes.zombies,
            "orphan": lambda one: crashes.orphans(one, 30.0),
        }
        tally = kinds[kind](bench)
    names = ("end", "calls", "record", "slow")
    wrong = [f"{name} {value}" for name in names if (value := getattr(tally, name))]
    return f"{kind} of {scene}, {tally.points} points: {', '.join(wrong)}" if wrong else ""


def main(bugs: Sequence[Bug]) -> dict[str, str]:
    """Fork a child for each bug; return what it says, by name."""
    found = {}
    for bug in bugs:
        out, into = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(out)
            try:
                says = caught(bug)
            except BaseException as error:  # noqa: BLE001 -- whatever it is, the parent must hear of it
                says = f"BROKEN {type(error).__name__}: {error}"
            os.write(into, says.encode())
            os._exit(0)
        os.close(into)
        with os.fdopen(out, "rb") as stream:
            found[bug.name] = stream.read().decode()
        os.waitpid(child, 0)
    return found


if __name__ == "__main__":
    from tests.world.bug_list import BUGS

    sys.stdout.write(json.dumps(main(BUGS[int(sys.argv[1]) :: int(sys.argv[2])])))
