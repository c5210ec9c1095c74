"""ship validate, explain, schema and init as a user calls them."""

import json
from pathlib import Path

import pytest

from reconciler.cli.ship import main
from reconciler.fleetfile import load, schemas
from reconciler.fleetfile.syntax import parse
from reconciler.model.fleet import Complaint
from reconciler.render import complaints
from tests.world import fleets

BROKEN = fleets.small("b").replace("{repo", "{rpo")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a fleet with a good and a broken product."""
    files = {"a": fleets.product("a"), "b": BROKEN}
    fleets.write(tmp_path, {f"fleet/products/{name}.yaml": text for name, text in files.items()})
    return fleets.write(tmp_path, {"fleet/fleet.yaml": fleets.FLEET})


def test_validate_text(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each complaint with the line, a caret under the column, and a hint; exit 1.

    A required key that is only misspelt is one complaint, not two.
    """
    assert main(["validate", "--fleet", str(root)]) == 1
    assert capsys.readouterr().out == (
        "fleet/products/b.yaml:4:8: unknown key `rpo`\n"
        "    spec: {rpo: 'local:repos/b.git'}\n"
        "           ^\n"
        "    hint: did you mean `repo`?\n"
        "1 product valid, 1 invalid; 1 complaint in 1 file\n"
    )


def test_validate_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as data, in the form of a plan's errors."""
    assert main(["validate", "--fleet", str(root), "--output", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["summary"] == {"valid": 1, "invalid": 1, "errors": 1}
    assert said["errors"][0] == {
        "file": "fleet/products/b.yaml",
        "line": 4,
        "column": 8,
        "message": "unknown key `rpo`",
        "hint": "did you mean `repo`?",
    }


def test_validate_markdown(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as a table; without complaints the summary alone."""
    assert main(["validate", "--fleet", str(root), "--output", "markdown"]) == 1
    assert (
        "| `fleet/products/b.yaml:4:8` | unknown key `rpo` | did you mean `repo`? |"
        in capsys.readouterr().out
    )
    (root / "fleet/products/b.yaml").unlink()
    assert main(["validate", "--fleet", str(root), "--output", "markdown"]) == 0
    assert capsys.readouterr().out == "1 product, nothing wrong\n"


def test_validate_looks_at_the_configuration_too(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake there is told with the others."""
    fleets.write(root, {".codemonkeys/config.yaml": "ship: {git: {}}\n"})
    assert main(["validate", "--fleet", str(root)]) == 1
    assert ".codemonkeys/config.yaml:1:8: unknown key `git`" in capsys.readouterr().out


def test_carets_line_up() -> None:
    """Tabs stay tabs; a column behind the end is still pointed at; cells are escaped."""
    tabbed = Complaint("f", 1, 4, "m|<b>", excerpt="\ta\tbcd")
    assert complaints.caret(tabbed) == "\t \t^"
    assert complaints.caret(Complaint("f", 1, 3, "m", excerpt="a")) == "  ^"
    assert complaints.text([Complaint("f", 1, 1, "m")]) == "f:1:1: m"
    assert "\x1b[31mm|<b>\x1b[0m" in complaints.text([tabbed], color=True)
    assert "| m\\|&lt;b> |" in complaints.markdown([tabbed])


def test_explain_text(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The merged YAML reads back as the document, and names the line of each value."""
    assert main(["explain", "a", "--fleet", str(root)]) == 0
    said = capsys.readouterr().out
    (product,) = load(root).products
    assert parse(said)[:2] == (product.document, [])
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert f"# generation {product.generation}" in lines
    assert "branch: main # fleet/products/a.yaml:8" in lines
    assert "failOn: high # fleet/products/a.yaml:29" in lines
    assert "builder: mkdocs # built in" in lines


def test_explain_json_and_markdown(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Origins by dotted path; Markdown as a fenced block."""
    assert main(["explain", "a", "--fleet", str(root), "-o", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["origins"]["spec.release.targets.0.package"] == "fleet/products/a.yaml:23"
    assert said["document"]["spec"]["docs"]["builder"] == "mkdocs"
    assert main(["explain", "a", "--fleet", str(root), "-o", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("```yaml\napiVersion: ship/v1")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("b", "b.yaml:4:8: unknown key `rpo`"),
        ("aa", 'no product "aa"; did you mean a?'),
        ("zzz", 'no product "zzz"\n'),
    ],
)
def test_explain_what_is_not_there(
    root: Path, capsys: pytest.CaptureFixture[str], name: str, says: str
) -> None:
    """Of an invalid product its complaints are shown, of an unknown one its nearest name."""
    assert main(["explain", name, "--fleet", str(root)]) == 1
    assert says in capsys.readouterr().err


def test_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed alone or all, written, compared."""
    assert main(["schema", "product"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Ship product"
    assert main(["schema"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == list(schemas.KINDS)
    assert main(["schema", "--check", str(tmp_path)]) == 1
    assert "stale: product.schema.json" in capsys.readouterr().err
    assert main(["schema", "--write", str(tmp_path)]) == 0
    assert main(["schema", "--check", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    "extra", [[], ["--product", "tidy-csv", "--repo", "github:acme/tidy-csv"]], ids=["bare", "product"]
)
def test_init_then_validate(tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: list[str]) -> None:
    """What init writes is valid; a second init writes nothing."""
    folder = tmp_path / "My fleet!"
    assert main(["init", str(folder), *extra]) == 0
    assert main(["validate", "--fleet", str(folder)]) == 0
    capsys.readouterr()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert main(["init", str(folder), *extra]) == 1
    assert "there already: fleet/fleet.yaml" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert (folder / ".gitignore").read_text().endswith(".codemonkeys/state/\n")


def test_the_starter_with_everything_switched_on(tmp_path: Path) -> None:
    """What stands commented in the starter is right too."""
    assert main(["init", str(tmp_path), "--product", "a", "--repo", "github:acme/a"]) == 0
    for file in ("fleet/fleet.yaml", "fleet/products/a.yaml"):
        lines = (tmp_path / file).read_text().splitlines()
        switched = [
            line.replace("# ", "", 1) if line.startswith(" ") and line.lstrip().startswith("# ") else line
            for line in lines
        ]
        assert switched != lines
        (tmp_path / file).write_text("\n".join(switched) + "\n")
    assert load(tmp_path).complaints == ()
    (product,) = load(tmp_path).products
    assert product.docs is not None
    assert product.release is not None
    assert product.allow == {"observe"}


@pytest.mark.parametrize(
    ("before", "after"), [("x", "x\n"), ("", ""), ("x\n", "x\n"), (".codemonkeys/state/\n", None)]
)
def test_init_keeps_a_gitignore(tmp_path: Path, before: str, after: str | None) -> None:
    """A .gitignore that is there gets the line that it lacks, once."""
    (tmp_path / ".gitignore").write_text(before)
    assert main(["init", "--fleet", str(tmp_path)]) == 0
    now = (tmp_path / ".gitignore").read_text()
    assert now == (
        before if after is None else after + "# Ship's own record of this machine\n.codemonkeys/state/\n"
    )


@pytest.mark.parametrize(
    ("extra", "code", "says"),
    [
        (["--product", "a"], 64, "belong together"),
        (["--product", "../a", "--repo", "github:acme/a"], 1, "nothing was written"),
        (["--product", "a", "--repo", "acme/a"], 1, "is not a repository"),
    ],
)
def test_init_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: list[str], code: int, says: str
) -> None:
    """A wrong product is refused before anything is written."""
    assert main(["init", str(tmp_path / "new"), *extra]) == code
    assert says in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
