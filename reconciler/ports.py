"""The protocols of sources, pillars, executors, the Swarm DB and the doors. Read second.

A protocol never grows a parameter: put the new thing into the value that is already passed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from reconciler.model.observed import Observation, Observed, PublishedFile, Sight
from reconciler.model.plan import Action, Drift, Repeat
from reconciler.model.product import Product, ProductName, RepoRef
from reconciler.model.record import (
    Entry,
    Event,
    Freeze,
    Outcome,
    Recorded,
    Status,
    ToolCall,
)
from reconciler.model.secret import Secret

# ── who sees, who decides, who does ──────────────────────────────────────────────────────────────


class Source(Protocol):
    """Sees; never changes what it looks at. Level, not edge: tells what is, whoever woke us."""

    @property
    def name(self) -> str:
        """The tag of its observations."""
        ...

    def observe(self, sights: Sequence[Sight]) -> Iterable[Observation]:
        """Look at many products at once: one observation for each product that declares what it sees.

        Never raises for one product: a failure is that product's `Observation.unknown` (one line,
        deterministic, no secret). `sight.observed` holds what the sources before it saw.
        """
        ...


class Pillar(Protocol):
    """Decides; pure. Only what is declared can drift, and unknown never drifts."""

    @property
    def name(self) -> str:
        """As `policy.allow` and `--pillar` name it: `docs`, `publish` ..."""
        ...

    def assess(self, product: Product, observed: Observed) -> Sequence[Drift]:
        """Say where it departs; empty when in sync, not declared, or when a needed source is blind."""
        ...

    def remedy(self, product: Product, drift: Drift, observed: Observed) -> Action | None:
        """Return the step that would close it; None: a person must act (the drift's texts say why)."""
        ...


class Executor(Protocol):
    """Does one kind of action. Twice = once: deterministic names, looks before it writes."""

    @property
    def kind(self) -> str:
        """The kind of action it does: its pillar, a dot, a word, such as `docs.build`."""
        ...

    @property
    def repeat(self) -> Repeat:
        """What happens when the deed is done twice."""
        ...

    @property
    def sees(self) -> frozenset[str]:
        """Sources that show whether the effect is there."""
        ...

    @property
    def settle_s(self) -> float:
        """Seconds until the effect of an interrupted deed is sure to show."""
        ...

    def fingerprint(self, action: Action) -> str:
        """Digest of what else the deed reads (playbook, secrets file); a change unparks. Never raises."""
        ...

    def execute(self, action: Action, deed: "Deed") -> Outcome:
        """Do it, and see that it holds. Raises Terminal, Waiting, Transient, LeaseLost."""
        ...


# ── one deed ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Deed:
    """What an executor is given for the time of one deed."""

    key: str
    """Name of the deed's lock: the same for every try at the same ledger row."""
    folder: Path
    """Empty work folder of mode 0700; gone afterwards, also after a crash (removed by the next run)."""
    lock_fd: int | None
    """Open descriptor of the deed's lock: every child process inherits it, so that the next run sees
    that an orphan of a killed run is still at work."""
    guard: Callable[[], None]
    """Call right before each outward write: raises LeaseLost when the state folder is no longer ours. A
    deed that never called it is taken to have changed nothing outside."""
    say: Callable[[str], None]
    """One line of progress, for stderr."""
    product: ProductName | None = None


class Deeds(Protocol):
    """Locks and work folders of deeds."""

    def open(self, action: Action) -> AbstractContextManager[Deed]:
        """Take the lock and make the folder. Raises Waiting while an orphan still holds the lock."""
        ...

    def busy(self, action_key: tuple[str, str, str]) -> bool:
        """Say whether some process still holds that deed's lock."""
        ...


# ── memory ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written in one transaction: all of it or nothing."""

    events: Sequence[Event] = ()
    entries: Sequence[Entry] = ()
    """Ledger rows, inserted or replaced by key."""
    statuses: Sequence[Status] = ()
    forget: Sequence[ProductName] = ()
    """Products that are no longer declared: their status goes, their events stay."""
    cursors: Mapping[str, int] = field(default_factory=dict)
    cache: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(space, key) to value; disposable."""
    freeze: Freeze | None = None
    thaw: bool = False

    def with_news(self, events: Sequence[Event], cache: Mapping[tuple[str, str], str]) -> "Batch":
        """Return this with earlier events in front and things to remember."""
        return replace(self, events=[*events, *self.events], cache=cache)


class Swarm(Protocol):
    """Remembers. Events are append-only and hash-chained; a store opened to look refuses writes."""

    @property
    def fence(self) -> int:
        """Fencing token of the lease that this process holds; 0: it only looks."""
        ...

    def guard(self) -> None:
        """Raise LeaseLost when the lease is no longer ours."""
        ...

    def write(self, batch: Batch) -> None:
        """Commit the batch durably. Raises LeaseLost (nothing written), WriteRefused."""
        ...

    def events(
        self, *, after: int = 0, product: str | None = None, limit: int | None = None
    ) -> Iterable[Recorded]:
        """Read events by rising seq; with `limit` the newest ones, still rising."""
        ...

    def entries(self) -> Mapping[tuple[str, str, str], Entry]:
        """Read the ledger rows by key."""
        ...

    def statuses(self) -> Mapping[ProductName, Status]:
        """Read the last statuses."""
        ...

    def cursor(self, reader: str) -> int:
        """Return the seq up to which a reader has read; 0 at first."""
        ...

    def recall(self, space: str) -> Mapping[str, str]:
        """Read one space of the cache."""
        ...

    def frozen(self) -> Freeze | None:
        """Return the freeze that a person set, expired or not."""
        ...

    def close(self) -> None:
        """Give the lease back and close."""
        ...


class Clock(Protocol):
    """Time, waiting and chance; under test all three come from one seed."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def random(self) -> float:
        """Return a number in [0, 1), for jitter."""
        ...


class Stop(Protocol):
    """Tells whether somebody asked to end."""

    def listen(self) -> None:
        """Take signals from now on."""
        ...

    def __call__(self) -> bool:
        """Say whether to end after the action at hand."""
        ...


def silent(_: str) -> None:
    """Say nothing."""


class Audit(Protocol):
    """Takes every tool call and outward request for the audit trail."""

    def called(self, call: ToolCall) -> None:
        """Note one call."""
        ...


# ── doors: what sources and executors reach the world through ─────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Look:
    """What to look at in one repository."""

    product: ProductName
    repo: RepoRef
    branch: str
    docs_branch: str | None
    tags: bool
    """The newest hundred."""
    tag_names: tuple[str, ...] = ()
    """These too, however old."""


@dataclass(frozen=True, slots=True)
class Branch:
    """The tip of one branch."""

    commit: str
    tree: str
    message: str
    rollup: str | None = None


@dataclass(frozen=True, slots=True)
class RepoView:
    """One repository as the forge shows it."""

    clone_url: str
    head: Branch | None
    """None: no such branch."""
    docs: Branch | None
    record: str | None
    """Text of `.ship-docs.json` on the docs branch."""
    tags: tuple[tuple[str, str], ...]
    """(name, peeled commit); newest commit first."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One blob of a tree, read recursively."""

    path: str
    sha: str
    mode: str


class Forge(Protocol):
    """GitHub, GitHub Enterprise or the local forge."""

    def look(self, looks: Sequence[Look]) -> Mapping[ProductName, RepoView | str]:
        """Look at many repositories, 50 a query; a str says why one could not be seen."""
        ...

    def tree(self, repo: RepoRef, tree: str) -> Sequence[TreeEntry]:
        """Read a tree recursively, blobs only, sorted by path. Raises Transient, Terminal."""
        ...

    def blob(self, repo: RepoRef, sha: str) -> bytes:
        """Read one blob. Raises Transient, Terminal."""
        ...

    def contains(self, repo: RepoRef, *, descendant: str, ancestor: str) -> bool:
        """Say whether `ancestor` is `descendant` or one of its ancestors. Raises Transient, Terminal."""
        ...


@dataclass(frozen=True, slots=True)
class Checkout:
    """A work tree wanted in `folder`."""

    url: str
    ref: str
    """Full name, such as `refs/heads/main`."""
    commit: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Tip:
    """A commit to be made of a folder's content and pushed."""

    url: str
    branch: str
    folder: Path
    parent: str | None
    """The tip that was observed; None: the branch must not exist. Anything else there: Waiting."""
    message: str
    epoch: int
    """Seconds since 1970 for author and committer date: the same input gives the same commit."""


class Git(Protocol):
    """Git over file, https or ssh."""

    def checkout(self, wanted: Checkout, deed: Deed) -> int:
        """Fetch one commit shallowly and write its files; return its committer time in epoch seconds.

        Raises Waiting when the ref no longer points there, Transient, Terminal.
        """
        ...

    def push(self, tip: Tip, deed: Deed) -> str:
        """Commit the folder and push it as a fast-forward of `parent`; return the commit.

        Never forces. Raises Waiting when the branch moved, Transient, Terminal.
        """
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """A documentation site wanted."""

    checkout: Path
    config: str
    """Path of the builder's configuration in the checkout."""
    folder: Path
    """Where the site goes; does not exist yet."""
    epoch: int
    """SOURCE_DATE_EPOCH."""


class DocsBuilder(Protocol):
    """Builds documentation; MkDocs now."""

    @property
    def name(self) -> str:
        """As `docs.builder` names it."""
        ...

    def fingerprint(self) -> str:
        """Digest of the tool's and its plug-ins' versions: part of what a site is built from."""
        ...

    def patterns(self, config: str, read: Callable[[str], str | None]) -> Sequence[str]:
        """Derive the glob patterns of all inputs from the configuration and what it inherits.

        `read` gives a file of the commit by path, None when there is none. Raises Terminal (the
        configuration cannot be read).
        """
        ...

    def build(self, site: Site, deed: Deed) -> None:
        """Build strictly and reproducibly. Raises Terminal (with the complaint), Transient (time out)."""
        ...


class PackageIndex(Protocol):
    """A registry of packages (PyPI's simple API)."""

    def versions(
        self, packages: Sequence[str]
    ) -> Mapping[str, Mapping[str, tuple[PublishedFile, ...]] | str]:
        """Ask for many packages; a package that is not there has no version; a str says why unknown."""
        ...

    def fetch(self, package: str, file: str) -> bytes:
        """Download one published file. Raises Transient, Terminal."""
        ...


@dataclass(frozen=True, slots=True)
class Play:
    """One run of a playbook."""

    playbook: str
    """File name, looked up in `ansible.playbook_dir`, then among those shipped with Ship."""
    variables: Mapping[str, Any]
    secrets: Mapping[str, Secret]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class PlayResult:
    """What came of a playbook: `outputs` is what it reported by `set_stats`."""

    ok: bool
    outputs: Mapping[str, Any]
    failure: str | None
    """One line: the failed task and its message, redacted."""
    transient: bool = False
    """Timed out or unreachable: trying again may help."""


class Playbooks(Protocol):
    """Ansible."""

    def path(self, playbook: str) -> Path:
        """Return where the playbook is. Raises Terminal when there is none."""
        ...

    def run(self, play: Play, deed: Deed) -> PlayResult:
        """Run it to its end or its timeout; leaves no process behind. Raises Terminal, Transient."""
        ...


class Vault(Protocol):
    """SOPS with age."""

    def decrypt(self, path: str, deed: Deed) -> Mapping[str, Secret]:
        """Decrypt one file in memory; nested keys are joined by `.`; every value is known to the redactor.

        Raises Terminal (no key, tampered, not encrypted, missing).
        """
        ...

    def digest(self, path: str) -> str:
        """Return the digest of the encrypted file; of nothing when there is none."""
        ...


# ── what wiring puts together ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Parts:
    """Who sees, who decides, who does, who remembers."""

    sources: Sequence[Source]
    pillars: Sequence[Pillar]
    executors: Mapping[str, Executor]
    """By kind of action."""
    swarm: Swarm
    deeds: Deeds
    clock: Clock
    locate: Callable[[ProductName, str], str]
    """(product, path in its YAML) to `file:line`."""
    drain: Callable[[], Sequence[Event]] = tuple
    """Gives the tool calls since it was last asked, for the audit trail."""
    news: Callable[[], Mapping[tuple[str, str], str]] = dict
    """Gives what sources want remembered since it was last asked."""
    say: Callable[[str], None] = silent
    """One line of progress, for stderr."""
