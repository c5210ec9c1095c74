"""A demo folder under test: tools without the door of processes, `reconcile` as a program, copies."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reconciler.demo import registry_control
from reconciler.demo.tools import Tools
from reconciler.demo.world import World
from reconciler.model.errors import Terminal

CODE = Path(__file__).parents[2]


def run(argv: Sequence[str], *, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    """Run a program as the door of processes does."""
    done = subprocess.run(  # noqa: PLW1510 -- judged below
        argv, cwd=cwd, input=stdin, env={"PATH": os.environ["PATH"], **(env or {})}, capture_output=True
    )
    if done.returncode:
        raise Terminal(done.stderr.decode())
    return done.stdout


def world(root: Path) -> World:
    """Return the world in a folder."""
    return World(root, Tools(run))


def environment() -> dict[str, str]:
    """Return the environment of a person at a terminal; Ship need not be installed."""
    kept = {name: value for name, value in os.environ.items() if name != "SOPS_AGE_KEY_FILE"}
    return {**kept, "PYTHONPATH": str(CODE), "PYTHONDONTWRITEBYTECODE": "1"}


def command(*arguments: str) -> list[str]:
    """Return the command line of `reconcile`."""
    return [sys.executable, "-m", "reconciler.cli.reconcile", *arguments]


def reconcile(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Type `reconcile` in the demo's folder."""
    return subprocess.run(  # noqa: PLW1510 -- the exit code is what is tested
        command(*arguments), cwd=root, env=environment(), text=True, capture_output=True, timeout=120
    )


def plan(root: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Type `reconcile --plan --detailed-exitcode`; return exit code and plan."""
    done = reconcile(root, "--plan", "--detailed-exitcode", "--output", "json", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def actions(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return product and kind of every action that is not held."""
    return [(one["name"], a["kind"]) for one in data["products"] for a in one["actions"] if not a["held"]]


def copy(original: Path, to: Path) -> World:
    """Copy a demo whose registry is stopped; the copy's registry gets a port of its own and runs."""
    shutil.copytree(original, to, symlinks=True)
    copied = world(to)
    old = registry_control.address(copied.registry)
    (copied.registry / "registry.json").write_text(json.dumps({"port": registry_control.free_port()}))
    config = to / ".codemonkeys" / "config.yaml"
    config.write_text(config.read_text().replace(old, registry_control.address(copied.registry)))
    registry_control.start(copied.registry, copied.tools)
    return copied
