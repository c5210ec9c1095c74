"""Files made to hurt are clean complaints: no traceback, no waiting, little memory."""

import os
import resource
import socket
from pathlib import Path

import pytest

from reconciler import fleetfile
from reconciler.fleetfile import files
from reconciler.model.errors import Terminal
from reconciler.model.fleet import Complaint, Fleet
from tests.world import fleets

FILE = "fleet/products/x.yaml"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + step)}: &{chr(98 + step)} [{','.join(['*' + chr(97 + step)] * 9)}]\n" for step in range(8)
)
GOOD = fleets.small("x")

TEXTS: list[tuple[str, bytes, int, int, str]] = [
    ("empty", b"", 1, 1, "the file is empty"),
    ("only comments", b"# nothing\n\n# here\n", 1, 1, "the file is empty"),
    ("only dashes", b"---\n", 2, 1, "must be a mapping"),
    ("scalar", b"hello\n", 1, 1, "must be a mapping"),
    ("list", b"# c\n- a\n- b\n", 2, 1, "must be a mapping"),
    ("alias bomb", BOMB.encode(), 2, 8, "alias inside an anchored value"),
    ("flat aliases", b"a: &a 1\nb: [" + b"*a," * 30 + b"]\n", 2, 65, "more than 20 aliases"),
    ("deep flow", b"a: " + b"[" * 5000, 1, 36, "nested more than 32 levels"),
    ("deep mappings", b"a: " + b"{a: " * 4000, 1, 132, "nested more than 32 levels"),
    ("deep indentation", "\n".join(" " * depth + "a:" for depth in range(300)).encode(), 34, 34, "32 levels"),
    ("deeper than may be counted", b"[" * 500_000, 1, 1, "more than 20,000 values"),
    ("a million dashes", b"- " * 500_000, 1, 1, "more than 20,000 values"),
    ("too many values", b"a: [" + b"x," * 100_000 + b"]", 1, 1, "more than 20,000 values"),
    ("over 1 MiB", b"#" * 1_048_577, 1, 1, "larger than 1024 KiB"),
    ("Latin-1", GOOD.encode() + "# caf\u00e9\n".encode("latin-1"), 5, 6, "0xe9 is not valid UTF-8"),
    ("UTF-16", GOOD.encode("utf-16"), 1, 1, "is not valid UTF-8"),
    ("UTF-32", GOOD.encode("utf-32-be"), 1, 1, "control character"),
    ("cut in a character", GOOD.encode() + b"# \xe2\x82", 5, 3, "is not valid UTF-8"),
    ("NUL", b"a: b\nc: \0\n", 2, 4, "control character"),
    ("noise", bytes(range(256)), 3, 115, "is not valid UTF-8"),
    ("number that is no number", b"a: !!int x\n", 1, 4, "the tag `!!int`"),
    ("huge number", b"a: " + b"9" * 5000 + b"\n", 1, 1, "missing key"),
    ("a key of a megabyte", b"k" * 900_000 + b": 1\n", 1, 1, ""),
    ("a value of a megabyte", GOOD.encode() + b"k: " + b"v" * 900_000 + b"\n", 5, 1, "unknown key `k`"),
    ("merge of itself", b"a: &a\n  <<: *a\n", 2, 3, "merge keys"),
    ("escape sequence in a key", GOOD.encode() + b'"\\e[31m": 1\n', 5, 1, "unknown key `\\u001b[31m`"),
    ("directive of YAML 1.1", b"%YAML 1.1\n--- {a: *x}\n", 2, 9, "anchor"),
    ("carriage returns", b"a: 1\rb: 1\ra: 2\r", 3, 1, "duplicate key `a`"),
]


def _load(root: Path) -> Fleet:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fleet = fleetfile.load(root)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 50 * 1024
    return fleet


def _first(fleet: Fleet) -> Complaint:
    assert fleet.invalid == {"x": FILE}
    assert [product.name for product in fleet.products] == ["y"]
    assert all(complaint.file == FILE and complaint.product == "x" for complaint in fleet.complaints)
    assert len(fleet.complaints) <= 50
    for complaint in fleet.complaints:
        assert len(complaint.message) <= 300
        assert len(complaint.excerpt or "") <= 300
        assert (complaint.message + (complaint.excerpt or "")).replace("\t", "").isprintable()
    return fleet.complaints[0]


@pytest.mark.parametrize(
    ("content", "line", "column", "says"),
    [row[1:] for row in TEXTS],
    ids=[row[0].replace(" ", "-") for row in TEXTS],
)
def test_hostile_texts(tmp_path: Path, content: bytes, line: int, column: int, says: str) -> None:
    """Each hostile text is a complaint at its place, and the product beside it loads."""
    fleets.write(tmp_path, {FILE: content, "fleet/products/y.yaml": fleets.small("y")})
    first = _first(_load(tmp_path))
    assert says in first.message
    assert (first.line, first.column) == (line, column), str(first)


