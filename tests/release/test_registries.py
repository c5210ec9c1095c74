"""Seeing registries: what a source says of each product, and how an index's pages are read."""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from reconciler.model.cache import Cache
from reconciler.model.errors import ShipError, Terminal, Transient
from reconciler.model.observed import Observation, Observed, Published, PublishedFile, Sight
from reconciler.model.product import Product, ProductName
from reconciler.model.redact import Redactor
from reconciler.outside import pypi
from reconciler.outside.http import Http
from reconciler.outside.pypi import SimpleIndex
from reconciler.settings import RegistrySettings
from reconciler.sources.pypi import DISABLED, PypiSource
from reconciler.sources.unread import UnreadRegistry
from tests.world.notes import Notes, Still
from tests.world.products import NOON, product, release

FILES = (PublishedFile("a-1.0.tar.gz", None),)
OCI = {"registry": "oci", "image": "registry.example/a"}


class Index:
    """Satisfies `ports.PackageIndex`: knows `a`, cannot see `broken`."""

    def versions(
        self, packages: Sequence[str]
    ) -> Mapping[str, Mapping[str, tuple[PublishedFile, ...]] | str]:
        """Answer."""
        known: dict[str, Mapping[str, tuple[PublishedFile, ...]] | str] = {"a": {"1.0": FILES}}
        return {name: "no answer" if name == "broken" else known.get(name, {}) for name in packages}

    def fetch(self, package: str, file: str) -> bytes:
        """Not asked by a source."""
        raise NotImplementedError


def sights(*products: Product) -> list[Sight]:
    """Nothing was seen before."""
    return [Sight(each, Observed(each.name, NOON)) for each in products]


def test_source() -> None:
    """Products that declare a PyPI target are answered for, one that cannot be seen is unknown alone."""
    asked = sights(
        product("one", release=release("a")),
        product("two", release=release("broken")),
        product("three"),
        product("four", release=release("x", targets=[OCI])),
    )
    one, two = PypiSource(Index(), enabled=True).observe(asked)
    assert one == Observation(ProductName("one"), "pypi", (Published("pypi", "a", {"1.0": FILES}),))
    assert two == Observation(ProductName("two"), "pypi", unknown="no answer")


def test_disabled() -> None:
    """A registry that is switched off is unknown, not empty; nobody is asked for nothing."""
    (answer,) = PypiSource(Index(), enabled=False).observe(sights(product("one", release=release("a"))))
    assert answer.unknown == DISABLED
    assert not [*PypiSource(Index(), enabled=True).observe(sights(product("one")))]


def test_unread_registry() -> None:
    """A declared registry that Ship cannot look into yet is unknown; nobody else is touched."""
    source = UnreadRegistry("oci")
    asked = sights(
        product("a"), product("b", release=release("b")), product("c", release=release("c", targets=[OCI]))
    )
    (answer,) = source.observe(asked)
    assert (answer.product, answer.source) == ("c", "oci")
    assert answer.unknown == "oci: this version of Ship does not look at it yet"


@dataclass
class Site:
    """A web site as an httpx transport: path to (status, headers, body)."""

    pages: dict[str, tuple[int, dict[str, str], bytes]]
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self) -> httpx.MockTransport:
        """Give the wire."""
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.asked.append(request)
        status, headers, body = self.pages.get(request.url.path, (404, {}, b"none"))
        if "etag" in headers and request.headers.get("if-none-match") == headers["etag"]:
            return httpx.Response(304, headers=headers)
        return httpx.Response(status, headers=headers, content=body)


def index(
    site: Site, *, url: str | None = "http://index.test/simple", cache: Cache | None = None
) -> SimpleIndex:
    """Make the door to a site."""
    settings = RegistrySettings(enabled=True, url=url, upload_url=None, settle_s=0, build_isolation=True)
    return SimpleIndex(Http(Notes(), Still(), Redactor(), cache=cache, wire=site), settings)


def html(*links: str) -> tuple[int, dict[str, str], bytes]:
    """Make a PEP 503 page."""
    anchors = "".join(f'<a href="{link}" data-yanked="">x</a><br>' for link in links)
    return 200, {"content-type": "text/html"}, f"<html><body><a>no link</a>{anchors}".encode()


