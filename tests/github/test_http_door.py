"""The door to HTTP: retries, redirects, ETags, limits, and what the audit trail sees of them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reconciler.model.cache import Cache
from reconciler.model.errors import Terminal, Transient
from reconciler.model.redact import Redactor
from reconciler.model.secret import Secret
from reconciler.outside.call import Answer, Call, Overloaded, bare, loopback, pause
from reconciler.outside.http import Http, wsgi
from tests.world.notes import Notes, Still

URL = "http://forge/a"
Server = Callable[[httpx.Request], httpx.Response]


class Napping(Still):
    """A clock whose time passes by sleeping."""

    def __init__(self) -> None:
        """Have not slept yet."""
        self.naps: list[float] = []

    def now(self) -> datetime:
        """Return the start plus all naps."""
        return super().now() + timedelta(seconds=sum(self.naps))

    def sleep(self, seconds: float) -> None:
        """Note the nap."""
        self.naps.append(seconds)


class Script:
    """A server that gives the next answer each time; the last one for good."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        """Know the answers."""
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer or fail."""
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Door:
    """The door before a scripted server."""

    def __init__(self, server: Server, cache: Cache | None = None, redactor: Redactor | None = None) -> None:
        """Open it."""
        self.clock, self.notes = Napping(), Notes()
        wire = httpx.MockTransport(server)
        redactor = redactor or Redactor()
        self.http = Http(self.notes, self.clock, redactor, cache=cache, wire=lambda: wire)


def reply(status: int = 200, text: str = "", **headers: str) -> httpx.Response:
    """Return an answer; underscores in names of headers are dashes."""
    return httpx.Response(
        status, text=text, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def test_a_broken_read_is_tried_again() -> None:
    """Two failures of the server and of the way cost two pauses, not the answer."""
    server = Script(httpx.ReadError("x"), reply(503), reply(text="ok"))
    door = Door(server)
    assert door.http.get(URL).body == b"ok"
    assert [call.result for call in door.notes.calls] == ["broke off", "503", "200"]
    assert door.clock.naps == [1.0, 2.0]


def test_an_answer_that_never_ends_is_given_up() -> None:
    """A server that sends a byte now and then renews every other limit; the whole answer has one too."""

    def drip() -> Iterator[bytes]:
        while True:
            door.clock.sleep(7)
            yield b" "

    door = Door(lambda _: httpx.Response(200, content=drip()))
    with pytest.raises(Overloaded, match=r"^GET forge: did not end within 60 s$"):
        door.http.get(URL)
    assert sum(door.clock.naps) < 3 * 70 + 10


def test_a_write_is_sent_once() -> None:
    """What may have had its effect is not sent again."""
    server = Script(reply(502))
    with pytest.raises(Overloaded, match=r"^POST forge: answered 502$"):
        Door(server).http.post(URL, b"{}")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (httpx.ReadTimeout("x"), Overloaded, "GET forge: timed out"),
        (httpx.ConnectError("x"), Transient, "GET forge: cannot be reached"),
        (httpx.RemoteProtocolError("x"), Transient, "GET forge: broke off"),
        (reply(500), Transient, "GET forge: answered 500"),
        (reply(504), Overloaded, "GET forge: answered 504"),
    ],
    ids=["slow", "gone", "cut", "broken", "gateway"],
)
def test_a_failure_is_told_in_one_line(answer: httpx.Response, kind: type[Exception], text: str) -> None:
    """Each failure says who, what and how, and nothing that changes from run to run."""
    with pytest.raises(kind) as told:
        Door(Script(answer)).http.get(URL)
    assert str(told.value) == text


@pytest.mark.parametrize(
    ("headers", "naps", "status"),
    [
        ({"retry_after": "7"}, [7.0], 200),
        ({"retry_after": "Fri, 02 Jan 2026 03:04:15 GMT"}, [10.0], 200),
        ({"retry_after": "3600"}, [], 429),
        ({}, [], 429),
    ],
    ids=["seconds", "a date", "too long to wait", "not said"],
)
def test_retry_after_is_honoured(headers: Mapping[str, str], naps: list[float], status: int) -> None:
    """A short wait is waited, a long one is the caller's to decide."""
    door = Door(Script(reply(429, **headers), reply()))
    assert (door.http.get(URL).status, door.clock.naps) == (status, naps)


def test_another_host_is_not_told_the_token() -> None:
    """A redirect to another host loses Authorization and every Secret; to the same host it does not."""
    server = Script(reply(302, location="/b"), reply(302, location="http://elsewhere/c"), reply(text="log"))
    door = Door(server)
    answer = door.http.get(URL, {"authorization": Secret("token-1"), "x-key": Secret("k"), "accept": "*/*"})
    seen = [(str(request.url), request.headers.get("authorization")) for request in server.requests]
    assert seen == [(URL, "token-1"), ("http://forge/b", "token-1"), ("http://elsewhere/c", None)]
    assert "x-key" not in server.requests[2].headers
    assert (answer.body, answer.url) == (b"log", "http://elsewhere/c")


