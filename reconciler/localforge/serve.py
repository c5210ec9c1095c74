"""Serves the forge over HTTP until told to stop; by default to this machine only."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from reconciler.localforge.app import Application
from reconciler.model.errors import Terminal
from reconciler.outside.call import loopback


class _Quiet(WSGIRequestHandler):
    """Serves without a line for each request."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 -- the name is werkzeug's
        """Say nothing."""


def bind(app: Application, host: str, port: int, *, allow_remote: bool = False) -> BaseWSGIServer:
    """Open the port (0: any free one), one thread a request. Raises Terminal."""
    if not allow_remote and not loopback(host):
        msg = f"{host!r} can be reached from other machines; say --allow-remote if that is wanted"
        raise Terminal(msg)
    try:
        return make_server(host, port, app, threaded=True, request_handler=_Quiet)
    except (OSError, SystemExit) as error:  # werkzeug ends the program when a port is taken
        msg = f"cannot listen on {host} port {port}"
        raise Terminal(msg) from error


def address(server: BaseWSGIServer) -> str:
    """Return the base URL that clients use."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"http://{host}:{server.port}"


def run(server: BaseWSGIServer, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told the base URL when requests are taken."""
    with _stopping(server):
        ready(address(server))
        server.serve_forever(poll_interval=0.1)
    server.server_close()


@contextmanager
def _stopping(server: BaseWSGIServer) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # shutdown() waits for the loop that this very thread runs.
        threading.Thread(target=server.shutdown, daemon=True).start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
