"""What README and docs say is true: commands run, options exist, generated pages are current."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house import reference
from tests.house.tree import ROOT, tracked

DOCUMENTS = [path for path in tracked() if path.suffix == ".md" and "tests" not in path.parts]
RUNS = re.compile(r"<!-- runs -->\n```\n(.*?)```\n", re.DOTALL)
FENCE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a page and what it should print; `...` stands for anything."""

    command: str
    expected: str


def _steps(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield Step(command, expected)


SESSIONS = [
    pytest.param(block, id=f"{path.relative_to(ROOT)}-{number}")
    for path in DOCUMENTS
    for number, block in enumerate(RUNS.findall(path.read_text(encoding="utf-8")), 1)
]


def _environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which `ship` and `reconcile` are this tree's, whatever is installed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("ship", "reconcile"):
        file = programs / name
        file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler.cli.{name} "$@"\n')
        file.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "SHIP_"))}
    return kept | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "NO_COLOR": "1",
    }


@pytest.mark.parametrize("block", SESSIONS)
def test_what_a_page_shows_is_what_happens(block: str, tmp_path: Path) -> None:
    """Each marked block runs, command by command, in one empty folder."""
    folder = tmp_path / "fleet-repository"
    folder.mkdir()
    environment = _environment(tmp_path)
    for step in _steps(block):
        ran = subprocess.run(
            step.command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        said = ran.stdout + ran.stderr
        pattern = ".*".join(re.escape(piece.strip("\n")) for piece in step.expected.split("..."))
        assert ran.returncode == 0, f"{step.command}\n{said}"
        assert re.fullmatch(rf"\s*{pattern}\s*", said, re.DOTALL), f"{step.command}\n{said}"


def test_some_page_runs() -> None:
    """The pattern that finds the blocks still finds some."""
    assert SESSIONS


@pytest.mark.parametrize("page", [pytest.param(path, id=path.name) for path in reference.pages()])
def test_generated_pages_are_current(page: Path) -> None:
    """`python -m tests.house.reference` writes them anew."""
    assert page.read_text(encoding="utf-8") == reference.pages()[page]


def test_every_option_that_is_shown_exists() -> None:
    """An option of ship or reconcile in any document is one that the programs take."""
    known = reference.options()
    shown = {
        (str(path.relative_to(ROOT)), option)
        for path in DOCUMENTS
        for code in FENCE.findall(path.read_text(encoding="utf-8"))
        for line in re.findall(r"(?:^|[\s`$])(?:ship|reconcile) [^\n`]*|^`--[^`]*", code)
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", line.partition("#")[0])
    }
    assert {pair for pair in shown if pair[1] not in known} == set()
    assert shown


def test_every_link_between_pages_leads_somewhere() -> None:
    """Links of the README and of pages that MkDocs does not build are held to the same rule as the others."""
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in DOCUMENTS
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.real
def test_the_site_builds_strictly(tmp_path: Path) -> None:
    """A page that is not linked, or a link that leads nowhere, fails."""
    mkdocs = Path(sys.executable).parent / "mkdocs"
    argv = [str(mkdocs), "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(
        argv,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert built.returncode == 0, built.stdout + built.stderr
    outside = re.compile(r"""(?:src|href)=["'](?:https?:)?//(?!.*\.example)""")
    loaded = [
        str(page)
        for page in (tmp_path / "site").rglob("*.html")
        for tag in re.findall(r"<(?:script|link|img)\b[^>]*>", page.read_text(encoding="utf-8"))
        if outside.search(tag)
    ]
    assert loaded == []
