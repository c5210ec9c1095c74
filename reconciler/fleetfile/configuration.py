"""`.codemonkeys/config.yaml`: settings, read fast when nothing is wrong with them."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.fleetfile import documents, files, source, syntax
from reconciler.model import patterns
from reconciler.model.fleet import Complaint
from reconciler.settings import Settings

FILE = ".codemonkeys/config.yaml"
DAY_S = 86_400
_REGISTRY: dict[str, Any] = {
    "enabled": True,
    "url": None,
    "upload_url": None,
    "settle_s": 30.0,
    "build_isolation": True,
}
DEFAULTS: dict[str, Any] = {
    "ship": {
        "github": {"base_url": "https://api.github.com", "token_env": "GITHUB_TOKEN", "app": None},
        "ansible": {"playbook_dir": "./playbooks", "inventory": None, "timeout_s": 900.0},
        "secrets": {"sops_age_key": "~/.config/sops/age/keys.txt"},
        "security": {
            "trivy_enabled": True,
            "cargo_audit_enabled": True,
            "fail_on_high": True,
            "trivy": {"cache": None, "db_repository": None},
            "cargo_audit": {"db": None},
        },
        "alerts": {"webhook_url_env": "ALERT_WEBHOOK_URL", "notify": []},
        "registries": dict.fromkeys(("crates_io", "docker_hub", "pypi", "npm"), _REGISTRY),
        "ollama": {"url": "http://127.0.0.1:11434", "model": None},
        "swarm": {"url": "sqlite:.codemonkeys/state/swarm.db"},
    }
}
"""The document of an empty file; the same as the model's (a test)."""

_url = partial(patterns.fits, patterns.URL)
_variable = partial(patterns.fits, patterns.VARIABLE)
_path = partial(patterns.fits, patterns.USER_PATH)


def _switch(value: object) -> bool:
    return type(value) is bool


def _seconds(value: object) -> bool:
    return type(value) in (int, float) and 0 < value <= DAY_S  # type: ignore[operator]  # a number


_QUICK: Mapping[str, Callable[[object], bool]] = {
    "base_url": _url,
    "url": _url,
    "upload_url": _url,
    "token_env": _variable,
    "webhook_url_env": _variable,
    "playbook_dir": _path,
    "inventory": _path,
    "sops_age_key": _path,
    "cache": _path,
    "db": _path,
    "timeout_s": _seconds,
    "settle_s": _seconds,
    "enabled": _switch,
    "build_isolation": _switch,
    "trivy_enabled": _switch,
    "cargo_audit_enabled": _switch,
    "fail_on_high": _switch,
}
"""What is surely right, by key; everything else is left to the model."""


def load_settings(root: Path) -> tuple[Settings, tuple[Complaint, ...]]:
    """Read the configuration; with complaints the settings are the defaults: do nothing by them."""
    document, complaints = load_document(root)
    return Settings.of(document), complaints


def load_document(root: Path) -> tuple[Mapping[str, Any], tuple[Complaint, ...]]:
    """Read the configuration with every default filled in."""
    listed = files.single(root, FILE)
    if listed is None:
        return DEFAULTS, ()
    try:
        content = files.read(root, listed)
    except files.Unreadable as refused:
        return DEFAULTS, (source.unreadable(FILE, None, refused.trouble),)
    if not syntax.COMMENT.sub("", content.decode("utf-8", "replace")).strip():
        return DEFAULTS, ()
    read = source.read(content, FILE, None)
    if read.complaints:
        return DEFAULTS, read.complaints
    fast = quick(read.value)
    if fast is not None:
        return fast, ()
    document, faults = documents.validated("config", read.value)
    return (DEFAULTS, read.blame(faults)) if document is None else (document, ())


def quick(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Fill in the defaults of a document that is surely right; None: ask the model."""
    whole = json.loads(json.dumps(DEFAULTS))  # deepcopy would keep the registries one object
    return whole if _fill(whole, value) else None


def _fill(into: dict[str, Any], value: Mapping[str, Any]) -> bool:
    for key, given in value.items():
        default = into.get(key)
        if isinstance(default, dict):
            block = {"enabled": given} if "enabled" in default and type(given) is bool else given
            if not isinstance(block, dict) or not _fill(default, block):
                return False
        elif key in into and key in _QUICK and "sqlite" not in str(default) and _QUICK[key](given):
            into[key] = float(given) if key.endswith("_s") else given
        else:
            return False
    return True
