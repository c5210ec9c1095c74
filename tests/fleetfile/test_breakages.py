"""Every kind of mistake in a product file is named at its line and column."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler import fleetfile
from reconciler.model.fleet import Complaint
from tests.world import fleets


@dataclass(frozen=True, slots=True)
class Breakage:
    """One edit of a good file, and where the complaint must point."""

    reason: str
    old: str
    new: str
    line: int
    column: int
    says: str
    hint: str = ""

    def text(self, name: str) -> str:
        """Return the broken file."""
        good = fleets.product(name)
        old, new = self.old.replace("NAME", name), self.new.replace("NAME", name)
        assert good.count(old) == 1, self.old
        return good.replace(old, new)


BREAKAGES = [
    Breakage("unknown key", "  branch: main", "  brnch: main", 8, 3, "unknown key `brnch`", "`branch`"),
    Breakage(
        "snake case", "    failOn: high", "    fail_on: high", 29, 5, "unknown key `fail_on`", "`failOn`"
    ),
    Breakage("unknown at the root", "kind: Product", "kind: Product\nowner: me", 3, 1, "unknown key `owner`"),
    Breakage(
        "unknown in metadata",
        '{language: python, tier: "1"}',
        "{a: b}\n  nam: x",
        6,
        3,
        "unknown key `nam`",
        "`name`",
    ),
    Breakage(
        "unknown in a target",
        "registry: pypi, package:",
        "registry: pypi, pakage: a, package:",
        23,
        26,
        "`pakage`",
        "`package`",
    ),
    Breakage(
        "unknown in a waiver", "owner: ada", "ownr: ada, owner: ada", 32, 56, "unknown key `ownr`", "`owner`"
    ),
    Breakage(
        "key of another target",
        "        image: r",
        "        files: []\n        image: r",
        25,
        9,
        "unknown key `files`",
    ),
    Breakage("missing repo", "  repo: github:acme/NAME\n", "", 6, 1, "missing key `repo`"),
    Breakage("missing apiVersion", "apiVersion: ship/v1\n", "", 1, 1, "missing key `apiVersion`"),
    Breakage("missing name", "  name: NAME\n", "", 3, 1, "missing key `name`"),
    Breakage("missing package", "package: NAME, ", "", 23, 9, "missing key `package`"),
    Breakage("missing registry", "registry: pypi, ", "", 23, 9, "missing key `registry`"),
    Breakage(
        "missing url of a check",
        "      - url: https://acme.example/healthz\n        status",
        "      - status",
        35,
        9,
        "missing key `url`",
    ),
    Breakage("wrong kind", "kind: Product", "kind: Produkt", 2, 7, '"Produkt" is not Product', "`Product`"),
    Breakage(
        "wrong version of the form", "ship/v1", "ship/v2", 1, 13, '"ship/v2" is not ship/v1', "`ship/v1`"
    ),
    Breakage(
        "another name than the file's",
        "  name: NAME",
        "  name: other",
        4,
        9,
        '"other" is not the file\'s name',
        ".yaml",
    ),
    Breakage(
        "upper case in a name",
        "  name: NAME",
        "  name: Tidy",
        4,
        9,
        '"Tidy" is not a valid name',
        "lower-case",
    ),
    Breakage("number as a label", 'tier: "1"', "tier: 1", 5, 36, "must be a text, is 1", "quotes"),
    Breakage(
        "version as a number", "version: tags", "version: 1.10", 20, 14, "must be a text, is 1.1", "quotes"
    ),
    Breakage(
        "version that is none", "version: tags", "version: newest", 20, 14, "is not a version", "SemVer"
    ),
    Breakage(
        "yes for true", "suspend: false", "suspend: no", 9, 12, "must be true or false", "true or false"
    ),
    Breakage("text for a list", "requires: [ci]", "requires: ci", 21, 15, "must be a list", "[ci]"),
    Breakage(
        "list for a mapping", "    heal: {mode: pr}", "    heal: [pr]", 13, 11, "must be a mapping, is a list"
    ),
    Breakage(
        "nothing where a text must be", "  branch: main", "  branch:", 8, 10, "must be a text, is empty"
    ),
    Breakage(
        "text for a number",
        "status: 200",
        'status: "200"',
        36,
        17,
        "must be a whole number",
        "without quotes",
    ),
    Breakage("number too large", "status: 200", "status: 1200", 36, 17, "less than or equal to 599"),
    Breakage("unknown word", "failOn: high", "failOn: hihg", 29, 13, "is not one of low", "`high`"),
    Breakage(
        "unknown pillar",
        "[observe, docs, publish]",
        "[observe, doc, publish]",
        10,
        29,
        '"doc" is not one of',
        "`docs`",
    ),
    Breakage("unknown scanner", "[trivy]", "[trvy]", 30, 16, '"trvy" is not one of', "`trivy`"),
    Breakage("unknown registry", "registry: oci", "registry: docker", 24, 19, '"docker" is not one of'),
    Breakage(
        "mode off is a word", "{mode: pr}", "{mode: false}", 13, 18, "false is not one of off", "quotes"
    ),
    Breakage(
        "repository of no kind",
        "github:acme/NAME",
        "gitlab:acme/NAME",
        7,
        9,
        "is not a repository",
        "github:owner/name",
    ),
    Breakage("repository outside", "github:acme/NAME", "local:../NAME.git", 7, 9, "is not a repository"),
    Breakage("absolute repository", "github:acme/NAME", "local:/srv/NAME.git", 7, 9, "is not a repository"),
    Breakage(
        "repository like an option", "github:acme/NAME", "local:--upload-pack=x", 7, 9, "is not a repository"
    ),
    Breakage("branch with a space", "branch: main", "branch: my branch", 8, 11, "is not a valid branch name"),
    Breakage("branch like an option", "branch: main", "branch: --force", 8, 11, "is not a valid branch name"),
    Breakage(
        "branch with two dots", "branch: gh-pages", "branch: a..b", 16, 13, "is not a valid branch name"
    ),
    Breakage(
        "branch ending in lock", "branch: gh-pages", "branch: a.lock", 16, 13, "is not a valid branch name"
    ),
    Breakage(
        "site over the sources", "branch: gh-pages", "branch: main", 16, 13, "would replace the sources"
    ),
    Breakage("path outside", "secrets/pypi.sops.yaml", "../pypi.sops.yaml", 23, 55, "is not a path inside"),
    Breakage("absolute path", "config: mkdocs.yml", "config: /etc/passwd", 15, 13, "is not a path inside"),
    Breakage(
        "path like an option", "inventory: inventory.yml", 'inventory: "-i"', 27, 16, "is not a path inside"
    ),
    Breakage(
        "control character in a path",
        "config: mkdocs.yml",
        'config: "a\\x07b"',
        15,
        13,
        "is not a path inside",
    ),
    Breakage(
        "workflow in a folder",
        "workflow: ci.yml",
        "workflow: ../ci.yml",
        12,
        15,
        "is not the name of a playbook",
    ),
    Breakage(
        "credentials in an address",
        "https://acme.example/NAME/",
        "https://me:pw@acme.example/",
        18,
        10,
        "holds credentials",
        "secret",
    ),
    Breakage(
        "address of another kind",
        "https://acme.example/healthz",
        "file:///etc/passwd",
        35,
        14,
        "http or https",
    ),
    Breakage("date that is none", "2027-01-31", "31.01.2027", 32, 77, "is not a date", "YYYY-MM-DD"),
    Breakage("day that never comes", "2027-01-31", "2027-02-30", 32, 77, "2027-02-30"),
    Breakage(
        "target twice",
        "      - registry: oci\n        image: registry.example/acme/NAME",
        "      - {registry: pypi, package: NAME}",
        24,
        9,
        "stands here twice",
    ),
    Breakage("duplicate key", "  suspend: false", "  branch: x", 9, 3, "duplicate key `branch`", "line 8"),
    Breakage("duplicate key in flow", "{mode: pr}", "{mode: pr, mode: off}", 13, 22, "duplicate key `mode`"),
    Breakage(
        "number as a key",
        "{language: python,",
        "{8080: python,",
        5,
        12,
        "the key 8080 is not a text",
        "quotes",
    ),
    Breakage("tab for indentation", "  branch: main", "\tbranch: main", 8, 1, "tab character", "spaces"),
    Breakage("bracket not closed", "[ci]", "[ci", 22, 12, "did not find expected ',' or ']'", "not closed"),
    Breakage("quote not closed", "branch: main", "branch: 'main", 37, 1, "unexpected end"),
    Breakage(
        "wrong indentation",
        "  branch: main",
        "   branch: main",
        8,
        10,
        "mapping values are not allowed",
        "indentation",
    ),
    Breakage(
        "colon in a text", "branch: main", "branch: a: b", 8, 12, "mapping values are not allowed", "quotes"
    ),
    Breakage("tag", "branch: main", "branch: !vault main", 8, 11, "the tag `!vault` is not allowed"),
    Breakage(
        "tag that would run code",
        "branch: main",
        "branch: !!python/object/apply:os.getcwd []",
        8,
        11,
        "the tag `!!python",
    ),
    Breakage("merge key", "    heal: {mode: pr}", "    <<: {mode: pr}", 13, 5, "merge keys"),
    Breakage("alias of nothing", "branch: main", "branch: *main", 8, 11, "anchor"),
    Breakage("alias in an anchor", "requires: [ci]", "requires: &a [ci, *a]", 21, 23, "alias inside"),
    Breakage("second document", "spec:\n", "---\nspec:\n", 6, 1, "second document"),
    Breakage("list as a key", "  branch: main", "  ? [a]\n  : b", 8, 5, "a key must be a plain text"),
    Breakage("NUL", "branch: main", "branch: ma\0in", 8, 13, "control character"),
    Breakage("escape character", "branch: main", "branch: ma\x1bin", 8, 13, "control character"),
]


def _name(index: int) -> str:
    return f"unit-{index:04d}"


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Complaint]]:
    """Load a fleet of 1,000 products of which some are broken, each in its own way."""
    root = tmp_path_factory.mktemp("thousand")
    files = {f"fleet/products/{_name(index)}.yaml": fleets.product(_name(index)) for index in range(1000)}
    broken = {
        f"fleet/products/{_name(index)}.yaml": each.text(_name(index)) for index, each in enumerate(BREAKAGES)
    }
    fleet = fleetfile.load(fleets.write(root, {**files, **broken}))
    assert len(BREAKAGES) >= 37
    assert [product.name for product in fleet.products] == [
        _name(index) for index in range(len(BREAKAGES), 1000)
    ]
    assert list(fleet.invalid) == [_name(index) for index in range(len(BREAKAGES))]
    found: dict[str, list[Complaint]] = {}
    for complaint in fleet.complaints:
        found.setdefault(complaint.file, []).append(complaint)
    return found


@pytest.mark.parametrize(
    ("index", "breakage"),
    list(enumerate(BREAKAGES)),
    ids=[each.reason.replace(" ", "-") for each in BREAKAGES],
)
def test_each_breakage_is_named_at_its_place(
    complaints: dict[str, list[Complaint]], index: int, breakage: Breakage
) -> None:
    """One mistake is one complaint, at the line and column of the mistake, with a hint where there is one."""
    (complaint,) = complaints[f"fleet/products/{_name(index)}.yaml"]
    assert (complaint.line, complaint.column) == (breakage.line, breakage.column), str(complaint)
    assert breakage.says in complaint.message
    assert breakage.hint in (complaint.hint or "")
    assert complaint.product == _name(index)
    assert complaint.excerpt is None or complaint.column <= len(complaint.excerpt) + 1


def test_one_broken_file_in_a_thousand(tmp_path: Path) -> None:
    """999 products load, one complaint names the line."""
    files = {f"fleet/products/{_name(index)}.yaml": fleets.small(_name(index)) for index in range(1000)}
    files["fleet/products/unit-0500.yaml"] += "brnch: 1\n"
    fleet = fleetfile.load(fleets.write(tmp_path, files))
    assert len(fleet.products) == 999
    assert [str(complaint) for complaint in fleet.complaints] == [
        "fleet/products/unit-0500.yaml:5:1: unknown key `brnch`"
    ]


def test_all_mistakes_of_a_file_at_once(tmp_path: Path) -> None:
    """A file with four mistakes gets four complaints, in the order of their lines."""
    text = fleets.product("a").replace("branch: main", "brnch: main").replace("failOn: high", "failOn: 3")
    text = text.replace("[trivy]", "trivy").replace("status: 200", "status: none")
    fleet = fleetfile.load(fleets.write(tmp_path, {"fleet/products/a.yaml": text}))
    assert [complaint.line for complaint in fleet.complaints] == [8, 29, 30, 36]
