"""The one door to HTTP: audited, bounded, polite; imports httpx only when something is asked."""

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from reconciler.model.cache import Cache
from reconciler.model.errors import Terminal, Transient
from reconciler.model.record import ToolCall
from reconciler.model.redact import Redactor
from reconciler.model.secret import Secret
from reconciler.outside import call as rules
from reconciler.outside.call import Answer, Call, Overloaded
from reconciler.ports import Audit, Clock

if TYPE_CHECKING:
    import httpx

IN_FLIGHT = 16
HOPS = 5
ETAGS = "etag"
REMEMBERED_BYTES = 256 * 1024


Wire = Callable[[], "httpx.BaseTransport"]


def wsgi(app: Callable[[], Any]) -> Wire:
    """Make a wire that ends in a WSGI application of this process, built at the first request."""

    def connect() -> "httpx.BaseTransport":
        inner = app()

        def serve(environ: dict[str, Any], start: Any) -> Any:  # noqa: ANN401 -- PEP 3333
            # httpx gives the path as text; WSGI wants its UTF-8 bytes as Latin-1.
            path = environ["PATH_INFO"].encode("utf-8", "replace").decode("latin-1")
            return inner({**environ, "PATH_INFO": path}, start)

        return load().WSGITransport(serve)  # type: ignore[no-any-return]  # the module is loaded late

    return connect


