"""The demo's registry: pypiserver behind a password, and a witness that notes what really arrived."""

import hashlib
import http.client
import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import make_server

import pytest

from reconciler.demo import registry, registry_control
from reconciler.demo.tools import Tools
from reconciler.model.errors import Terminal
from tests.world import demos
from tests.world.folders import fingerprint

pytestmark = pytest.mark.real
WHEEL = "kiwi_config-1.0.0-py3-none-any.whl"
CONTENT = b"\r\n--not-the-boundary\r\n" + bytes(range(256))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Run the real registry."""
    registry_control.settle(tmp_path, "ship", "open sesame")
    registry_control.start(tmp_path, Tools(demos.run))
    yield tmp_path
    registry_control.stop(tmp_path)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Path]:
    """Serve, from a thread that ends when nobody asks, an application that takes everything."""

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "0")])
        return [b""]

    port = registry_control.settle(tmp_path, "ship", "open sesame")
    witness = registry.Witness(application, tmp_path / "uploads.log")
    server = make_server(
        registry.HOST, port, witness, server_class=registry.Server, handler_class=registry.Quiet
    )
    server.idle_s = 0.3
    thread = Thread(target=server.serve)
    thread.start()
    yield tmp_path
    thread.join()
    server.server_close()


def upload(folder: Path, *, password: str | None, body: bytes | None = None) -> int:
    """Upload one file as twine and uv do; return the status."""
    if body is None:
        action = b'--b\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n'
        head = f'--b\r\nContent-Disposition: form-data; name="content"; filename="{WHEEL}"\r\n\r\n'
        body = action + head.encode() + CONTENT + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    if password is not None:
        headers["Authorization"] = f"Basic {b64encode(f'ship:{password}'.encode()).decode()}"
    port = int(registry_control.address(folder).rpartition(":")[2].rstrip("/"))
    connection = http.client.HTTPConnection(registry.HOST, port, timeout=10)
    connection.request("POST", "/", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_witness_notes_the_bytes_that_arrived(folder: Path) -> None:
    """Accepted, repeated and refused uploads stand in the log with their digest, in their order."""
    assert upload(folder, password=None) == 401
    assert upload(folder, password="guess") == 403
    assert upload(folder, password="open sesame") == 200
    assert upload(folder, password="open sesame") == 409
    assert upload(folder, password="open sesame", body=b"") == 400
    digest = hashlib.sha256(CONTENT).hexdigest()
    seen = [(one.file, one.sha256, one.status) for one in registry_control.uploads(folder)]
    assert seen[:4] == [(WHEEL, digest, status) for status in (401, 403, 200, 409)]
    assert seen[4] == ("", hashlib.sha256(b"").hexdigest(), 400)
    assert registry_control.fetch(folder, WHEEL) == CONTENT
    assert registry_control.fetch(folder, "nothing-1.0.0.tar.gz") is None


def test_the_witness_needs_no_pypiserver(plain: Path) -> None:
    """The witness notes what arrived whatever the application behind it is; reading is not noted."""
    assert registry_control.fetch(plain, WHEEL) == b""
    assert upload(plain, password=None) == 200
    assert [one.status for one in registry_control.uploads(plain)] == [200]


def test_looking_leaves_no_trace(folder: Path) -> None:
    """Reading from the registry writes nothing."""
    before = fingerprint(folder)
    assert registry_control.fetch(folder, WHEEL) is None
    assert registry_control.uploads(folder) == []
    assert fingerprint(folder) == before


def test_it_starts_again_on_its_port(folder: Path) -> None:
    """Closing connections of the last run do not hold the port."""
    registry_control.fetch(folder, WHEEL)
    assert registry_control.stop(folder)
    registry_control.start(folder, Tools(demos.run))
    assert registry_control.fetch(folder, WHEEL) is None


def test_it_ends_with_its_folder(tmp_path: Path) -> None:
    """A demo that is simply deleted leaves no registry behind."""
    lock = tmp_path / "lock"
    lock.touch()
    port = registry_control.free_port()
    with make_server(registry.HOST, port, lambda *_: [], server_class=registry.Server) as server:
        server.watch(lock)
        server.tick_s = 0.05
        thread = Thread(target=server.serve)
        thread.start()
        lock.unlink()
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_a_form_without_boundary_has_no_file() -> None:
    """Whatever is posted, the witness notes something."""
    assert registry.uploaded("text/plain", b"hello") == ("", b"")


def test_a_stranger_is_not_admitted(tmp_path: Path) -> None:
    """An unknown user is refused as a wrong password is."""
    (tmp_path / "accounts.json").write_text(json.dumps({"ship": registry.hashed("open sesame")}))
    assert registry.admits(tmp_path, "ship", "open sesame")
    assert not registry.admits(tmp_path, "ship", "guess")
    assert not registry.admits(tmp_path, "boat", "open sesame")


def test_a_folder_without_registry_has_nothing_running(tmp_path: Path) -> None:
    """No lock, no registry."""
    assert registry_control.running(tmp_path) is None
    assert not registry_control.stop(tmp_path)


def test_a_registry_that_dies_at_once_is_told(tmp_path: Path) -> None:
    """Started but not running is an error that names the log."""

    def still(
        argv: Sequence[str], *, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> bytes:
        return b""

    with pytest.raises(Terminal, match=r"server\.log"):
        registry_control.start(tmp_path, Tools(still))
