"""The demo's package registry: a real pypiserver on loopback with a witness of every upload.

Run as a program of its own with the registry's folder as argument: it goes to the background, the caller
returns once it listens, and it ends by itself after two hours without a request or when the folder is gone.
"""

import fcntl
import hashlib
import json
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

IDLE_S = 2 * 3600.0
HOST = "127.0.0.1"
BIGGEST_UPLOAD = 64 * 1024 * 1024
"""Bytes."""
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def hashed(password: str, salt: bytes | None = None) -> str:
    """Return `salt:hash` in hex: what the registry keeps of a password."""
    salt = salt or secrets.token_bytes(16)
    return f"{salt.hex()}:{hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1).hex()}"


def admits(folder: Path, user: str, password: str) -> bool:
    """Say whether the registry's `accounts.json` knows this user with this password."""
    accounts = json.loads((folder / "accounts.json").read_text(encoding="utf-8"))
    kept = accounts.get(user)
    return kept is not None and secrets.compare_digest(
        kept, hashed(password, bytes.fromhex(kept.partition(":")[0]))
    )


class Witness:
    """Notes what was uploaded, from the bytes that arrived, and what the registry answered.

    One line of JSON an upload, appended to `uploads.log`: file, sha256, status.
    """

    def __init__(self, application: Application, log: Path) -> None:
        self._application = application
        self._log = log

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if environ["REQUEST_METHOD"] != "POST":
            return self._application(environ, start)
        # the whole body is read even when the answer is a refusal: a client that is still sending would
        # see a broken connection in place of the status
        body = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), BIGGEST_UPLOAD))
        environ["wsgi.input"] = BytesIO(body)
        answers: list[str] = []

        def noting(status: str, *rest: Any) -> Any:  # noqa: ANN401 -- WSGI's own signature
            answers.append(status)
            return start(status, *rest)

        answer = list(self._application(environ, noting))
        self._note(environ.get("CONTENT_TYPE", ""), body, int(answers[-1].split()[0]))
        return answer

    def _note(self, kind: str, body: bytes, status: int) -> None:
        file, content = uploaded(kind, body)
        line = {"file": file, "sha256": hashlib.sha256(content).hexdigest(), "status": status}
        descriptor = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)


def uploaded(kind: str, body: bytes) -> tuple[str, bytes]:
    """Return name and bytes of the file in a multipart form (RFC 7578); empty when there is none."""
    found = re.search(r'boundary="?([^";]+)', kind)
    for part in body.split(b"--" + found[1].encode()) if found else []:
        head, _, content = part.partition(b"\r\n\r\n")
        if named := re.search(rb'filename="([^"]*)"', head):
            return named[1].decode(errors="replace"), content.removesuffix(b"\r\n")
    return "", b""


def application(folder: Path) -> Application:  # pragma: no cover -- only in the registry's own process
    """Make the WSGI application: pypiserver over `packages/`, a password for uploads, a witness."""
    from pypiserver import app  # noqa: PLC0415 -- only the registry's own process needs it

    packages = folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    served = app(
        roots=[packages],
        hash_algo="sha256",
        authenticate=["update"],
        auther=lambda user, password: admits(folder, user, password),
        disable_fallback=True,
        backend_arg="simple-dir",
        verbosity=0,
    )
    return Witness(served, folder / "uploads.log")


class Server(ThreadingMixIn, WSGIServer):
    """One thread a request; ends after a time without any, or when its folder is gone."""

    daemon_threads = True
    idle_s = IDLE_S
    tick_s = 10.0
    """How often it looks whether it is still wanted."""
    last = 0.0
    file: Path | None = None
    number: int | None = None

    def watch(self, file: Path) -> None:
        """End when this file is gone or another one has its name: somebody deleted the folder."""
        self.file, self.number = file, _number(file)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- socketserver's own
        """Answer, and note that somebody is still there."""
        self.last = time.monotonic()
        super().process_request(request, client_address)

    def server_bind(self) -> None:
        """Bind, without asking a name server what this machine is called."""
        # connections of the last run may still be closing on this port
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]
        self.setup_environ()

    def serve(self) -> None:
        """Serve until nobody has asked for `idle_s`, or the watched file is gone."""
        self.last, self.timeout = time.monotonic(), min(self.tick_s, self.idle_s)
        while time.monotonic() - self.last < self.idle_s and _number(self.file) == self.number:
            self.handle_request()


def _number(file: Path | None) -> int | None:
    return file.stat().st_ino if file and file.exists() else None


class Quiet(WSGIRequestHandler):
    """Keeps no access log: only what changes something is noted, by the witness."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 -- http.server's own
        """Say nothing."""


def main(folder: Path) -> None:  # pragma: no cover -- a process of its own, tested from outside
    """Start in the background; the caller returns with exit code 0 once the registry listens.

    As long as it runs it holds the lock of `lock`, which names its process.
    """
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    port = json.loads((folder / "registry.json").read_text(encoding="utf-8"))["port"]
    server = make_server(HOST, port, application(folder), server_class=Server, handler_class=Quiet)
    if child := os.fork():
        os.ftruncate(lock, 0)
        os.write(lock, str(child).encode())
        os._exit(0)
    os.setsid()
    errors = os.open(folder / "server.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDWR)
    for here, there in ((nothing, 0), (nothing, 1), (errors, 2)):
        os.dup2(here, there)
    server.watch(folder / "lock")
    with server:
        server.serve()


if __name__ == "__main__":  # pragma: no cover
    main(Path(sys.argv[1]))
