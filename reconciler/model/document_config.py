"""The Config document: `.codemonkeys/config.yaml`, how this installation reaches the world."""

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from reconciler.model import patterns
from reconciler.model.document_base import Document, Url

Variable = Annotated[str, Field(pattern=patterns.VARIABLE)]
UserPath = Annotated[str, Field(pattern=patterns.USER_PATH)]
Line = Annotated[str, Field(pattern=patterns.TEXT)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class Block(Document):
    """A mapping in YAML with snake_case keys."""

    model_config = ConfigDict(alias_generator=None)


class App(Block):
    """A GitHub App in place of a token."""

    id: Annotated[int, Field(ge=1)]
    installation: Annotated[int, Field(ge=1)]
    key_env: Variable
    """Environment variable that holds the private key."""


class GitHub(Block):
    """How GitHub is reached."""

    base_url: Url = "https://api.github.com"
    """GitHub Enterprise Server: `https://HOST/api/v3`."""
    token_env: Variable = "GITHUB_TOKEN"
    """Environment variable that holds the token."""
    app: App | None = None


class Ansible(Block):
    """Where playbooks are."""

    playbook_dir: UserPath = "./playbooks"
    inventory: UserPath | None = None
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 900.0


class Secrets(Block):
    """Where the age key is."""

    sops_age_key: UserPath = "~/.config/sops/age/keys.txt"


class Trivy(Block):
    """Where Trivy's data are."""

    cache: UserPath | None = None
    db_repository: Line | None = None


class CargoAudit(Block):
    """Where the advisories are."""

    db: UserPath | None = None


class Security(Block):
    """Which scanners run."""

    trivy_enabled: bool = True
    cargo_audit_enabled: bool = True
    fail_on_high: bool = True
    trivy: Trivy = Trivy()
    cargo_audit: CargoAudit = CargoAudit()


class Alerts(Block):
    """Who is told."""

    webhook_url_env: Variable = "ALERT_WEBHOOK_URL"
    notify: list[Variable] = []
    """Environment variables that hold Apprise addresses."""


def _mapping(value: object) -> object:
    return {"enabled": value} if isinstance(value, bool) else value


class Registry(Block):
    """How one registry is reached."""

    enabled: bool = True
    url: Url | None = None
    """Default: the tool's own configuration."""
    upload_url: Url | None = None
    settle_s: Seconds = 30.0
    """How long an upload may take to show."""
    build_isolation: bool = True
    """pypi: false builds with the build backends that are installed beside Ship."""


RegistryOrSwitch = Annotated[Registry, BeforeValidator(_mapping, json_schema_input_type=Registry | bool)]


class Registries(Block):
    """Which registries may be published to: `true`, `false` or a mapping."""

    crates_io: RegistryOrSwitch = Registry()
    docker_hub: RegistryOrSwitch = Registry()
    pypi: RegistryOrSwitch = Registry()
    npm: RegistryOrSwitch = Registry()


class Ollama(Block):
    """The model that heals."""

    url: Url = "http://127.0.0.1:11434"
    model: Line | None = None


class Swarm(Block):
    """Where the record is kept."""

    url: Annotated[str, Field(pattern=patterns.STORE)] = "sqlite:.codemonkeys/state/swarm.db"
    """`sqlite:` and a path relative to the fleet's root."""


class Ship(Block):
    """How Ship reaches the world."""

    github: GitHub = GitHub()
    ansible: Ansible = Ansible()
    secrets: Secrets = Secrets()
    security: Security = Security()
    alerts: Alerts = Alerts()
    registries: Registries = Registries()
    ollama: Ollama = Ollama()
    swarm: Swarm = Swarm()


class ConfigDocument(Block):
    """`.codemonkeys/config.yaml`."""

    ship: Ship = Ship()