def pep691(*files: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Make a PEP 691 page with an ETag."""
    return 200, {"etag": '"1"'}, json.dumps({"meta": {"api-version": "1.3"}, "files": files}).encode()


SHA = hashlib.sha256(b"bytes").hexdigest()
HTML = html(
    f"../../packages/Tidy_CSV-1.2.0.tar.gz#sha256={SHA.upper()}",
    "../../packages/tidy_csv-1.2.0-py3-none-any.whl#md5=abc",
    "/packages/tidy%5Fcsv-1.3.0rc1.zip",
    "other-1.0.tar.gz",
    "tidy-csv.txt",
    "tidy_csv-nonsense.whl",
)
JSON = pep691(
    {"filename": "tidy_csv-1.2.0.tar.gz", "url": "/f/tidy_csv-1.2.0.tar.gz", "hashes": {"sha256": SHA}},
    {"filename": "tidy_csv-1.0.tar.gz", "url": "https://files.test/x", "hashes": {}, "yanked": True},
)


def test_html() -> None:
    """HTML pages are read: names from addresses, SHA-256 only where it is one, strange names left out."""
    site = Site({"/simple/tidy-csv/": HTML})
    assert index(site).versions(["Tidy.CSV"]) == {
        "Tidy.CSV": {
            "1.2.0": (
                PublishedFile("Tidy_CSV-1.2.0.tar.gz", SHA),
                PublishedFile("tidy_csv-1.2.0-py3-none-any.whl", None),
            ),
            "1.3.0rc1": (PublishedFile("tidy_csv-1.3.0rc1.zip", None),),
        }
    }
    assert "application/vnd.pypi.simple.v1+json" in site.asked[0].headers["accept"]


def test_json_and_etag() -> None:
    """JSON pages are read, yanked files count; a page that did not change is not sent again."""
    site = Site({"/simple/tidy-csv/": JSON})
    cache = Cache(lambda _: {})
    seen = [index(site, cache=cache).versions(["tidy-csv"]) for _ in range(2)]
    assert seen[0] == seen[1]
    assert seen[0]["tidy-csv"] == {
        "1.2.0": (PublishedFile("tidy_csv-1.2.0.tar.gz", SHA),),
        "1.0": (PublishedFile("tidy_csv-1.0.tar.gz", None),),
    }
    assert site.asked[1].headers["if-none-match"] == '"1"'


def test_many() -> None:
    """Many are asked at once; each failure is its own, and no package is no version."""
    pages = {
        "/simple/login/": (401, {}, b""),
        "/simple/away/": (302, {"location": "http://elsewhere.test/simple/away/"}, b""),
        "/simple/odd/": (418, {}, b""),
        "/simple/down/": (500, {}, b""),
        "/simple/torn/": (200, {}, b'{"files": 3}'),
        "/simple/moved/": (301, {"location": "/simple/new/"}, b""),
        "/simple/new/": html("moved-1.0.tar.gz"),
    }
    site = Site(pages)
    answers = index(site).versions(["login", "away", "odd", "down", "torn", "none", "moved"])
    assert answers == {
        "login": "index index.test asks for a login (401)",
        "away": "index index.test redirects to another host, which is not asked",
        "odd": "index index.test answered 418",
        "down": "GET index.test: answered 500",
        "torn": "the index's page of 'torn' is not as PEP 691 says",
        "none": {},
        "moved": {"1.0": (PublishedFile("moved-1.0.tar.gz", None),)},
    }
    assert {request.url.host for request in site.asked} == {"index.test"}


NO_PAGES: dict[str, bytes] = {
    "noise": bytes(range(256)),
    "a text": b"hello",
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "deep JSON": b'{"files":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a name that is null": b'{"files":[{"filename":null,"url":5,"hashes":[]}]}',
    "a login page": b'<html><title>Sign in</title><a href="/login">Sign in</a></html>',
    "another project's page": b'<a href="other-1.0.tar.gz">other-1.0.tar.gz</a>',
}


@pytest.mark.parametrize("case", NO_PAGES)
def test_what_is_no_page_is_unknown(case: str) -> None:
    """An answer of status 200 that is no page of an index never reads as "never published"."""
    site = Site({"/simple/x/": (200, {}, NO_PAGES[case]), "/simple/y/": html("y-1.0.tar.gz")})
    answers = index(site).versions(["x", "y"])
    assert "is not as PEP" in str(answers["x"])
    assert answers["y"] == {"1.0": (PublishedFile("y-1.0.tar.gz", None),)}


@pytest.mark.parametrize(
    "page",
    [
        b'<html><head><meta name="pypi:repository-version" content="1.1"></head></html>',
        b"<html><h1>Links for x</h1></html>",
        b'{"meta": {}, "files": []}',
    ],
    ids=["PEP 629", "a title", "JSON"],
)
def test_a_page_without_files_is_empty(page: bytes) -> None:
    """A page that says what it is and names no file: never published."""
    assert index(Site({"/simple/x/": (200, {}, page)})).versions(["x"]) == {"x": {}}


FETCHES: dict[str, tuple[str, str, type[ShipError], str]] = {
    "not shown yet": ("/x/", "tidy_csv-9.tar.gz", Transient, "does not show tidy_csv-9.tar.gz yet"),
    "on another host": (
        "http://files.test/",
        "tidy_csv-1.0.tar.gz",
        Terminal,
        "lies on another host: 'files.test'",
    ),
    "shown, not served": ("/gone/", "tidy_csv-1.0.tar.gz", Transient, "answered 404 for tidy_csv-1.0.tar.gz"),
}


@pytest.mark.parametrize("case", FETCHES)
def test_fetch_refused(case: str) -> None:
    """What cannot be fetched is told; what lies on a host that nobody named is not asked for."""
    place, file, kind, text = FETCHES[case]
    site = Site({"/simple/tidy-csv/": html(f"{place}tidy_csv-1.0.tar.gz")})
    with pytest.raises(kind, match=text):
        index(site).fetch("tidy-csv", file)


@pytest.mark.parametrize(
    ("base", "place"),
    [("http://index.test/simple/", "../../f/"), ("https://index.test/simple/", "https://files.test/f/")],
    ids=["same host", "an https index names its host for files"],
)
def test_fetch(base: str, place: str) -> None:
    """A file comes byte for byte."""
    link = f"{place}tidy_csv-1.0.tar.gz"
    site = Site({"/simple/tidy-csv/": html(link), "/f/tidy_csv-1.0.tar.gz": (200, {}, b"bytes")})
    assert index(site, url=base).fetch("tidy-csv", "tidy_csv-1.0.tar.gz") == b"bytes"
    assert site.asked[-1].headers["accept-encoding"] == "identity"


def test_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting the user's own configuration of uv or pip is taken: variables first, then files."""
    monkeypatch.setenv("HOME", str(tmp_path))
    named = tmp_path / "named.conf"
    named.write_text("[global]\nindex-url = http://named.test/simple\n")
    variables = {"PIP_CONFIG_FILE": str(named)}
    assert pypi.configured(variables.get) == "http://named.test/simple"
    assert pypi.configured({**variables, "PIP_INDEX_URL": "http://pip.test/"}.get) == "http://pip.test/"
    named.write_text("no section\n")
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / ".config/pip/pip.conf").write_text("[global]\nindex-url = http://home.test/\n")
    assert pypi.configured(variables.get) == "http://home.test/"
    (tmp_path / ".config/pip/pip.conf").write_text("[global]\ntimeout = 9\n")
    assert pypi.configured(variables.get) != "http://home.test/"


def test_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fleet's own address goes first, pip's constant last; with neither a person must say."""
    assert index(Site({})).address() == "http://index.test/simple/"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://uv.test/simple")
    assert index(Site({}), url=None).address() == "http://uv.test/simple/"
    assert urlsplit(str(pypi.pip_constant())).scheme == "https"
    monkeypatch.setitem(sys.modules, "pip._internal.models.index", None)
    assert pypi.pip_constant() is None
    monkeypatch.setattr(pypi, "configured", lambda: None)
    with pytest.raises(Terminal, match=r"registries.pypi.url is not set"):
        index(Site({}), url=None).address()
    answers = index(Site({}), url=None).versions(["a"])
    assert "registries.pypi.url is not set" in str(answers["a"])
