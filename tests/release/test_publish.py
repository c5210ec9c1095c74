"""The executor of `publish.pypi` over doors that answer from memory."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.executors.publish import PublishPypi
from reconciler.model.errors import LeaseLost, ShipError, Terminal, Transient
from reconciler.model.observed import PublishedFile
from reconciler.model.record import Result
from reconciler.model.secret import Secret
from reconciler.ports import Deed, Play, PlayResult
from reconciler.settings import RegistrySettings
from tests.world.notes import deed
from tests.world.release import Written, action

BYTES = b"the wheel"
SHA = hashlib.sha256(BYTES).hexdigest()
WHEEL = "tidy_csv-1.2.0-py3-none-any.whl"


@dataclass
class Doors:
    """Satisfies `Vault`, `Playbooks` and `PackageIndex`."""

    secrets: Mapping[str, str] = field(default_factory=lambda: {"token": "t0ken"})
    result: PlayResult = field(
        default_factory=lambda: PlayResult(
            True, {"publish": {"files": {WHEEL: SHA}, "uploaded": [WHEEL]}}, None
        )
    )
    served: bytes = BYTES
    book: Path | None = None
    plays: list[Play] = field(default_factory=list)

    def decrypt(self, path: str, deed: Deed) -> Mapping[str, Secret]:
        """Give the secrets."""
        return {name: Secret(value) for name, value in self.secrets.items()}

    def digest(self, path: str) -> str:
        """Give a digest of the secrets."""
        return str(sorted(self.secrets.items()))

    def path(self, playbook: str) -> Path:
        """Give the playbook."""
        if self.book is None:
            msg = "no playbook"
            raise Terminal(msg)
        return self.book

    def run(self, play: Play, deed: Deed) -> PlayResult:
        """Give the result."""
        self.plays.append(play)
        return self.result

    def versions(
        self, packages: Sequence[str]
    ) -> Mapping[str, Mapping[str, tuple[PublishedFile, ...]] | str]:
        """Not asked by an executor."""
        raise NotImplementedError

    def fetch(self, package: str, file: str) -> bytes:
        """Give the file."""
        return self.served


SETTINGS = RegistrySettings(True, "http://i.test/simple/", "http://i.test/", 7, build_isolation=False)


def publisher(doors: Doors, settings: RegistrySettings = SETTINGS) -> PublishPypi:
    """Make the executor over the doors."""
    git = Written("1.2.0")
    return PublishPypi(git, doors, doors, doors, lambda: "http://i.test/simple/", settings, 60)


def test_published(tmp_path: Path) -> None:
    """What was uploaded is reported with digests; the playbook got what it needs and only known secrets."""
    doors = Doors({"pypi.token": "t0ken", "pypi.other": "x", "username": "u"})
    executor = publisher(doors)
    outcome = executor.execute(action(), deed(tmp_path))
    assert outcome.result is Result.DONE
    assert outcome.data == {"files": {WHEEL: SHA}, "uploaded": [WHEEL]}
    (play,) = doors.plays
    assert {name: secret.reveal() for name, secret in play.secrets.items()} == {
        "token": "t0ken",
        "username": "u",
    }
    assert play.variables["kinds"] == ["sdist", "wheel"]
    assert play.variables["visible_retries"] == 4
    assert (executor.kind, executor.repeat, executor.settle_s) == ("publish.pypi", "rejected", 7)


def test_nothing_uploaded(tmp_path: Path) -> None:
    """A release that is whole is unchanged, and compared all the same."""
    doors = Doors(result=PlayResult(True, {"publish": {"files": {WHEEL: SHA}}}, None))
    assert publisher(doors).execute(action(), deed(tmp_path)).result is Result.UNCHANGED


def failed(text: str | None, **more: Any) -> PlayResult:
    """Make a play that failed."""
    return PlayResult(False, {}, text, **more)


FAILURES: dict[str, tuple[Doors, type[ShipError], str]] = {
    "other bytes": (Doors(served=b"evil"), Terminal, f"the registry serves other bytes for {WHEEL}"),
    "wrong password": (Doors(result=failed("status code 403 Forbidden")), Terminal, "403"),
    "failed silently": (Doors(result=failed(None)), Terminal, "failed"),
    "timed out": (Doors(result=failed("late", transient=True)), Transient, "late"),
    "registry busy": (Doors(result=failed("Server returned status code 503")), Transient, "503"),
    "connection lost": (Doors(result=failed("Connection reset by peer")), Transient, "reset"),
    "playbook says nothing": (Doors(result=PlayResult(True, {}, None)), Terminal, "did not report"),
    "no credential": (Doors({"username": "u"}), Terminal, "holds neither 'token' nor 'password'"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_failures(tmp_path: Path, case: str) -> None:
    """Each failure goes to who can mend it: a person, or time."""
    doors, kind, text = FAILURES[case]
    with pytest.raises(kind, match=text):
        publisher(doors).execute(action(), deed(tmp_path))


def test_not_configured(tmp_path: Path) -> None:
    """Without an address for uploads, or without a secrets file, nothing is begun."""
    doors = Doors()
    with pytest.raises(Terminal, match="upload_url is not set"):
        publisher(doors, replace(SETTINGS, upload_url=None)).execute(action(), deed(tmp_path))
    login = replace(SETTINGS, upload_url="http://u:p@i.test/")
    with pytest.raises(Terminal, match="upload_url holds a login"):
        publisher(doors, login).execute(action(), deed(tmp_path))
    with pytest.raises(Terminal, match="no secrets file is named"):
        publisher(doors).execute(action(secrets=""), deed(tmp_path))
    assert not doors.plays
    unset = replace(SETTINGS, url=None, upload_url=None)
    publisher(doors, unset).execute(action(), deed(tmp_path / "work"))
    assert doors.plays[0].variables["upload_url"] == ""


def test_lease(tmp_path: Path) -> None:
    """A lease that was lost is seen before anything is uploaded."""
    doors = Doors()

    def lost() -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        publisher(doors).execute(action(), replace(deed(tmp_path), guard=lost))
    assert not doors.plays


def test_fingerprint(tmp_path: Path) -> None:
    """Another playbook, secrets file or address is another fingerprint; a missing playbook does not raise."""
    book = tmp_path / "publish-pypi.yml"
    book.write_text("a")
    seen = {publisher(Doors(book=book)).fingerprint(action())}
    seen.add(publisher(Doors({"token": "new"}, book=book)).fingerprint(action()))
    seen.add(publisher(Doors(book=book), replace(SETTINGS, upload_url="x")).fingerprint(action()))
    seen.add(publisher(Doors(book=book)).fingerprint(action(secrets="")))
    book.write_text("b")
    seen.add(publisher(Doors(book=book)).fingerprint(action()))
    seen.add(publisher(Doors()).fingerprint(action()))
    assert len(seen) == 6
