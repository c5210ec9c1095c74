"""HTTP as values: a call, its answer, and the rules of who may be asked again; sends nothing."""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from reconciler.model.errors import Terminal, Transient
from reconciler.model.secret import Secret

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
BUSY = frozenset({502, 503, 504})
TOO_MUCH = frozenset({502, 504})
MOVED = frozenset({301, 302, 303, 307, 308})
PATIENCE_S = 60.0
"""A longer Retry-After is not waited for: the caller is told instead."""
PLAIN = frozenset({"page", "path", "per_page", "recursive", "ref", "sha"})
"""Query parameters whose values are shown."""


class Overloaded(Transient):
    """Timed out or gave up (502, 504): asking for less at once may help."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    method: str
    url: str
    headers: Mapping[str, str | Secret] = field(default_factory=dict)
    body: bytes | None = None
    tries: int | None = None
    """How often at most; default 3 for GET, HEAD and OPTIONS, else 1."""
    divisible: bool = False
    """Whoever was asked too much is not asked the same again: the caller will ask for less."""
    remember: bool = False
    """GET: keep the answer with its ETag and ask with If-None-Match; a 304 gives the kept answer."""
    limit: int = 64 * 1024 * 1024
    """Bytes of answer (decoded) that are read at most."""
    whole_s: float = 60.0
    """How long the answer may take from its first byte to its last: each byte renews the other limits."""
    same_host: bool = False
    """True: a redirect to another host is given back as the answer, not followed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: names of headers in lower case, body decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """Where it came from after redirects."""

    def json(self) -> Any:  # noqa: ANN401 -- JSON is what it is
        """Return the body as JSON. Raises Transient when it is none (a cut answer, a captive portal)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            msg = f"{host_of(self.url)} answered {self.status} with something that is not JSON"
            raise Transient(msg) from error


def loopback(host: str) -> bool:
    """Say whether a host name is this machine (RFC 6761 for `localhost`)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def place(url: str) -> tuple[str, str]:
    """Return scheme and host of an http(s) address. Raises Terminal for any other."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        msg = f"not an http(s) address: {bare(url)!r}"
        raise Terminal(msg)
    return parts.scheme, parts.hostname


def host_of(url: str) -> str:
    """Return `host` or `host:port` of an address, for messages."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2]


def bare(url: str) -> str:
    """Return the address without credentials, fragment and whatever in the query may be secret."""
    try:
        parts = urlsplit(url)
        query = [(name, value if name in PLAIN else "***") for name, value in parse_qsl(parts.query)]
    except ValueError:
        return "(not an address)"
    words = urlencode(query, quote_via=quote, safe="*/")
    return parts._replace(netloc=host_of(url), query=words, fragment="").geturl()


def moved(call: Call, url: str) -> Call:
    """Return the call for where a redirect points; another host is not told who we are. Raises Terminal."""
    old, new = urlsplit(call.url), urlsplit(url)
    if old.scheme == "https" and new.scheme != "https":
        msg = f"{call.method} {host_of(call.url)}: redirected from https to {bare(url)!r}"
        raise Terminal(msg)
    if (old.scheme, old.netloc) == (new.scheme, new.netloc):
        return replace(call, url=url)
    kept = {name: value for name, value in call.headers.items() if name.lower() != "authorization"}
    return replace(call, url=url, headers={n: v for n, v in kept.items() if not isinstance(v, Secret)})


def again(call: Call, answer: Answer, pause: float | None) -> bool:
    """Say whether a safe call is worth repeating after this answer."""
    if answer.status == 429:  # noqa: PLR2004 -- Too Many Requests, RFC 6585
        return pause is not None and pause <= PATIENCE_S
    if call.divisible and answer.status in TOO_MUCH:
        return False
    return answer.status in BUSY and (pause is None or pause <= PATIENCE_S)


def settled(call: Call, answer: Answer) -> Answer:
    """Return the answer, or raise Transient when the server failed."""
    if answer.status < 500:  # noqa: PLR2004 -- server errors, RFC 9110
        return answer
    msg = f"{call.method} {host_of(call.url)}: answered {answer.status}"
    raise (Overloaded if answer.status in TOO_MUCH else Transient)(msg)


def pause(answer: Answer, now: datetime) -> float | None:
    """Read Retry-After: seconds or a date (RFC 9110, 10.2.3)."""
    text = answer.headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds())
