"""`ship forge serve`: a real process on loopback, for clients that are not ours."""

import os
import signal
import socket
import subprocess
import sys
import threading
from argparse import ArgumentParser
from io import StringIO
from pathlib import Path
from typing import cast

import httpx
import pytest
from werkzeug.serving import BaseWSGIServer

from reconciler.cli import forge as command
from reconciler.cli.common import Console
from reconciler.localforge import serve
from reconciler.localforge.forge import forge
from reconciler.model.errors import Terminal
from reconciler.model.product import ProductName, RepoRef
from reconciler.model.redact import Redactor
from reconciler.outside.github import Access, GitHub
from reconciler.outside.http import Http
from reconciler.ports import Look
from tests.world.bare import Bare
from tests.world.hub import Hub
from tests.world.notes import Notes, Still

ROOT = Path(__file__).parents[2]


@pytest.mark.real
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_it_serves_until_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    """The base URL comes on stdout when requests are taken, and the end is clean."""
    tip = Bare(tmp_path / "acme/tidy.git").commit({"a": "1"})
    token = os.urandom(8).hex()
    words = [sys.executable, "-m", "reconciler.cli.ship", "forge", "serve", str(tmp_path)]
    process = subprocess.Popen(
        [*words, "--token-env", "FORGE_TOKEN"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "FORGE_TOKEN": token},
    )
    try:
        assert process.stdout is not None
        base = process.stdout.readline().decode().strip()
        assert base.startswith("http://127.0.0.1:")
        with httpx.Client(base_url=base, trust_env=False) as client:
            assert client.get("/repos/acme/tidy/git/ref/heads/main").status_code == 401
            answer = client.get(
                "/repos/acme/tidy/git/ref/heads/main", headers={"authorization": f"Bearer {token}"}
            )
            assert answer.json()["object"]["sha"] == tip
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, b"")
    finally:
        process.kill()
        process.communicate()


def test_other_machines_are_not_served_unasked(tmp_path: Path) -> None:
    """An address that others can reach must be asked for; a taken port is told."""
    app = forge({}, Still())
    with pytest.raises(Terminal, match="--allow-remote"):
        serve.bind(app, "0.0.0.0", 0)
    serve.bind(app, "0.0.0.0", 0, allow_remote=True).server_close()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Terminal, match=r"cannot listen on 127\.0\.0\.1 port"):
            serve.bind(app, "127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["serve", "nowhere"], "ship forge: 'nowhere' is no folder"),
        (["serve", ".", "--token-env", "NOBODY_SET_THIS"], "ship forge: NOBODY_SET_THIS is not set"),
        (["serve", ".", "--host", "192.0.2.1"], "ship forge: '192.0.2.1' can be reached from other machines"),
    ],
    ids=["no folder", "no token", "not loopback"],
)
def test_it_says_why_it_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], text: str
) -> None:
    """One line and exit code 1."""
    monkeypatch.chdir(tmp_path)
    parser = ArgumentParser()
    command.add(parser)
    console = Console(out=StringIO(), err=StringIO())
    assert command.run(parser.parse_args(words), console) == 1
    assert isinstance(console.err, StringIO)
    assert console.err.getvalue().startswith(text)


def test_a_signal_ends_it_and_leaves_the_handlers_as_they_were() -> None:
    """Told to stop as soon as it is ready, it stops; afterwards signals mean what they meant."""
    before, told = signal.getsignal(signal.SIGTERM), []

    def ready(base: str) -> None:
        told.append(base)
        os.kill(os.getpid(), signal.SIGTERM)

    server = serve.bind(forge({}, Still()), "127.0.0.1", 0)
    serve.run(server, ready)
    assert told == [serve.address(server)]
    assert signal.getsignal(signal.SIGTERM) is before


def test_ships_door_reads_a_served_forge_as_one_of_this_process(tmp_path: Path) -> None:
    """Over real HTTP the same door sees the same."""
    hub = Hub(tmp_path)
    hub.add("acme", "tidy", {"a": "1"}).tag("v1.0.0")
    server = serve.bind(hub.app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    http = Http(Notes(), Still(), Redactor())
    looks = [Look(ProductName("p"), RepoRef("local", "acme/tidy.git"), "main", "gh-pages", tags=True)]
    try:
        assert GitHub(http, Access(serve.address(server))).look(looks) == hub.github().look(looks)
    finally:
        http.close()
        server.shutdown()
        thread.join()
        server.server_close()


class Six:
    """A server at an address of version six."""

    host, port = "::1", 7


def test_an_address_of_version_six_is_bracketed() -> None:
    """A base URL that clients can use (RFC 3986)."""
    assert serve.address(cast(BaseWSGIServer, Six())) == "http://[::1]:7"


def test_without_its_libraries_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forge is an extra; without it one line names the extra."""
    monkeypatch.setitem(sys.modules, "reconciler.localforge.serve", None)
    monkeypatch.delattr("reconciler.localforge.serve")
    parser = ArgumentParser()
    command.add(parser)
    console = Console(out=StringIO(), err=StringIO())
    assert command.run(parser.parse_args(["serve", str(tmp_path)]), console) == 1
    assert isinstance(console.err, StringIO)
    assert "pip install 'codemonkeys-ship[forge]'" in console.err.getvalue()