def load() -> ModuleType:
    """Import httpx without its command line, which would pull in click and rich (half of its time)."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: "cannot be imported"
    import httpx  # noqa: PLC0415 -- 100 ms, only when something is asked

    return httpx


class Http:
    """Sends calls, at most 16 at once; every try is in the audit trail. Raises Transient, Terminal."""

    def __init__(
        self,
        audit: Audit,
        clock: Clock,
        redactor: Redactor,
        *,
        cache: Cache | None = None,
        wire: Wire | None = None,
    ) -> None:
        self._audit, self._clock, self._redactor = audit, clock, redactor
        self._cache, self._wire = cache, wire
        self._clients: dict[tuple[bool, bool], Any] = {}
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(IN_FLIGHT)

    def get(
        self, url: str, headers: Mapping[str, str | Secret] | None = None, *, remember: bool = False
    ) -> Answer:
        """Read; any status below 500 is an answer."""
        return self.send(Call("GET", url, headers or {}, remember=remember))

    def post(self, url: str, body: bytes, headers: Mapping[str, str | Secret] | None = None) -> Answer:
        """Send once, never repeated; any status below 500 is an answer."""
        return self.send(Call("POST", url, headers or {}, body))

    def send(self, call: Call) -> Answer:
        """Send with retries (where repeating is safe), redirects and the ETag table."""
        known = self._recall(call)
        asked = replace(call, headers={**call.headers, "if-none-match": known[0]}) if known else call
        answer = self._follow(asked)
        if known and answer.status == 304:  # noqa: PLR2004 -- Not Modified, RFC 9110
            return replace(answer, status=200, body=known[1].encode())
        self._remember(call, answer)
        return answer

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    # ── ETags ────────────────────────────────────────────────────────────────────────────────────

    def _recall(self, call: Call) -> tuple[str, str] | None:
        kept = self._cache.get(ETAGS, call.url) if call.remember and self._cache else None
        if kept is None:
            return None
        etag, _, body = kept.partition("\n")
        return etag, body

    def _remember(self, call: Call, answer: Answer) -> None:
        etag = answer.headers.get("etag")
        if not (call.remember and self._cache and etag and answer.status == 200):  # noqa: PLR2004 -- OK, RFC 9110
            return
        if len(answer.body) <= REMEMBERED_BYTES and "\n" not in etag:
            self._cache.put(ETAGS, call.url, f"{etag}\n{answer.body.decode(errors='replace')}")

    # ── redirects and retries ────────────────────────────────────────────────────────────────────

    def _follow(self, call: Call) -> Answer:
        for _ in range(HOPS):
            answer = self._retry(call)
            target = answer.headers.get("location")
            if call.method not in rules.SAFE or answer.status not in rules.MOVED or not target:
                return answer
            moved = rules.moved(call, urljoin(call.url, target))
            if call.same_host and rules.host_of(moved.url) != rules.host_of(call.url):
                return answer
            call = moved
        msg = f"{call.method} {rules.host_of(call.url)}: more than {HOPS} redirects"
        raise Terminal(msg)

    def _retry(self, call: Call) -> Answer:
        tries = call.tries or (3 if call.method in rules.SAFE else 1)
        for left in range(tries - 1, -1, -1):
            try:
                answer = self._once(call)
            except Transient as error:
                if not left or (call.divisible and isinstance(error, Overloaded)):
                    raise
                pause = None
            else:
                pause = rules.pause(answer, self._clock.now())
                if not rules.again(call, answer, pause) or not left:
                    return rules.settled(call, answer)
            self._clock.sleep(pause if pause is not None else (tries - left) * (0.5 + self._clock.random()))
        raise AssertionError  # pragma: no cover -- the last try returns or raises

    def _once(self, call: Call) -> Answer:
        httpx, client = load(), self._client(call.url)
        began, result = self._clock.now(), "broke"
        try:
            with self._slots:
                answer = self._exchange(client, call)
            result = str(answer.status)
        except httpx.TimeoutException as error:
            result = "timed out"
            raise Overloaded(self._text(call, result)) from error
        except httpx.ConnectError as error:
            result = "cannot be reached"
            raise Transient(self._text(call, result)) from error
        except httpx.RequestError as error:
            result = "broke off"
            raise Transient(self._text(call, result)) from error
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            result = "not a valid request"
            raise Terminal(self._text(call, result)) from error
        finally:
            self._note(call, began, result)
        return answer

    def _exchange(self, client: "httpx.Client", call: Call) -> Answer:
        headers = {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in call.headers.items()
        }
        with client.stream(call.method, call.url, headers=headers, content=call.body) as response:
            body, latest = bytearray(), self._clock.now() + timedelta(seconds=call.whole_s)
            for chunk in response.iter_bytes():
                if self._clock.now() > latest:
                    raise Overloaded(self._text(call, f"did not end within {call.whole_s:g} s"))
                body += chunk
                if len(body) > call.limit:
                    msg = f"{call.method} {rules.host_of(call.url)}: the answer is over {call.limit} bytes"
                    raise Terminal(msg)
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, found, bytes(body), call.url)

    def _text(self, call: Call, what: str) -> str:
        return self._redactor.clean(f"{call.method} {rules.host_of(call.url)}: {what}")

    def _note(self, call: Call, began: datetime, result: str) -> None:
        seconds = (self._clock.now() - began).total_seconds()
        target = self._redactor.clean(rules.bare(call.url))
        with self._lock:
            self._audit.called(ToolCall(began, "http", call.method, target, result, seconds))

    # ── clients ──────────────────────────────────────────────────────────────────────────────────

    def _client(self, url: str) -> "httpx.Client":
        scheme, host = rules.place(url)
        key = (scheme == "https", rules.loopback(host))
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._connect(*key)
            return self._clients[key]  # type: ignore[no-any-return]  # the class is loaded late

    def _connect(self, encrypted: bool, local: bool) -> Any:  # noqa: ANN401, FBT001 -- the class is loaded late
        import http.cookiejar  # noqa: PLC0415 -- only with httpx
        import ssl  # noqa: PLC0415 -- only with httpx

        httpx = load()
        # A context without any authority fails closed, and costs nothing where nothing is encrypted.
        context = httpx.create_ssl_context() if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.Client(
            verify=context,
            transport=self._wire() if self._wire else None,
            trust_env=not local,  # a proxy from the environment cannot know our loopback
            limits=httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT),
            timeout=httpx.Timeout(30.0, connect=10.0),
            cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
            headers={"user-agent": "codemonkeys-ship"},
        )
