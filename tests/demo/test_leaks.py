"""Fifty secrets are planted in a demo: what runs print, record and leave behind holds none, in no form."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli.common import Console
from reconciler.cli.demo import show_in
from reconciler.demo import registry, registry_control, texts
from reconciler.demo.world import World
from tests.world import demos, leaks

pytestmark = [pytest.mark.real, pytest.mark.slow]
PUBLISHED = "coconut-cache"
HURT = "lemon-log"


@pytest.fixture(scope="module")
def values() -> dict[str, str]:
    """Make the secrets; they are in no file of the repository."""
    return leaks.planted()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> Iterator[World]:
    """Build a demo whose secrets file holds the fifty, one of them the password of the registry."""
    root = tmp_path_factory.mktemp("leaks") / "demo"
    show = show_in(root, Console())
    root.mkdir()
    try:
        show.build()
        registry_control.stop(show.world.registry)
        account = {texts.USER: registry.hashed(values["password"])}
        (show.world.registry / "accounts.json").write_text(json.dumps(account))
        plain = {"username_unencrypted": texts.USER, **values}
        show.world.tools.encrypt(root, texts.SECRETS_FILE, json.dumps(plain).encode())
        registry_control.start(show.world.registry, show.world.tools)
        yield show.world
    finally:
        registry_control.stop(show.world.registry)


class Runs:
    """Runs commands in a demo and keeps all they say."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self.root = root
        self.said = b""
        self.env = {**demos.environment(), "TMPDIR": str(temporary)}

    def run(self, module: str, *words: str, code: int) -> str:
        """Run one command; its exit code must be the one expected."""
        argv = [sys.executable, "-m", f"reconciler.cli.{module}", *words]
        done = subprocess.run(  # noqa: PLW1510 -- judged below
            argv, cwd=self.root, env=self.env, capture_output=True, timeout=300
        )
        self.said += done.stdout + done.stderr
        assert b"Traceback" not in done.stdout + done.stderr
        assert done.returncode == code, (words, done.returncode)  # no output: it may hold a secret
        return done.stdout.decode()

    def ask_everything(self) -> None:
        """Run every command that tells of the record, in every form."""
        for form in ("text", "json", "markdown"):
            for words in (("status", "--all"), ("why", HURT), ("why", PUBLISHED), ("log", "--limit", "5000")):
                self.run("ship", *words, "--output", form, code=0)
        self.run("ship", "audit", "export", code=0)
        self.run("ship", "explain", HURT, code=0)


def test_fifty_secrets_leak_nowhere(world: World, values: dict[str, str], tmp_path: Path) -> None:
    """Plan, publish for real, then fail in a playbook that prints them all: not one is found."""
    root, search = world.root, leaks.Search(values)
    assert len(values) == leaks.COUNT
    memory = set(leaks.MEMORY.iterdir())
    runs, processes = Runs(root, tmp_path), leaks.ProcessList()
    with processes.watched():
        runs.run("reconcile", PUBLISHED, HURT, "--plan", "--out", "plan.json", code=0)
        runs.run("reconcile", PUBLISHED, "--output", "json", code=0)
        (root / "playbooks").mkdir()
        (root / "playbooks" / "publish-pypi.yml").write_text(leaks.HOSTILE)
        (root / "playbooks" / "tell.py").write_text(leaks.TELL)
        report = runs.run("reconcile", HURT, "--output", "json", "--max-passes", "1", code=3)
        runs.run("reconcile", HURT, "--retry", "--max-passes", "1", code=3)
        runs.run("reconcile", HURT, "--retry", "--max-passes", "1", "--output", "markdown", code=3)
        runs.ask_everything()
        control = leaks.on_a_command_line(values["plain3"])
        with control:
            while values["plain3"].encode() not in processes.all():
                assert control.poll() is None
    assert "***" in report  # the playbook did talk
    assert f"{PUBLISHED[:7]}" in "".join(one.file for one in registry_control.uploads(world.registry))
    assert search.found(runs.said) == set()
    allowed = [root / "keys", root / texts.SECRETS_FILE]
    assert search.in_folder(root, but=allowed) == {}
    assert search.in_folder(tmp_path) == {}
    for left in set(leaks.MEMORY.iterdir()) - memory:
        assert search.in_folder(left) == {}
        assert not leaks.abandoned(left), left
    assert search.found(processes.all()) == {"plain3"}  # the control, and nothing else


def test_the_search_finds_every_form(values: dict[str, str], tmp_path: Path) -> None:
    """Each secret in each form, also split over lines and inside a database, is found: the search can see."""
    search = leaks.Search(values)
    assert search.found(b"nothing of the kind: ship, coconut-cache, 1.1.0") == set()
    for name, value in values.items():
        for form in leaks.forms(value):
            if len("".join(form.split())) < 10:
                continue
            half = len(form) // 2
            split = form[:half] + "\n  " + form[half:]
            assert name in search.found(f"<{form}>".encode()), name
            assert name in search.found(split.encode()), name
    (tmp_path / "some.db").write_bytes(b"\0SQLite" + values["lines"].encode() + b"\0")
    assert search.in_folder(tmp_path) == {str(tmp_path / "some.db"): {"lines"}}
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder, values["eight"])
        named.touch()
        assert search.in_folder(Path(folder)) == {str(named): {"eight"}}
        shutil.rmtree(named, ignore_errors=True)
