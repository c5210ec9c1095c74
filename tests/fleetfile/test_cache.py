"""The cache changes how fast a fleet loads, never what is loaded."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import fleetfile
from reconciler.fleetfile import files
from reconciler.fleetfile.memory import Memory
from reconciler.model.cache import Cache
from reconciler.model.fleet import Fleet
from tests.world import fleets

DOCUMENTS = {
    "fleet/fleet.yaml": [
        fleets.FLEET,
        fleets.FLEET.replace("failOn: high", "failOn: low"),
        fleets.FLEET.replace("match: {site: mkdocs}", "match: {}"),
        fleets.FLEET.replace("brake", "brke"),
        "",
    ],
    "fleet/rollouts/r.yaml": [
        "apiVersion: ship/v1\nkind: Rollout\nmetadata: {name: r}\n"
        f"spec: {{change: {{kind: policy, ref: x}}, ladder: {ladder}}}\n"
        for ladder in ("careful", "bold")
    ],
    ".codemonkeys/config.yaml": ["ship: {}\n"],
} | {
    f"fleet/products/{name}.yaml": [
        fleets.product(name),
        fleets.small(name),
        fleets.small(name).replace("{name: ", "{labels: {site: mkdocs}, name: "),
        fleets.small("a").replace("name: a", f"name: {name}") + "# claims the docs of another\n",
        fleets.product("a").replace("name: a\n", f"name: {name}\n"),
        fleets.small(name).replace("repo", "rpo"),
        "a: [",
    ]
    for name in ("a", "b", "c")
}
EDITS = st.lists(
    st.sampled_from(sorted(DOCUMENTS)).flatmap(
        lambda file: st.tuples(st.just(file), st.none() | st.sampled_from(DOCUMENTS[file]))
    ),
    max_size=6,
)


class Store:
    """A cache's store in memory."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str] = {}
        self.written = 0

    def recall(self, space: str) -> Mapping[str, str]:
        """Read one space."""
        return {key: value for (known, key), value in self.values.items() if known == space}

    def load(self, root: Path) -> Fleet:
        """Load with the cache and keep the news."""
        cache = Cache(self.recall)
        fleet = fleetfile.load(root, cache=cache)
        news = cache.take()
        self.values |= news
        self.written = len(news)
        return fleet


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the stamp of a file that was written just now."""
    monkeypatch.setattr(files, "SETTLED_NS", 0)


@settings(max_examples=40, deadline=None)
@given(rounds=st.lists(EDITS, max_size=4), old=st.booleans())
def test_cached_is_uncached(rounds: list[list[tuple[str, str | None]]], old: bool) -> None:
    """Whatever is edited between loads, the fleet loaded with memory is the fleet loaded without."""
    store = Store()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            files, "SETTLED_NS", 0 if old else files.SETTLED_NS
        )  # stamps of now may repeat within a tick
        root = Path(folder)
        (root / "fleet").mkdir()
        for edits in rounds:
            for file, text in edits:
                if text is None:
                    (root / file).unlink(missing_ok=True)
                else:
                    (root / file).unlink(missing_ok=True)
                    fleets.write(root, {file: text}, old=old)
            fresh = fleetfile.load(root)
            assert store.load(root) == fresh
            assert store.load(root) == fresh


def test_a_second_load_adds_nothing(tmp_path: Path, settled: None) -> None:
    """An unchanged fleet leaves nothing to remember."""
    fleets.write(tmp_path, {f"fleet/products/p{n}.yaml": fleets.small(f"p{n}") for n in range(5)}, old=True)
    store = Store()
    store.load(tmp_path)
    assert store.written == 6
    store.load(tmp_path)
    assert store.written == 0


def test_an_unchanged_file_is_not_opened(tmp_path: Path, settled: None) -> None:
    """The stamp suffices."""
    file = "fleet/products/a.yaml"
    fleets.write(tmp_path, {file: fleets.small("a")}, old=True)
    listed = files.single(tmp_path, file)
    assert listed is not None
    first = Memory(cache := Cache(lambda _space: {}), "fleet")
    blob = first.blob(listed, lambda: files.read(tmp_path, listed))
    first.close()
    assert Memory(cache, "fleet").blob(listed, lambda: pytest.fail("read")) == blob


def test_a_young_stamp_is_not_trusted(tmp_path: Path) -> None:
    """A file changed twice within one tick of the clock has one stamp and two contents."""
    file = "fleet/products/a.yaml"
    fleets.write(tmp_path, {file: fleets.small("a") + "# 1\n"})
    store = Store()
    store.load(tmp_path)
    stamp = (tmp_path / file).stat()
    with (tmp_path / file).open("r+b") as opened:
        opened.write(b"#")
    os.utime(tmp_path / file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert list(store.load(tmp_path).invalid) == ["a"]


def test_a_fresh_checkout_is_known_by_content(tmp_path: Path) -> None:
    """Other time stamps, same content: nothing but the stamps is new."""
    names = [f"fleet/products/p{n}.yaml" for n in range(5)]
    fleets.write(tmp_path, {name: fleets.small(Path(name).stem) for name in names}, old=True)
    store = Store()
    first = store.load(tmp_path)
    for name in names:
        os.utime(tmp_path / name, (1_100_000_000, 1_100_000_000))
    assert store.load(tmp_path) == first
    assert store.written == 1


def test_an_entry_of_other_code_is_not_used(tmp_path: Path) -> None:
    """What another version of the models made of a file is made again."""
    fleets.write(tmp_path, {"fleet/products/a.yaml": fleets.small("a")}, old=True)
    store = Store()
    first = store.load(tmp_path)
    store.values["fleet", "fleet/products/a.yaml"] = "0123456789abcdef 00 \n[]"
    assert store.load(tmp_path) == first


@pytest.mark.parametrize("damage", ['{"', "[]", "7", "", '[["x"]]'])
def test_a_damaged_cache_is_passed_over(tmp_path: Path, settled: None, damage: str) -> None:
    """Whatever somebody made of the cache, the fleet is read as without one."""
    names = ["fleet/fleet.yaml", "fleet/products/a.yaml", "fleet/products/b.yaml"]
    texts = [fleets.FLEET, fleets.small("a"), fleets.small("b")]
    fleets.write(tmp_path, dict(zip(names, texts, strict=True)), old=True)
    store = Store()
    first = store.load(tmp_path)
    for place, value in store.values.items():
        keep_key = value.partition("\n")[0] + "\n" if "\n" in value else ""
        for stats in (True, False):
            kept = dict(store.values)
            store.values[place] = damage if stats else keep_key + damage
            assert store.load(tmp_path) == first
            store.values = kept


def test_a_blob_id_is_gits() -> None:
    """The id of the empty content is git's well-known one."""
    assert files.blob(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


WARM = """
import json, sys
from pathlib import Path
from reconciler import fleetfile
from reconciler.model.cache import Cache
root, store = Path(sys.argv[1]), Path(sys.argv[2])
values = {tuple(key): value for key, value in json.loads(store.read_text())} if store.exists() else {}
cache = Cache(lambda space: {key: value for (known, key), value in values.items() if known == space})
fleet = fleetfile.load(root, cache=cache)
settings, complaints = fleetfile.load_settings(root)
assert not complaints, complaints
values |= cache.take()
store.write_text(json.dumps([[list(key), value] for key, value in values.items()]))
heavy = ("pydantic", "ruamel", "jsonschema", "httpx", "deepdiff", "git")
print(len(fleet.products), *(name for name in heavy if name in sys.modules))
"""


def test_a_warm_load_imports_nothing_heavy(tmp_path: Path) -> None:
    """Neither pydantic nor ruamel is imported when nothing changed."""
    config = (
        "ship:\n  github: {token_env: X}\n  registries: {pypi: {enabled: true, url: 'http://127.0.0.1:1/'}}\n"
    )
    names = {f"fleet/products/p{n}.yaml": fleets.small(f"p{n}") for n in range(3)}
    fleets.write(
        tmp_path, {**names, "fleet/fleet.yaml": fleets.FLEET, ".codemonkeys/config.yaml": config}, old=True
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", WARM, str(tmp_path), str(tmp_path / "store.json")],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert said == [["3", "pydantic"], ["3"]]
