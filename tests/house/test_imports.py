"""What a command may import: start-up time is a promise, and imports are most of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.world.bare import Bare

HEAVY = frozenset(
    {
        "pydantic",
        "pydantic_core",
        "ruamel",
        "deepdiff",
        "jsonschema",
        "git",
        "mkdocs",
        "click",
        "rich",
        "hypothesis",
    }
)
OURS = frozenset({"reconciler", "__main__", "_distutils_hack"})
"""The last one is no import of anybody's: setuptools puts it into every process of its environment."""
PROGRAM = """
import sys
from importlib import import_module
sys.argv = sys.argv[1:]
try:
    sys.exit(import_module(sys.argv[0]).main(sys.argv[1:]))
finally:
    names = {name.partition(".")[0] for name, module in sys.modules.items() if module is not None}
    sys.stderr.write("imported " + " ".join(sorted(names)) + "\\n")
"""
PRODUCT = """\
apiVersion: ship/v1
kind: Product
metadata: {name: tidy}
spec:
  repo: local:repos/tidy.git
  docs: {builder: mkdocs}
"""


def _imported(*words: str, cwd: Path = ROOT) -> frozenset[str]:
    """Run a program in a process of its own; return the packages that are neither ours nor Python's."""
    argv = [sys.executable, "-c", PROGRAM, *words]
    environment = {"PYTHONPATH": str(ROOT), "PATH": str(Path(sys.executable).parent) + ":/usr/bin:/bin"}
    ran = subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    names = ran.stderr.rpartition("imported ")[2].split()
    return frozenset(names) - sys.stdlib_module_names - OURS


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["reconciler.cli.reconcile", "--help"], id="help of the loop"),
        pytest.param(["reconciler.cli.ship", "--help"], id="help of ship"),
        pytest.param(["reconciler.cli.ship", "--version"], id="version"),
    ],
)
def test_asking_for_help_imports_no_library(words: list[str]) -> None:
    """Help and version come from the standard library and our own few lines."""
    assert _imported(*words) == frozenset()


@pytest.fixture
def warm(tmp_path: Path) -> Path:
    """A fleet that one run has made as it is declared: its site is published, its cache is filled."""
    Bare(tmp_path / "repos" / "tidy.git").commit(
        {"mkdocs.yml": "site_name: tidy\n", "docs/index.md": "# Tidy\n"}
    )
    products = tmp_path / "fleet" / "products"
    products.mkdir(parents=True)
    (products / "tidy.yaml").write_text(PRODUCT)
    _imported("reconciler.cli.reconcile", cwd=tmp_path)
    return tmp_path


@pytest.mark.real
def test_a_warm_plan_imports_nothing_heavy(warm: Path) -> None:
    """What did not change is neither parsed nor validated again."""
    assert _imported("reconciler.cli.reconcile", "--plan", cwd=warm) & HEAVY == frozenset()


@pytest.mark.real
def test_reading_the_record_imports_nothing_heavy(warm: Path) -> None:
    """`ship status` and `ship why` answer from the Swarm DB alone."""
    for words in (["status"], ["why", "tidy"]):
        assert (
            _imported("reconciler.cli.ship", *words, cwd=warm) & (HEAVY | {"httpx", "werkzeug"})
            == frozenset()
        )
