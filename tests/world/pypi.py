"""A real pypiserver on loopback in a process of its own, with an append-only witness of every upload.

Run as a program it serves until its standard input closes: it cannot outlive the test.
"""

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from reconciler.demo.registry import Witness
from reconciler.settings import RegistrySettings

USER = "ship-publisher"


@dataclass(frozen=True)
class Pypi:
    """A running index."""

    folder: Path
    port: int

    @property
    def settings(self) -> RegistrySettings:
        """How Ship is told to reach it."""
        base = f"http://127.0.0.1:{self.port}/"
        return RegistrySettings(
            enabled=True, url=f"{base}simple/", upload_url=base, settle_s=4, build_isolation=False
        )

    @property
    def packages(self) -> Path:
        """Where its files lie."""
        return self.folder / "packages"

    def files(self) -> Sequence[str]:
        """Name what it holds."""
        return sorted(file.name for file in self.packages.iterdir())

    def uploads(self) -> Sequence[Mapping[str, Any]]:
        """Read the witness: file, sha256 and status of every upload, in order."""
        log = self.folder / "uploads.log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@contextmanager
def pypi(folder: Path, password: str, *, algorithm: str = "sha256", pages: str = "html") -> Iterator[Pypi]:
    """Serve an empty index; `pages`: html (as pypiserver makes them) json (PEP 691), late or slow."""
    (folder / "packages").mkdir(parents=True)
    (folder / "account").write_text(f"{USER}\n{password}")
    argv = [sys.executable, "-m", "tests.world.pypi", str(folder), algorithm, pages]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield Pypi(folder, int(server.stdout.readline()))
        finally:
            server.stdin.close()


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- http.server's own
        """Say nothing."""


class _Json:
    """Answers project pages as PEP 691 says, everything else as pypiserver does."""

    def __init__(
        self, application: Callable[..., Iterable[bytes]], packages: Path, *, hide: bool = False
    ) -> None:
        self._application = application
        self._packages = packages
        self._hide = hide

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        parts = environ["PATH_INFO"].strip("/").split("/")
        if parts[0] != "simple" or len(parts) != 2:
            return self._application(environ, start)
        files = [
            {
                "filename": file.name,
                "url": f"/packages/{file.name}",
                "hashes": {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()},
            }
            for file in sorted(self._packages.iterdir())
            if file.name.replace("_", "-").startswith(parts[1]) and not self._hide
        ]
        start(
            "200 OK" if files else "404 Not Found", [("Content-Type", "application/vnd.pypi.simple.v1+json")]
        )
        return [json.dumps({"meta": {"api-version": "1.1"}, "name": parts[1], "files": files}).encode()]


def _serve(folder: Path, algorithm: str, pages: str) -> None:
    from pypiserver import app  # noqa: PLC0415 -- only the index's own process needs it

    packages = folder / "packages"
    account = tuple((folder / "account").read_text().split("\n"))

    def accepts(user: str, password: str) -> bool:
        if pages == "slow":
            time.sleep(1)  # long enough to be looked at meanwhile
        return (user, password) == account

    application = app(
        roots=[packages],
        hash_algo=algorithm,
        authenticate=["update"],
        auther=accepts,
        disable_fallback=True,
        backend_arg="simple-dir",
        verbosity=0,
    )
    wrapped = application if pages in ("html", "slow") else _Json(application, packages, hide=pages == "late")
    witness = Witness(wrapped, folder / "uploads.log")
    with make_server("127.0.0.1", 0, witness, server_class=_Threads, handler_class=_Quiet) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