def test_comments_cost_nothing(tmp_path: Path) -> None:
    """A file with more comments than values are allowed is read."""
    fleets.write(tmp_path, {FILE: "# a: b, c: [d]\n" * 20_000 + GOOD})
    assert [product.name for product in fleetfile.load(tmp_path).products] == ["x"]


def test_nobody_reads_more_than_fifty(tmp_path: Path) -> None:
    """A file with a hundred mistakes of form is complained about fifty times."""
    fleets.write(tmp_path, {FILE: "a: 1\n" * 101})
    assert len(fleetfile.load(tmp_path).complaints) == 50


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    """UTF-8 with a mark is UTF-8 (YAML 1.2, 5.2); columns do not count it."""
    fleets.write(
        tmp_path, {FILE: b"\xef\xbb\xbf" + GOOD.encode(), "fleet/products/y.yaml": b"\xef\xbb\xbf{a: }"}
    )
    fleet = fleetfile.load(tmp_path)
    assert [product.name for product in fleet.products] == ["x"]
    assert {(complaint.line, complaint.column) for complaint in fleet.complaints} == {(1, 1), (1, 2)}


def _make(kind: str, path: Path) -> None:
    if kind == "link":
        path.symlink_to("y.yaml")
    elif kind == "dangling link":
        path.symlink_to("nowhere")
    elif kind == "folder":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path must be short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
        os.chdir(here)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("link", "is a symbolic link"),
        ("dangling link", "is a symbolic link"),
        ("folder", "is a folder"),
        ("FIFO", "is a FIFO"),
        ("socket", "is a socket"),
    ],
)
@pytest.mark.parametrize(
    "file", [FILE, "fleet/fleet.yaml", "fleet/rollouts/r.yaml", ".codemonkeys/config.yaml"]
)
def test_no_plain_file(tmp_path: Path, kind: str, says: str, file: str) -> None:
    """What is not a plain file is neither followed nor opened, wherever it stands."""
    fleets.write(tmp_path, {"fleet/products/y.yaml": fleets.small("y")})
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    _make(kind, tmp_path / file)
    complaints = (*fleetfile.load(tmp_path).complaints, *fleetfile.load_settings(tmp_path)[1])
    assert says in next(each for each in complaints if each.file == file).message


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """An unreadable or vanished file is a complaint with the system's reason."""
    listed = files.Listed(FILE, "x", 0o100644, 0, 0, 5, 0)
    with pytest.raises(files.Unreadable) as refused:
        files.read(tmp_path, listed)
    assert "cannot be read: No such file" in refused.value.trouble.message


def test_a_file_that_grew_while_it_was_read(tmp_path: Path) -> None:
    """A size that was small when listed does not let a large file in."""
    fleets.write(tmp_path, {FILE: b"#" * (files.SIZE + 1)})
    with pytest.raises(files.Unreadable):
        files.read(tmp_path, files.Listed(FILE, "x", 0o100644, 0, 0, 5, 0))


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    """Such a file cannot be named in a report as it is; it is complained about in a form that can."""
    fleets.write(tmp_path, {"fleet/products/y.yaml": fleets.small("y")})
    with open(os.path.join(os.fsencode(tmp_path), b"fleet/products/\xff.yaml"), "wb") as file:  # noqa: PTH118, PTH123 -- bytes
        file.write(b"a: 1\n")
    fleet = fleetfile.load(tmp_path)
    assert [product.name for product in fleet.products] == ["y"]
    assert [complaint.file.isprintable() for complaint in fleet.complaints] == [True]


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "\u202egnp", "back\\slash"])
def test_a_name_that_a_terminal_would_obey(tmp_path: Path, name: str) -> None:
    """It is complained about in a form that can be printed; no line is forged with it."""
    fleets.write(tmp_path, {f"fleet/products/{name}.yaml": GOOD})
    fleet = fleetfile.load(tmp_path)
    assert [one.message for one in fleet.complaints] == ["the file has a name that no product can have"]
    assert all(name.isprintable() for name in (fleet.complaints[0].file, *fleet.invalid))


def test_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    """A loop of links is one error, not a traceback."""
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/products").symlink_to("products")
    with pytest.raises(Terminal, match="fleet/products: cannot be listed"):
        fleetfile.load(tmp_path)


def test_names_that_are_no_products(tmp_path: Path) -> None:
    """Editors' leftovers are not looked at; `.yml` is complained about, also beside a twin."""
    names = {
        ".x.yaml": "?",
        "x.yaml~": "?",
        "x.json": "?",
        "z.yml": GOOD,
        "y.yaml": fleets.small("y"),
        "y.yml": "",
    }
    fleets.write(tmp_path, {f"fleet/products/{name}": text for name, text in names.items()})
    fleet = fleetfile.load(tmp_path)
    assert fleet.products == ()
    assert [complaint.file for complaint in fleet.complaints] == [
        "fleet/products/y.yml",
        "fleet/products/z.yml",
    ]
