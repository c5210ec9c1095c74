"""The local forge behind a fixed latency and a memo: a GitHub on loopback that is never the bottleneck.

usage: python -m bench.server ROOT LATENCY_MS     (prints its port, ends with its standard input)

Every answer is the local forge's own; the second time the same question is asked, it is given from memory.
`/__count` returns how many requests came since it was asked last.
"""

import asyncio
import io
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

App = Callable[..., Iterable[bytes]]


class Memo:
    """Answers of a WSGI application, by method, target and body."""

    def __init__(self, app: App, port: int) -> None:
        self.app, self.port = app, port
        self.answers: dict[tuple[str, str, bytes], bytes] = {}
        self.count = 0

    def answer(self, method: str, target: str, body: bytes) -> bytes:
        """Return a whole HTTP/1.1 answer."""
        self.count += 1
        key = (method, target, body)
        if key not in self.answers:
            self.answers[key] = self._ask(method, target, body)
        return self.answers[key]

    def _ask(self, method: str, target: str, body: bytes) -> bytes:
        path, _, query = target.partition("?")
        said: list[Any] = []
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": f"127.0.0.1:{self.port}",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        content = b"".join(self.app(environ, lambda status, headers, *_: said.extend((status, headers))))
        status, headers = said[:2]
        skip = {"content-length", "connection", "transfer-encoding"}
        lines = [f"{name}: {value}" for name, value in headers if name.lower() not in skip]
        head = "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(content)}", *lines])
        return head.encode() + b"\r\n\r\n" + content


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, memo: Memo, latency_s: float) -> None:
        self.memo, self.latency_s, self.held = memo, latency_s, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            first, *lines = self.held[:end].decode("latin-1").split("\r\n")
            length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
            if len(self.held) < end + 4 + length:
                return
            body, self.held = self.held[end + 4 : end + 4 + length], self.held[end + 4 + length :]
            method, target, _ = first.split(" ")
            self._answer(method, target, body)

    def _answer(self, method: str, target: str, body: bytes) -> None:
        if target == "/__count":
            content = json.dumps(self.memo.count).encode()
            self.memo.count = 0
            head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(content)}\r\n\r\n"
            self.transport.write(head.encode() + content)  # type: ignore[attr-defined]  # asyncio types it so
            return
        answer = self.memo.answer(method, target, body)
        loop = asyncio.get_running_loop()
        loop.call_later(self.latency_s, self.transport.write, answer)  # type: ignore[attr-defined]  # as above


async def serve(root: Path, latency_s: float) -> None:
    """Serve until standard input ends."""
    memo = Memo(_forge(root), 0)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(memo, latency_s), "127.0.0.1", 0)
    memo.port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"{memo.port}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


def _forge(root: Path) -> App:
    from reconciler.localforge.forge import discover, forge  # noqa: PLC0415 -- the generators need no forge
    from reconciler.outside.clock import SystemClock  # noqa: PLC0415 -- as above

    return forge(discover(root), SystemClock())


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2]) / 1000))
