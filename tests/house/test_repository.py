"""The repository keeps its own house rules: what a linter cannot see."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT, tracked

# Assembled, so that this file does not hold what it looks for.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("debian", "org"),
    )
]
EXEMPTIONS = 15
"""How many `pragma: no cover` the code may hold; lower it whenever one goes."""
LONGEST_FILE = {"reconciler": 300, "bench": 300, "tests": 500}
MAY_BE_LONGER = {"reconciler/ports.py"}
"""All protocols on one page, signatures and docstrings only."""


def test_no_registry_host_stands_in_any_file() -> None:
    """Addresses of registries come from the user's own pip configuration, never from us."""
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in tracked()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert found == []


def test_coverage_exemptions_stay_within_the_budget() -> None:
    """The gate asks for every branch; what is exempt from it is counted."""
    marker = "pragma: " + "no cover"
    uses = [line for path in _code() for line in path.read_text().splitlines() if marker in line]
    assert len(uses) <= EXEMPTIONS, uses


@pytest.mark.parametrize("folder", ["reconciler", "tests", "bench"])
def test_no_file_outgrows_the_house(folder: str) -> None:
    """A file above the bound asks for a room of its own."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked(folder)
        if path.suffix == ".py" and (lines := len(path.read_text().splitlines())) > LONGEST_FILE[folder]
    }
    assert set(long) <= MAY_BE_LONGER


def test_lock_names_no_index() -> None:
    """A lock that names an index works only where it was made."""
    for name in ("requirements.lock", "bench/requirements.lock"):
        lock = (ROOT / name).read_text()
        assert "--hash=sha256:" in lock
        assert "://" not in lock
        assert "index" not in lock.replace("jsonschema", "")


def test_lock_holds_what_is_declared() -> None:
    """Whoever adds a dependency runs `make lock`: a fresh clone has only what the lock names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *project["dependency-groups"]["dev"],
    ]
    locked = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    versions: dict[str, list[str]] = {}
    for name, version in locked:
        versions.setdefault(canonicalize_name(name), []).append(version)
    missing = [
        text
        for text in declared
        if (need := Requirement(text)).name != project["project"]["name"]
        and not any(need.specifier.contains(one) for one in versions.get(canonicalize_name(need.name), ()))
    ]
    assert missing == []


def _code() -> list[Path]:
    return [path for path in tracked("reconciler") if path.suffix == ".py"]
