"""The forge's git: one short process a call, no user's configuration, no hooks.

The forge stands for a server outside, so its git is no tool call of Ship's and has a door of its own.
No text of a request stands where git could take it for an option: names were checked before.
"""

import os
import subprocess
from functools import cache
from pathlib import Path
from shutil import which

LIMIT_S = 60.0


class GitError(Exception):
    """Git ended with an error; the text is git's own."""


@cache
def _environment() -> dict[str, str]:
    settings = {"core.hooksPath": os.devnull, "safe.directory": "*", "protocol.allow": "never"}
    numbered: dict[str, str] = {}
    for number, (key, value) in enumerate(settings.items()):
        numbered |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "PATH": os.environ.get("PATH", os.defpath),
        **numbered,
    }


def git(folder: Path, *words: str, stdin: bytes = b"", fine: tuple[int, ...] = (0,)) -> bytes:
    """Run git on a bare repository; return its stdout. Raises GitError when it ends with no fine code."""
    program = which("git")
    if program is None:
        msg = "git is not installed"
        raise GitError(msg)
    try:
        done = subprocess.run(
            [program, "--git-dir", str(folder), "--literal-pathspecs", *words],
            input=stdin,
            capture_output=True,
            check=False,
            timeout=LIMIT_S,
            env=_environment(),
        )
    except subprocess.TimeoutExpired as error:
        msg = f"git {words[0]} took over {LIMIT_S:.0f} s"
        raise GitError(msg) from error
    if done.returncode not in fine:
        raise GitError(done.stderr.decode(errors="replace").strip() or f"git {words[0]} failed")
    return done.stdout