def test_redirects_end() -> None:
    """A circle of redirects, and one from https to http, are refused."""
    with pytest.raises(Terminal, match="more than 5 redirects"):
        Door(Script(reply(301, location="/a"))).http.get(URL)
    with pytest.raises(Terminal, match=r"redirected from https to 'http://forge/a\?k=%\*\*\*|redirected"):
        Door(Script(reply(301, location="http://forge/a"))).http.get("https://forge/a")


def test_a_redirected_write_is_an_answer() -> None:
    """Only reads follow; a 301 to a POST is the caller's business."""
    assert Door(Script(reply(301, location="/b"))).http.post(URL, b"").status == 301


def test_an_etag_makes_the_second_look_free() -> None:
    """What was remembered is asked for with If-None-Match, and a 304 gives it back."""
    kept = Cache(lambda _: {})
    first = Door(Script(reply(text="body", etag='"1"')), kept)
    assert first.http.get(URL, remember=True).body == b"body"
    server = Script(reply(304, etag='"1"'))
    again = Door(server, Cache(lambda _: {URL: kept.news["etag", URL]}))
    assert (again.http.get(URL, remember=True).body, server.requests[0].headers["if-none-match"]) == (
        b"body",
        '"1"',
    )


def test_only_what_is_small_and_good_is_remembered() -> None:
    """Errors, large bodies and those that nobody asked to keep are not."""
    kept = Cache(lambda _: {})
    Door(Script(reply(404, etag="x")), kept).http.get(URL, remember=True)
    Door(Script(reply(text="x" * 300_000, etag="x")), kept).http.get(URL, remember=True)
    Door(Script(reply(text="x", etag="x")), kept).http.get(URL)
    Door(Script(reply(text="x")), kept).http.get(URL, remember=True)
    assert kept.news == {}


def test_an_endless_answer_is_cut() -> None:
    """Nobody fills our memory."""
    with pytest.raises(Terminal, match="over 10 bytes"):
        Door(Script(reply(text="x" * 11))).http.send(Call("GET", URL, limit=10))


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://forge/x", "http://", "forge/a", "http://[::1", "http://forge/\x00"],
)
def test_only_http_goes_out(url: str) -> None:
    """Anything but an http(s) address is refused before a byte is sent."""
    server = Script(reply())
    with pytest.raises(Terminal):
        Door(server).http.get(url)
    assert not server.requests


def test_the_audit_sees_each_call_without_secrets() -> None:
    """User, password and the values of unknown query parameters never reach the trail."""
    secret = os.urandom(12).hex()
    redactor = Redactor()
    redactor.learn(secret)
    door = Door(Script(reply()), redactor=redactor)
    door.http.get(f"http://me:{secret}@forge/{secret}/a?page=2&sig={secret}#x")
    call = door.notes.calls[0]
    assert (call.tool, call.what, call.result) == ("http", "GET", "200")
    assert call.target == "http://forge/***/a?page=2&sig=***"


def test_a_secret_is_not_in_the_error() -> None:
    """A host that is made of a known secret is not told."""
    secret = os.urandom(12).hex()
    redactor = Redactor()
    redactor.learn(secret)
    with pytest.raises(Transient) as told:
        Door(Script(httpx.ConnectError("x")), redactor=redactor).http.get(f"http://{secret}/")
    assert secret not in str(told.value)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("api.localhost", True),
        ("localhost.example", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback(host: str, *, here: bool) -> None:
    """What is this machine is told from what only sounds so."""
    assert loopback(host) is here


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client of this machine's servers does not read the environment; one of others does."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    http = Http(Notes(), Still(), Redactor())
    assert not http._client("http://127.0.0.1:1/").trust_env
    assert http._client("http://example.org/").trust_env
    assert http._client("http://example.org/x") is http._client("http://example.org/y")
    http.close()


def test_pause_of_nonsense() -> None:
    """A Retry-After that is neither number nor date is none."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert pause(Answer(429, {"retry-after": "soon"}, b"", URL), now) is None
    assert pause(Answer(429, {"retry-after": "Thu, 01 Jan 2026 00:00:09 -0000"}, b"", URL), now) == 9.0
    assert bare("http://[") == "(not an address)"


def test_an_answer_that_is_not_json() -> None:
    """A captive portal's page is a passing failure."""
    with pytest.raises(Transient, match="forge answered 200 with something that is not JSON"):
        Answer(200, {}, b"<html>", URL).json()


def test_names_in_other_letters_reach_an_application_of_this_process() -> None:
    """The path arrives as WSGI wants it: UTF-8 bytes as Latin-1."""
    seen = []

    def app(environ: dict[str, str], start: Callable[..., object]) -> list[bytes]:
        seen.append(environ["PATH_INFO"].encode("latin-1").decode())
        start("200 OK", [])
        return [b""]

    Http(Notes(), Still(), Redactor(), wire=wsgi(lambda: app)).get("http://forge/%C3%BC")
    assert seen == ["/ü"]


def test_httpx_comes_late_and_without_its_command_line() -> None:
    """Opening the door imports no httpx; the first request imports it without click and rich."""
    code = (
        "import sys\n"
        "from reconciler.outside import http\n"
        "assert 'httpx' not in sys.modules\n"
        "http.load()\n"
        "assert 'httpx' in sys.modules and not {'click', 'rich'} & sys.modules.keys()\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
