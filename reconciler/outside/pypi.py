"""The door to package indexes: PEP 691 (JSON) and PEP 503 (HTML) pages, and the files that they name."""

import configparser
import importlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from reconciler.model.errors import ShipError, Terminal, Transient
from reconciler.model.observed import PublishedFile
from reconciler.outside.call import Answer, Call
from reconciler.outside.http import Http
from reconciler.settings import RegistrySettings

ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
THREADS = 8
LARGEST_FILE = 512 * 1024 * 1024
"""Bytes of one file that are fetched at most."""
LONGEST_FETCH_S = 600.0
_OK, _NOT_FOUND = 200, 404
_LOGIN = frozenset({401, 403})
_ABSENT = "registries.pypi.url is not set, and neither pip nor uv is configured on this machine"
Versions = Mapping[str, tuple[PublishedFile, ...]]


@dataclass(frozen=True, slots=True)
class Link:
    """One file on a project's page. Yanked ones count: their names are taken for ever."""

    name: str
    url: str
    sha256: str | None


class SimpleIndex:
    """Satisfies `ports.PackageIndex`."""

    def __init__(self, http: Http, settings: RegistrySettings) -> None:
        self._http = http
        self._settings = settings

    def address(self) -> str:
        """Return the index as pip knows it, with a slash at its end. Raises Terminal."""
        found = self._settings.url or configured() or pip_constant()
        if not found:
            raise Terminal(_ABSENT)
        return found.rstrip("/") + "/"

    def versions(self, packages: Sequence[str]) -> Mapping[str, Versions | str]:
        """Ask for many packages, eight at a time; a str says why one is unknown."""
        if len(packages) == 1:
            return {packages[0]: self._versions(packages[0])}
        with ThreadPoolExecutor(THREADS) as pool:
            return dict(zip(packages, pool.map(self._versions, packages), strict=True))

    def fetch(self, package: str, file: str) -> bytes:
        """Download one published file. Raises Transient (not shown yet), Terminal."""
        answer = self._page(package, remember=False)
        link = next((link for link in links(answer, package) if link.name == file), None)
        if link is None:
            msg = f"{self._name()} does not show {file} yet"
            raise Transient(msg)
        page, place = urlsplit(answer.url), urlsplit(link.url)
        if place.netloc != page.netloc and (page.scheme, place.scheme) != ("https", "https"):
            msg = f"{self._name()} says that {file} lies on another host: {place.netloc!r}"
            raise Terminal(msg)
        # identity: some servers call a .tar.gz a page that is compressed, and it would be unpacked on the way
        alone = {"accept-encoding": "identity"}
        call = Call("GET", link.url, alone, limit=LARGEST_FILE, whole_s=LONGEST_FETCH_S, same_host=True)
        answer = self._http.send(call)
        if answer.status != _OK:
            msg = f"{self._name()} answered {answer.status} for {file}"
            raise Transient(msg)
        return answer.body

    def _versions(self, package: str) -> Versions | str:
        try:
            return grouped(links(self._page(package, remember=True), package), package)
        except ShipError as error:
            return str(error)

    def _page(self, package: str, *, remember: bool) -> Answer:
        url = urljoin(self.address(), f"{normal(package)}/")
        answer = self._http.send(Call("GET", url, {"accept": ACCEPT}, remember=remember, same_host=True))
        if answer.status in {_OK, _NOT_FOUND}:
            return answer
        if answer.status in _LOGIN:
            msg = f"{self._name()} asks for a login ({answer.status})"
            raise Terminal(msg)
        if "location" in answer.headers:
            msg = f"{self._name()} redirects to another host, which is not asked"
            raise Terminal(msg)
        msg = f"{self._name()} answered {answer.status}"
        raise Transient(msg)

    def _name(self) -> str:
        return f"index {urlsplit(self.address()).netloc.rpartition('@')[2]}"


def normal(package: str) -> str:
    """Normalise a project name (PEP 503)."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415 -- only where an index is asked

    return canonicalize_name(package)


def links(answer: Answer, package: str) -> Sequence[Link]:
    """Read a project's page, JSON or HTML. Raises Transient when it is neither."""
    if answer.status == _NOT_FOUND:
        return []
    if answer.body.lstrip()[:1] != b"{":
        return _of_html(answer, package)
    try:
        files = json.loads(answer.body)["files"]
        return [
            Link(file["filename"], urljoin(answer.url, file["url"]), file["hashes"].get("sha256"))
            for file in files
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        msg = f"the index's page of '{package}' is not as PEP 691 says"
        raise Transient(msg) from None


def grouped(found: Sequence[Link], package: str) -> Versions:
    """Sort files by the version in their names, as PEP 440 normalises it; other names are left out."""
    versions: dict[str, list[PublishedFile]] = {}
    for link in found:
        version = version_of(link.name, package)
        if version is not None:
            versions.setdefault(version, []).append(PublishedFile(link.name, link.sha256))
    return {version: tuple(sorted(files, key=lambda file: file.name)) for version, files in versions.items()}


def version_of(file: str, package: str) -> str | None:
    """Return the version in a wheel's or sdist's name; None: it is neither, or another project's."""
    from packaging.utils import (  # noqa: PLC0415 -- only where an index is asked
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        name, version = (
            parse_wheel_filename(file)[:2] if file.endswith(".whl") else parse_sdist_filename(file)
        )
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return str(version) if name == normal(package) else None


def _of_html(answer: Answer, package: str) -> Sequence[Link]:
    """Read a PEP 503 page. One that names no file of the project must say that it is such a page."""
    page = _Page()
    page.feed(answer.body.decode(errors="replace"))
    page.close()
    found = []
    for href in page.hrefs:
        url, fragment = urldefrag(urljoin(answer.url, href))
        kind, _, value = fragment.partition("=")
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        found.append(Link(name, url, value.lower() if kind == "sha256" else None))
    if not (page.marked or any(version_of(link.name, package) for link in found)):
        # a login page, an error with status 200: unknown, not "never published"
        msg = f"the index's page of '{package}' names no file of it and is not as PEP 503 says"
        raise Transient(msg)
    return found


class _Page(HTMLParser):
    """Gathers the targets of all anchors, and whether the page says what it is (PEP 629, or its title)."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.marked = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hrefs += [value for name, value in attrs if tag == "a" and name == "href" and value]
        self.marked |= tag == "meta" and ("name", "pypi:repository-version") in attrs

    def handle_data(self, data: str) -> None:
        self.marked |= data.strip().lower().startswith("links for ")


# ── where the index is when the fleet does not say ───────────────────────────────────────────────


def configured(read: Callable[[str], str | None] = os.environ.get) -> str | None:
    """Return the index that the user configured for uv or pip; None: none."""
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if value := read(variable):
            return value
    home = Path("~").expanduser()
    places = (
        read("PIP_CONFIG_FILE") or os.devnull,
        *(home / ".config/pip/pip.conf", home / ".pip/pip.conf", "/etc/pip.conf"),
    )
    parser = configparser.RawConfigParser()
    for place in places:
        try:
            parser.read(place, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        if found := parser.get("global", "index-url", fallback=None):
            return found
    return None


def pip_constant() -> str | None:
    """Return the index that pip uses by default; None where pip is not installed."""
    try:
        models = importlib.import_module("pip._internal.models.index")
    except ImportError:
        return None
    return str(models.PyPI.simple_url)
