"""The environment of a git process: no configuration, hook, prompt, helper or variable of the user."""

import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.model.secret import Secret

_CONFIG = (
    ("core.hooksPath", os.devnull),
    ("core.autocrlf", "false"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", os.devnull),
    ("core.excludesFile", os.devnull),
    ("credential.helper", ""),
    ("protocol.allow", "never"),
    ("protocol.file.allow", "always"),
    ("protocol.http.allow", "always"),
    ("protocol.https.allow", "always"),
    ("protocol.ssh.allow", "always"),
    ("protocol.ext.allow", "never"),
    ("http.followRedirects", "false"),
    ("submodule.recurse", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("advice.detachedHead", "false"),
    ("commit.gpgSign", "false"),
    ("push.gpgSign", "false"),
)
"""Plain http passes here: `gitnames` keeps it to loopback. A credential never follows a redirect."""

_KEPT = frozenset(
    name
    for lower in ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
    for name in (lower, lower.upper())
) | {"PATH", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"}
"""What a child may know of the user's environment: how to reach the net, and the agent for ssh."""


def environment(folder: Path, url: str, credentials: Mapping[str, Secret]) -> dict[str, str]:
    """Return the variables of one call; a token stands in one only where the address asks for it."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    config = [*_CONFIG, *_headers(url, credentials)]
    pairs = {"GIT_CONFIG_COUNT": str(len(config))}
    for number, (key, value) in enumerate(config):
        pairs[f"GIT_CONFIG_KEY_{number}"] = key
        pairs[f"GIT_CONFIG_VALUE_{number}"] = value
    return pairs | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "LANGUAGE": "C",
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    }


def _headers(url: str, credentials: Mapping[str, Secret]) -> Sequence[tuple[str, str]]:
    """Return the header for the longest prefix of the address, as GitHub takes tokens for git."""
    for base in sorted(credentials, key=len, reverse=True):
        prefix = base.rstrip("/") + "/"
        if prefix.startswith(("https://", "http://")) and url.startswith(prefix):
            pair = b64encode(f"x-access-token:{credentials[base].reveal()}".encode()).decode()
            return [(f"http.{prefix}.extraHeader", f"Authorization: Basic {pair}")]
    return []


def variables_to_drop(env: Mapping[str, str]) -> list[str]:
    """Name the variables of this process that a child must not get, sorted."""
    return sorted(name for name in os.environ if name not in _KEPT and name not in env)
