"""The door to MkDocs: builds a site strictly and reproducibly, and tells what it is built from.

A product's hooks and plug-ins run inside the build: it gets no variable of the user but how to reach the net.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reconciler.model.canonical import digest
from reconciler.model.errors import Terminal
from reconciler.model.redact import Redactor
from reconciler.ports import Deed, Site

if TYPE_CHECKING:
    from reconciler.outside.process import Command, Completed

RECIPE = "1"
"""Part of the fingerprint: raise it when the way of building changes what comes out."""
_CORE = frozenset(("mkdocs", "markdown", "jinja2", "pymdown_extensions", "pygments"))
_FAMILIES = ("mkdocstrings", "griffe")
"""Their parts announce themselves by name alone: mkdocstrings-python, griffe-pydantic."""
_GROUPS = re.compile(rb"^\[(mkdocs\.(plugins|themes)|markdown\.extensions)\]", re.MULTILINE)
_INHERITED = (
    *("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)
_COMPLAINT = re.compile(r"^(?:(?:WARNING|ERROR|CRITICAL)\s+-\s+|Error: )(.*)", re.MULTILINE)
_MOST = 3
_LONGEST = 400


class Runs(Protocol):
    """Runs programs: `outside.process.Processes`."""

    def run(self, command: "Command") -> "Completed":
        """Run to the end. Raises Terminal, Transient."""
        ...


class MkDocs:
    """Implements `ports.DocsBuilder`. `path`: where Python looks for distributions."""

    name = "mkdocs"

    def __init__(
        self,
        processes: Runs,
        redactor: Redactor,
        *,
        timeout_s: float = 600.0,
        path: Sequence[str] | None = None,
    ) -> None:
        self._processes = processes
        self._redactor = redactor
        self._timeout_s = timeout_s
        self._path = path

    def fingerprint(self) -> str:
        """Digest the versions of MkDocs and of all that shows in a site. Raises Terminal (not installed).

        Reads folder names instead of importing importlib.metadata: 3 ms instead of 75.
        """
        versions = dict(_installed(sys.path if self._path is None else self._path))
        if "mkdocs" not in versions:
            msg = "MkDocs is not installed beside Ship: install the extra 'docs'"
            raise Terminal(msg)
        return digest([RECIPE, sorted(versions.items())])

    def patterns(self, config: str, read: Callable[[str], str | None]) -> Sequence[str]:
        """Derive the patterns of all inputs; see `ports.DocsBuilder`.

        From docs_dir, INHERIT, custom_dir, hooks, watch, mkdocstrings' paths (its default: every Python
        file), snippets' base_path, and whatever else the options of plug-ins and extensions may name. A
        plug-in that may read anything (gen-files, macros, include-markdown, snippets without base_path ...)
        makes every file an input: `docs.inputs` narrows that.
        """
        from reconciler.outside.mkdocs_config import derive  # noqa: PLC0415 -- PyYAML; only for news

        return derive(config, read)

    def build(self, site: Site, deed: Deed) -> None:
        """Run `mkdocs build --strict`; never with --quiet, which makes broken links a success."""
        from reconciler.outside.process import Command  # noqa: PLC0415 -- a plan asks for fingerprints only

        config = _inside(site)
        _no_way_out(site.checkout)
        self.patterns(site.config, lambda path: _read(site.checkout, path))  # may not publish our own files
        home = deed.folder / "home"
        home.mkdir(exist_ok=True)
        argv = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]
        command = Command(
            argv=[*argv, "-f", str(config), "-d", str(site.folder)],
            cwd=config.parent,
            env={
                "HOME": str(home),
                "LC_ALL": "C.UTF-8",
                "NO_MKDOCS_2_WARNING": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONHASHSEED": "0",
                "PYTHONSAFEPATH": "1",  # a yaml.py in the product's root is not ours
                "PYTHONUTF8": "1",
                "SOURCE_DATE_EPOCH": str(site.epoch),
                "TZ": "UTC",
            },
            inherit=_INHERITED,
            timeout_s=self._timeout_s,
            deed=deed,
            target=site.config,
        )
        completed = self._processes.run(command)
        if completed.code:
            raise Terminal(self._complaint(completed, site))

    def _complaint(self, completed: "Completed", site: Site) -> str:
        text = f"{completed.stderr}\n{completed.stdout}"
        for folder, name in ((site.checkout, ""), (site.folder, "site/")):
            text = text.replace(f"{folder}/", name)
        lines = [line for line in completed.stderr.splitlines() if line.strip()]
        found = _COMPLAINT.findall(text)[:_MOST] or lines[-1:] or [f"exit code {completed.code}"]
        shown = " ".join(self._redactor.clean("; ".join(found)).split())
        return f"mkdocs build of {site.config!r} failed: {shown}"[:_LONGEST]


def _inside(site: Site) -> Path:
    root = Path(os.path.realpath(site.checkout))
    config = Path(os.path.realpath(root / site.config))
    if not config.is_relative_to(root) or not config.is_file():
        msg = f"docs configuration {site.config!r} is not in the repository"
        raise Terminal(msg)
    return root / site.config


def _no_way_out(checkout: Path) -> None:
    """Refuse links that lead out: a site must not publish a file of ours, such as a key. Raises Terminal."""
    root = Path(os.path.realpath(checkout))
    for folder, folders, names in os.walk(root):
        for path in (Path(folder, name) for name in (*folders, *names)):
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
                msg = f"'{path.relative_to(root)}' is a link that leads out of the repository"
                raise Terminal(msg)


def _read(checkout: Path, path: str) -> str | None:
    root = Path(os.path.realpath(checkout))
    file = Path(os.path.realpath(root / path))
    if not file.is_relative_to(root) or not file.is_file():
        return None
    return file.read_text(encoding="utf-8", errors="replace")


def _installed(path: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield name and version of what shows in a site; of two the first on the path comes last."""
    for folder in reversed([place for place in path if place and Path(place).is_dir()]):
        for entry in sorted(os.listdir(folder)):  # noqa: PTH208 -- names are all that is needed
            stem, _, kind = entry.rpartition(".")
            if kind not in {"dist-info", "egg-info"}:
                continue
            name, _, version = stem.partition("-")
            name = name.lower().replace(".", "_")
            if name in _CORE or name.startswith(_FAMILIES) or _adds_to_sites(Path(folder, entry)):
                yield name, version


def _adds_to_sites(entry: Path) -> bool:
    try:
        return bool(_GROUPS.search((entry / "entry_points.txt").read_bytes()))
    except OSError:
        return False
