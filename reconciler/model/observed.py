"""What was seen: facts, typed by kind and tagged by source; a source that failed leaves `unknown`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from reconciler.model.product import Product, ProductName


@dataclass(frozen=True, slots=True)
class Head:
    """The tip of the product's branch. Absent fact (source answered): the branch does not exist."""

    branch: str
    commit: str
    tree: str
    clone_url: str
    rollup: str | None
    """GitHub's StatusState of the commit: SUCCESS FAILURE PENDING ERROR EXPECTED; None: no checks."""


@dataclass(frozen=True, slots=True)
class Tag:
    """The newest SemVer tag that is on the branch, and the commit that it stands for (peeled)."""

    name: str
    version: str
    """Without a leading `v`."""
    commit: str
    clone_url: str


@dataclass(frozen=True, slots=True)
class DocsInputs:
    """What the site of the branch's tip would be built from."""

    digest: str
    """64 hex digits over paths, blob ids and tool versions."""
    files: int


@dataclass(frozen=True, slots=True)
class DocsRecord:
    """The tip of the docs branch, and what its record says it was built from."""

    branch: str
    commit: str
    tree: str
    inputs: str | None
    """The digest in `.ship-docs.json`; None: the site was not published by Ship."""
    source_commit: str | None
    intact: bool
    """True: the tip is the very commit that Ship made (its trailers name the recorded inputs)."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of a release as the registry shows it."""

    name: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Published:
    """What a registry holds of one package: every version with its files. No version: never published."""

    registry: str
    package: str
    versions: Mapping[str, tuple[PublishedFile, ...]]


Fact = Head | Tag | DocsInputs | DocsRecord | Published
F = TypeVar("F", Head, Tag, DocsInputs, DocsRecord, Published)


@dataclass(frozen=True, slots=True)
class Observation:
    """What one source says of one product: facts, or why it could not see (`unknown`)."""

    product: ProductName
    source: str
    facts: tuple[Fact, ...] = ()
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of one product at one moment.

    A source is in `seen`, in `unknown`, or in neither (nobody asked it: treat as unknown).
    """

    product: ProductName
    at: datetime
    facts: tuple[Fact, ...] = ()
    seen: frozenset[str] = frozenset()
    unknown: Mapping[str, str] = field(default_factory=dict)

    def of(self, kind: type[F]) -> tuple[F, ...]:
        """Return the facts of one kind, in the order of their sources."""
        return tuple(fact for fact in self.facts if isinstance(fact, kind))

    def one(self, kind: type[F]) -> F | None:
        """Return the only fact of one kind; None when the source saw that there is none."""
        return next(iter(self.of(kind)), None)

    def blind(self, *sources: str) -> bool:
        """Say whether any of the sources did not answer: nothing may then be concluded from absence."""
        return any(source not in self.seen for source in sources)

    def plus(self, observation: Observation) -> "Observed":
        """Return this with one more source's answer."""
        if observation.unknown is not None:
            return replace(self, unknown={**self.unknown, observation.source: observation.unknown})
        return replace(
            self,
            facts=self.facts + observation.facts,
            seen=self.seen | {observation.source},
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """What a source is given: the product, and what the sources before it saw."""

    product: Product
    observed: Observed
