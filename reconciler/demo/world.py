"""Builds the demo's world in a folder: first whole and in sync, then with six things to see in it."""

import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reconciler.demo import registry_control, seeds, texts
from reconciler.demo.repos import Commit, grow, plant
from reconciler.demo.tools import Tools
from reconciler.model.errors import Terminal

MARK = ".ship-demo"
"""The file that says: this folder is a demo and may be built anew."""
OURS = (
    ".codemonkeys",
    ".git",
    ".gitignore",
    ".sops.yaml",
    "README.md",
    "fleet",
    "keys",
    "registry",
    "repos",
    "secrets",
    MARK,
)
"""What a demo consists of; nothing else in the folder is ever removed."""
FRESH_PAGE = "Since January a banana is split by whole slices."
"""Stands in the new page of the product with the stale site."""


@dataclass(frozen=True, slots=True)
class World:
    """One demo folder and the tools to change it."""

    root: Path
    tools: Tools

    @property
    def registry(self) -> Path:
        """The registry's folder."""
        return self.root / "registry"

    def repo(self, seed: seeds.Seed) -> Path:
        """Return a product's bare repository."""
        return self.root / "repos" / f"{seed.name}.git"

    def declare(self, seed: seeds.Seed, text: str) -> None:
        """Write a product's YAML file."""
        self.write(f"fleet/products/{seed.name}.yaml", text)

    def write(self, path: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file of the folder; its mode holds from the first byte on."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=mode)
        file.write_text(text, encoding="utf-8")

    def commit(self, subject: str) -> None:
        """Commit what is declared: the folder is the fleet's git repository."""
        self.tools.git(self.root, ["add", "--all"])
        self.tools.git(self.root, ["commit", "--quiet", "--no-gpg-sign", f"--message={subject}"])


def claim(root: Path, *, force: bool) -> None:
    """Make the folder empty for a demo. Raises Terminal for a folder that is not ours to empty."""
    if root.exists() and not root.is_dir():
        msg = f"'{root}' is not a folder"
        raise Terminal(msg)
    if not root.exists() or not any(root.iterdir()):
        root.mkdir(parents=True, exist_ok=True)
        return
    if not (root / MARK).is_file():
        msg = f"'{root}' is not empty and not an earlier demo: name another folder"
        raise Terminal(msg)
    if not force:
        msg = f"'{root}' holds an earlier demo: build it anew with --force, or name another folder"
        raise Terminal(msg)
    if (root / "registry").is_dir():
        registry_control.stop(root / "registry")
    for name in OURS:
        if (root / name).is_dir():
            shutil.rmtree(root / name)
        else:
            (root / name).unlink(missing_ok=True)


def build(world: World, reconcile: Callable[[], None]) -> None:
    """Build everything: a past that `reconcile` makes real by publishing it, then what is wrong with it.

    The registry runs afterwards. Raises Terminal.
    """
    world.write(MARK, json.dumps({"schema": "ship/demo/v1"}) + "\n")
    world.write("README.md", texts.readme())
    world.write(".gitignore", texts.GITIGNORE)
    furnish(world)
    for seed in seeds.SEEDS:
        first = Commit(f"Add {seed.name}", seeds.files(seed, "1.0.0"), tag="v1.0.0")
        plant(world.tools.git, world.repo(seed), first)
        if seed is not seeds.MANGO:
            world.declare(seed, texts.product(seed.name))
    world.write("fleet/fleet.yaml", texts.FLEET)
    world.tools.git(world.root, ["init", "--quiet", "--initial-branch=main", "."])
    world.commit("Declare the fleet")
    registry_control.start(world.registry, world.tools)
    reconcile()
    spoil(world)


def furnish(world: World) -> None:
    """Make the registry's account, the age key, and the password encrypted for it."""
    import pyrage  # noqa: PLC0415 -- belongs to the extra `demo`

    password = secrets.token_urlsafe(24)
    port = registry_control.settle(world.registry, texts.USER, password)
    key = pyrage.x25519.Identity.generate()
    (world.root / "keys").mkdir(mode=0o700)
    world.write(texts.KEY_FILE, f"{key}\n", mode=0o600)
    world.write(".sops.yaml", texts.SOPS_CONFIG.format(recipient=key.to_public()))
    world.write(".codemonkeys/config.yaml", texts.CONFIG.format(port=port, settle=texts.SETTLE_S))
    # the name is no secret: taken out of every text it would take half of the words with it
    account = json.dumps({"username_unencrypted": texts.USER, "password": password}).encode()
    world.tools.encrypt(world.root, texts.SECRETS_FILE, account)


def spoil(world: World) -> None:
    """Let the world move on: new pages, a new tag, a lost file, a typo."""
    changes = seeds.files(seeds.BANANA, "1.0.0")["docs/changes.md"] + f"\n{FRESH_PAGE}\n"
    grow(world.tools.git, world.repo(seeds.BANANA), Commit("Tell what is new", {"docs/changes.md": changes}))
    coconut = {"pyproject.toml": seeds.files(seeds.COCONUT, "1.1.0")["pyproject.toml"]}
    grow(world.tools.git, world.repo(seeds.COCONUT), Commit("Release 1.1.0", coconut, tag="v1.1.0"))
    (world.registry / "packages" / sdist(seeds.LEMON, "1.0.0")).unlink()
    world.declare(seeds.MANGO, texts.product(seeds.MANGO.name).replace(*texts.TYPO))
    world.commit("Add mango-math")


def sdist(seed: seeds.Seed, version: str) -> str:
    """Return the file name of a product's sdist."""
    return f"{seed.module}-{version}.tar.gz"


def wheel(seed: seeds.Seed, version: str) -> str:
    """Return the file name of a product's wheel."""
    return f"{seed.module}-{version}-py3-none-any.whl"
