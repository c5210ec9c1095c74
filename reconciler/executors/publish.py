"""Publishes one version to PyPI by a playbook, then fetches every file back and compares its bytes."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.model.canonical import digest
from reconciler.model.errors import ShipError, Terminal, Transient
from reconciler.model.plan import Action, Repeat
from reconciler.model.record import Outcome, Result
from reconciler.model.secret import Secret
from reconciler.ports import Checkout, Deed, Git, PackageIndex, Play, Playbooks, PlayResult, Vault
from reconciler.settings import RegistrySettings

PLAYBOOK = "publish-pypi.yml"
CREDENTIALS = ("token", "username", "username_unencrypted", "password")
_ASK_EVERY_S = 2.0
_PASSING = re.compile(
    r"timed? ?out|connection (refused|reset|closed)|error sending request|dns error"
    r"|status code (429|5\d\d)|5\d\d (internal|bad gateway|service unavailable|gateway)",
    re.IGNORECASE,
)
"""What uv says of a registry that may be back soon."""


@dataclass(frozen=True, slots=True)
class PublishPypi:
    """Satisfies `ports.Executor`."""

    git: Git
    vault: Vault
    playbooks: Playbooks
    index: PackageIndex
    address: Callable[[], str]
    """Where the index is; raises Terminal when nobody says."""
    settings: RegistrySettings
    timeout_s: float

    @property
    def kind(self) -> str:
        """Return `publish.pypi`."""
        return "publish.pypi"

    @property
    def repeat(self) -> Repeat:
        """Return `rejected`: an index takes a file name once."""
        return "rejected"

    @property
    def sees(self) -> frozenset[str]:
        """Return the sources that show what is published."""
        return frozenset({"github", "pypi"})

    @property
    def settle_s(self) -> float:
        """Return how long an upload may take to show."""
        return self.settings.settle_s

    def fingerprint(self, action: Action) -> str:
        """Digest playbook, secrets file and the registry's settings."""
        try:
            playbook = hashlib.sha256(self.playbooks.path(PLAYBOOK).read_bytes()).hexdigest()
        except (ShipError, OSError) as error:
            playbook = str(error)
        secrets = action.params.get("secrets", "")
        known = self.vault.digest(secrets) if secrets else ""
        settings = self.settings
        return digest([playbook, known, settings.url, settings.upload_url, settings.build_isolation])

    def execute(self, action: Action, deed: Deed) -> Outcome:
        """Check out the tag, build, upload what is missing, fetch everything back.

        Data: `files` (name to sha256 of what was built) and `uploaded` (names).
        """
        params = action.params
        upload_url = self._upload_url()
        if not params["secrets"]:
            msg = f"{params['package']}: no secrets file is named for the registry (targets: secrets)"
            raise Terminal(msg)
        source = deed.folder / "source"
        epoch = self.git.checkout(
            Checkout(params["clone_url"], f"refs/tags/{params['tag']}", params["commit"], source), deed
        )
        secrets = _credentials(self.vault.decrypt(params["secrets"], deed), params["secrets"])
        deed.guard()
        result = self.playbooks.run(
            Play(PLAYBOOK, self._variables(action, deed, upload_url, epoch), secrets, self.timeout_s), deed
        )
        files, uploaded = _report(result)
        for name, sha256 in sorted(files.items()):
            self._compare(params["package"], name, sha256)
        data = {"files": files, "uploaded": uploaded}
        what = f"{params['package']} {params['version']}"
        if not uploaded:
            return Outcome(Result.UNCHANGED, f"{what} was published already", data=data)
        return Outcome(Result.DONE, f"published {what}: {', '.join(uploaded)}", data=data)

    def _upload_url(self) -> str:
        if self.settings.url and not self.settings.upload_url:
            msg = "registries.pypi.upload_url is not set in .codemonkeys/config.yaml, though its url is"
            raise Terminal(msg)
        if "@" in urlsplit(self.settings.upload_url or "").netloc:
            msg = "registries.pypi.upload_url holds a login: put username and password into the secrets file"
            raise Terminal(msg)
        return self.settings.upload_url or ""

    def _variables(self, action: Action, deed: Deed, upload_url: str, epoch: int) -> Mapping[str, object]:
        return {
            "package": action.params["package"],
            "version": action.params["version"],
            "source_dir": str(deed.folder / "source"),
            "dist_dir": str(Path(deed.folder, "dist")),
            "index_url": self.address(),
            "upload_url": upload_url,
            "kinds": action.params["kinds"].split(","),
            "source_date_epoch": epoch,
            "build_isolation": self.settings.build_isolation,
            "visible_retries": max(1, ceil(self.settings.settle_s / _ASK_EVERY_S)),
        }

    def _compare(self, package: str, name: str, built: str) -> None:
        served = hashlib.sha256(self.index.fetch(package, name)).hexdigest()
        if served != built:
            msg = f"the registry serves other bytes for {name}: sha256 {served}, built was {built}"
            raise Terminal(msg)


def _credentials(found: Mapping[str, Secret], path: str) -> Mapping[str, Secret]:
    """Pick what the playbook takes, also from below a key `pypi`."""
    picked = {name: found.get(name) or found.get(f"pypi.{name}") for name in CREDENTIALS}
    secrets = {name: secret for name, secret in picked.items() if secret is not None}
    if not secrets.keys() & {"token", "password"}:
        msg = f"secrets file '{path}' holds neither 'token' nor 'password'"
        raise Terminal(msg)
    return secrets


def _report(result: PlayResult) -> tuple[dict[str, str], list[str]]:
    """Return the files with their sha256, and which were uploaded. Raises Terminal, Transient."""
    if not result.ok:
        failure = result.failure or "failed"
        passing = result.transient or _PASSING.search(failure)
        raise (Transient if passing else Terminal)(failure)
    report = result.outputs.get("publish")
    if not isinstance(report, Mapping) or not report.get("files"):
        msg = f"playbook '{PLAYBOOK}' did not report publish.files by set_stats"
        raise Terminal(msg)
    return dict(report["files"]), sorted(report.get("uploaded") or ())
