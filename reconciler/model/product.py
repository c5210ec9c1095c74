"""Product: the desired state of one product, merged from all layers and validated.

Built from a merged, validated document (see `model/document.py`) without importing pydantic: a warm
`reconcile --plan` reads a thousand of these from a cache.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NewType

from reconciler.model.canonical import digest

ProductName = NewType("ProductName", str)
PillarName = Literal["observe", "heal", "docs", "publish", "promote", "deploy"]
Document = Mapping[str, Any]
"""A merged, validated product document as plain JSON values."""


@dataclass(frozen=True, slots=True)
class RepoRef:
    """Where the product's repository is: `github:owner/name` or `local:path/of/bare.git`."""

    host: Literal["github", "local"]
    path: str

    @classmethod
    def parse(cls, text: str) -> "RepoRef":
        """Split a validated `spec.repo`."""
        host, _, path = text.partition(":")
        return cls("local" if host == "local" else "github", path)

    @property
    def slug(self) -> tuple[str, str]:
        """Owner and name as a GitHub-shaped API knows them.

        A local path `repos/a.git` is `("repos", "a")`; deeper folders are joined by `--`; a path
        without a folder is owned by `local`.
        """
        folder, _, name = self.path.rpartition("/")
        owner = folder.replace("/", "--") or "local"
        return owner, name.removesuffix(".git") if self.host == "local" else name

    def __str__(self) -> str:
        return f"{self.host}:{self.path}"


@dataclass(frozen=True, slots=True)
class DocsSpec:
    """`spec.docs`: where the site comes from and where it goes."""

    builder: str
    config: str
    branch: str
    inputs: tuple[str, ...]
    """Glob patterns; empty: derived from the builder's configuration."""
    url: str | None
    adopt: bool
    """True: a site that Ship did not publish may be replaced by the next build."""


@dataclass(frozen=True, slots=True)
class Target:
    """One registry of `spec.release.targets`."""

    registry: str
    package: str
    """Package name; for `oci` the image reference."""
    secrets: str | None
    """Path of a SOPS file, relative to the fleet's root."""
    files: tuple[str, ...]
    """pypi: which kinds of file make a whole release, of `sdist` and `wheel`."""


@dataclass(frozen=True, slots=True)
class ReleaseSpec:
    """`spec.release`: which version must be in which registries."""

    version: str
    """`tags` (the newest SemVer tag on the branch) or a pinned version."""
    requires: tuple[str, ...]
    publisher: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Desired state of one product. `document` holds the whole merged declaration."""

    name: ProductName
    generation: str
    """12 hex digits that change iff the declaration's meaning changes."""
    file: str
    """Where it is declared, relative to the fleet's root."""
    labels: Mapping[str, str]
    repo: RepoRef
    branch: str
    suspend: bool
    allow: frozenset[str]
    docs: DocsSpec | None
    release: ReleaseSpec | None
    document: Document

    @classmethod
    def of(cls, document: Document, *, file: str, generation: str | None = None) -> "Product":
        """Read a merged, validated document; every default is already filled in.

        A `generation` that is known already need not be computed again.
        """
        metadata, spec = document["metadata"], document["spec"]
        return cls(
            name=ProductName(metadata["name"]),
            generation=generation or digest(document)[:12],
            file=file,
            labels=metadata["labels"],
            repo=RepoRef.parse(spec["repo"]),
            branch=spec["branch"],
            suspend=spec["suspend"],
            allow=frozenset(spec["policy"]["allow"]),
            docs=_docs(spec["docs"]) if spec.get("docs") else None,
            release=_release(spec["release"]) if spec.get("release") else None,
            document=document,
        )


def _docs(block: Document) -> DocsSpec:
    return DocsSpec(
        builder=block["builder"],
        config=block["config"],
        branch=block["branch"],
        inputs=tuple(block["inputs"] or ()),
        url=block["url"],
        adopt=block["adopt"],
    )


def _release(block: Document) -> ReleaseSpec:
    return ReleaseSpec(
        version=block["version"],
        requires=tuple(block["requires"]),
        publisher=block["publisher"],
        targets=tuple(
            Target(
                registry=target["registry"],
                package=target.get("package") or target["image"],
                secrets=target.get("secrets"),
                files=tuple(target.get("files") or ()),
            )
            for target in block["targets"]
        ),
    )
