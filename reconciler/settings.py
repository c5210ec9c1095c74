"""`.codemonkeys/config.yaml` as typed values; secrets only by the name of an environment variable.

The document arrives merged and validated (room `fleetfile`): every default is already filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATE_FOLDER = ".codemonkeys/state"
"""Where the Swarm DB, locks and work folders live, relative to the fleet's root."""


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """How GitHub is reached. GitHub Enterprise: `base_url` ends in `/api/v3`."""

    base_url: str
    token_env: str


@dataclass(frozen=True, slots=True)
class AnsibleSettings:
    """Where playbooks are. A playbook that the folder lacks is taken from those shipped with Ship."""

    playbook_dir: str
    inventory: str | None
    timeout_s: float


@dataclass(frozen=True, slots=True)
class SecretsSettings:
    """Where the age key is; `~` is the user's home."""

    sops_age_key: str


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """How one registry is reached. No `url`: the tool's own configuration or a library's constant."""

    enabled: bool
    url: str | None
    upload_url: str | None
    settle_s: float
    """How long an upload may take to show: an interrupted publish is not repeated before."""
    build_isolation: bool
    """pypi: False builds with the build backends that are installed beside Ship."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `document` holds the whole merged file."""

    github: GitHubSettings
    ansible: AnsibleSettings
    secrets: SecretsSettings
    registries: Mapping[str, RegistrySettings]
    """By the names that products use: pypi, crates-io, oci, npm."""
    swarm_url: str
    """`sqlite:` and a path relative to the fleet's root."""
    document: Mapping[str, Any]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Settings":
        """Read a merged, validated configuration document."""
        ship = document["ship"]
        return cls(
            github=GitHubSettings(ship["github"]["base_url"], ship["github"]["token_env"]),
            ansible=AnsibleSettings(
                ship["ansible"]["playbook_dir"],
                ship["ansible"]["inventory"],
                ship["ansible"]["timeout_s"],
            ),
            secrets=SecretsSettings(ship["secrets"]["sops_age_key"]),
            registries={
                name.replace("_", "-").replace("docker-hub", "oci"): RegistrySettings(
                    enabled=block["enabled"],
                    url=block["url"],
                    upload_url=block["upload_url"],
                    settle_s=block["settle_s"],
                    build_isolation=block["build_isolation"],
                )
                for name, block in ship["registries"].items()
            },
            swarm_url=ship["swarm"]["url"],
            document=document,
        )
