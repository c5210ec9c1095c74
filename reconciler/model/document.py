"""The Product document: what people write in `fleet/products/<name>.yaml`."""

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model import patterns
from reconciler.model.document_base import (
    ApiVersion,
    Branch,
    Date,
    Document,
    Labels,
    Metadata,
    Name,
    Playbook,
    RelativePath,
    Text,
    Url,
)

Package = Annotated[str, Field(pattern=patterns.PACKAGE)]
Count = Annotated[int, Field(ge=1, le=1000)]


class Policy(Document):
    """Which pillars may act on the product."""

    allow: list[Literal["observe", "heal", "docs", "publish", "promote", "deploy"]] = [
        "observe",
        "heal",
        "docs",
        "publish",
        "promote",
        "deploy",
    ]
    """Default: all. `[observe]`: look only."""


class HealLimits(Document):
    """How big a healing change may be."""

    files: Count = 3
    lines: Count = 40
    new_files: Annotated[int, Field(ge=0, le=100)] = 0


class HealAttempts(Document):
    """How often healing is tried."""

    per_signature: Count = 3
    per_day: Count = 5


class Heal(Document):
    """What is done about a red CI run."""

    mode: Literal["off", "suggest", "pr", "automerge"] = "off"
    limits: HealLimits = HealLimits()
    attempts: HealAttempts = HealAttempts()
    allow: list[RelativePath] = []
    """Globs of what may be changed; empty: everything that is not protected."""
    protect: list[RelativePath] = [
        ".github/**",
        "tests/**",
        "**/conftest.py",
        "**/*.lock",
        "fleet/**",
        ".*/**",
        "CODEOWNERS",
        "AGENTS.md",
    ]
    """Globs of what may never be changed."""


class Ci(Document):
    """The product's own continuous integration."""

    workflow: Playbook = "ci.yml"
    """File name of the workflow in `.github/workflows`."""
    heal: Heal = Heal()


class Docs(Document):
    """The documentation site: where it comes from and where it goes."""

    builder: Literal["mkdocs"] = "mkdocs"
    config: RelativePath = "mkdocs.yml"
    """The builder's configuration."""
    branch: Branch = "gh-pages"
    """The branch that holds the built site."""
    inputs: list[RelativePath] = []
    """Globs of what the site is built from; empty: derived from the builder's configuration."""
    url: Url | None = None
    """The live page, looked at after a deploy."""
    adopt: bool = False
    """True: a site that Ship did not publish may be replaced."""


class PypiTarget(Document):
    """A package on PyPI or an index of its kind."""

    registry: Literal["pypi"]
    package: Package
    secrets: RelativePath | None = None
    """SOPS file with the credential."""
    files: Annotated[list[Literal["sdist", "wheel"]], Field(min_length=1)] = ["sdist", "wheel"]
    """Which kinds of file make a whole release."""


class CratesTarget(Document):
    """A crate on crates.io or a registry of its kind."""

    registry: Literal["crates-io"]
    package: Package
    secrets: RelativePath | None = None
    """SOPS file with the credential."""


class OciTarget(Document):
    """An image in an OCI registry."""

    registry: Literal["oci"]
    image: Annotated[str, Field(pattern=patterns.IMAGE)]
    tags: Annotated[list[Annotated[str, Field(pattern=patterns.IMAGE_TAG)]], Field(min_length=1)] = [
        "{version}"
    ]
    """`{version}` is replaced by the version."""
    secrets: RelativePath | None = None
    """SOPS file with the credential."""


class NpmTarget(Document):
    """A package in an npm registry."""

    registry: Literal["npm"]
    package: Annotated[str, Field(pattern=patterns.NPM_PACKAGE)]
    secrets: RelativePath | None = None
    """SOPS file with the credential."""


Target = Annotated[PypiTarget | CratesTarget | OciTarget | NpmTarget, Field(discriminator="registry")]


class Release(Document):
    """Which version must be in which registries."""

    version: Annotated[str, Field(pattern=patterns.VERSION)] = "tags"
    """`tags`: the newest SemVer tag of the branch; or a pinned SemVer version."""
    requires: list[Literal["ci", "scans"]] = []
    """Gates: CI green on that commit, scans pass."""
    publisher: Literal["ansible", "workflow"] = "ansible"
    """`workflow`: the product's own release workflow, where a registry trusts only that."""
    targets: list[Target] = []


class Deploy(Document):
    """What the hosts run."""

    playbook: Playbook = "deploy-rust-binary.yml"
    inventory: RelativePath | None = None
    """Default: the inventory of `.codemonkeys/config.yaml`."""
    version: Annotated[str, Field(pattern=patterns.DEPLOYED)] = "released"
    """`released`: what is released; or a pinned SemVer version."""


class Waiver(Document):
    """A known vulnerability that somebody answers for."""

    id: Annotated[str, Field(pattern=patterns.PACKAGE)]
    reason: Text
    owner: Text
    expires: Date
    """The last day on which it holds."""


class Security(Document):
    """Which vulnerabilities stop a release."""

    fail_on: Literal["low", "medium", "high", "critical"] = "high"
    """The lowest severity that fails."""
    scanners: list[Literal["trivy", "cargo-audit"]] = []
    waivers: list[Waiver] = []


class HealthCheck(Document):
    """One address that must answer."""

    url: Url
    status: Annotated[int, Field(ge=100, le=599)] = 200
    contains: Text | None = None
    """Text that the answer must hold."""
    cert_days_left: Annotated[int, Field(ge=0, le=3650)] | None = None
    """Fewer days until the certificate ends are a failure."""
    failures: Annotated[int, Field(ge=1, le=100)] = 3
    """How many in a row make it unhealthy."""


class Health(Document):
    """What is looked at while the product runs."""

    checks: list[HealthCheck] = []


class Defaults(Document):
    """The part of a product's spec that a Fleet may fill in."""

    branch: Branch = "main"
    suspend: bool = False
    """True: observed and shown, never acted on."""
    policy: Policy = Policy()
    ci: Ci | None = None
    docs: Docs | None = None
    release: Release | None = None
    deploy: Deploy | None = None
    security: Security | None = None
    health: Health | None = None


class Spec(Defaults):
    """Desired state. What is not declared can never drift; `null` takes a default of the Fleet away."""

    repo: Annotated[str, Field(pattern=patterns.REPO)]
    """`github:owner/name`, or `local:` and the path of a bare repository inside the fleet's root."""


class ProductMetadata(Metadata):
    """What the product is called and sorted by."""

    name: Name
    """The file's stem."""
    labels: Labels = {}


class ProductDocument(Document):
    """One product."""

    api_version: ApiVersion
    kind: Literal["Product"]
    metadata: ProductMetadata
    spec: Spec
