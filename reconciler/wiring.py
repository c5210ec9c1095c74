"""Wiring: the only file that names concrete sources, pillars, executors, store and clock.

What only some runs need is imported where it is built: a warm `--plan` must stay cheap.
"""

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from reconciler import fleetfile
from reconciler.loop import rest
from reconciler.model.cache import Cache
from reconciler.model.errors import Terminal
from reconciler.model.fleet import Fleet
from reconciler.model.record import Event, EventType
from reconciler.model.redact import Redactor
from reconciler.model.secret import Secret
from reconciler.outside.ansible import Ansible
from reconciler.outside.clock import SystemClock
from reconciler.outside.deeds import FolderDeeds, NoDeeds
from reconciler.outside.forges import Forges
from reconciler.outside.git import GitDoor
from reconciler.outside.github import Access, GitHub
from reconciler.outside.http import Http, wsgi
from reconciler.outside.mkdocs import MkDocs
from reconciler.outside.process import Processes
from reconciler.outside.pypi import SimpleIndex
from reconciler.outside.sops import Sops
from reconciler.outside.trail import Trail
from reconciler.ports import (
    Batch,
    Clock,
    Deeds,
    DocsBuilder,
    Executor,
    Forge,
    Git,
    PackageIndex,
    Parts,
    Pillar,
    Playbooks,
    Source,
    Stop,
    Swarm,
    Vault,
)
from reconciler.render import complaints as wrongs
from reconciler.settings import STATE_FOLDER, Settings
from reconciler.swarm.lease import Claim
from reconciler.swarm.reader import read_store
from reconciler.swarm.sqlite import open_store

UNREAD = ("crates-io", "oci", "npm")
"""Registries that may be declared, but that nobody looks at yet: unknown, never in sync."""
LOCAL_API = "http://forge.localhost"
"""Base URL of the forge in this process; nothing listens there."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Everything through which sources and executors reach the world; tests put a pretend world here."""

    forge: Forge
    git: Git
    builders: Mapping[str, DocsBuilder]
    index: PackageIndex
    index_address: Callable[[], str]
    playbooks: Playbooks
    vault: Vault
    deeds: Deeds


def sources(doors: Doors, cache: Cache, settings: Settings) -> Sequence[Source]:
    """Name who sees, in the order in which they look."""
    from reconciler.sources.docs import DocsSource  # noqa: PLC0415 -- see above
    from reconciler.sources.github import GitHubSource  # noqa: PLC0415 -- see above
    from reconciler.sources.pypi import PypiSource  # noqa: PLC0415 -- see above
    from reconciler.sources.unread import UnreadRegistry  # noqa: PLC0415 -- see above

    return (
        GitHubSource(doors.forge, cache),
        DocsSource(doors.forge, doors.builders, cache),
        PypiSource(doors.index, enabled=settings.registries["pypi"].enabled),
        *(UnreadRegistry(name) for name in UNREAD),
    )


def pillars() -> Sequence[Pillar]:
    """Name who decides."""
    from reconciler.pillars.docs import DocsPillar  # noqa: PLC0415 -- see above
    from reconciler.pillars.release import ReleasePillar  # noqa: PLC0415 -- see above

    return (DocsPillar(), ReleasePillar())


def executors(doors: Doors, settings: Settings) -> Mapping[str, Executor]:
    """Name who does."""
    from reconciler.executors.build_docs import BuildDocs  # noqa: PLC0415 -- see above
    from reconciler.executors.publish import PublishPypi  # noqa: PLC0415 -- see above

    made: Sequence[Executor] = (
        BuildDocs(doors.git, doors.builders),
        PublishPypi(
            doors.git,
            doors.vault,
            doors.playbooks,
            doors.index,
            doors.index_address,
            settings.registries["pypi"],
            settings.ansible.timeout_s,
        ),
    )
    return {executor.kind: executor for executor in made}


@dataclass(slots=True)
class House:
    """An opened installation: settings, memory, redactor, trail; gives the parts of a run."""

    root: Path
    settings: Settings
    swarm: Swarm
    redactor: Redactor
    trail: Trail
    run: str
    say: Callable[[str], None]
    token: Secret | None
    """GitHub's."""
    clock: Clock
    cache: Cache

    def clean(self, text: str) -> str:
        """Take every known secret out of a text."""
        return self.redactor.clean(text)

    def fleet(self) -> Fleet:
        """Read fleet/ as it is now."""
        return fleetfile.load(self.root, cache=self.cache)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Stand between RunStarted and RunFinished."""
        self._note(EventType.RUN_STARTED)
        try:
            yield
        finally:
            self._note(EventType.RUN_FINISHED)

    def rest(self, interval: timedelta, stop: Stop) -> None:
        """Wait for the next pass, 90 to 110 % of the interval; end early when asked to stop."""
        rest(self.clock, interval.total_seconds() * (0.9 + self.clock.random() / 5), stop)

    def parts(self, fleet: Fleet) -> Parts:
        """Put together who sees, who decides, who does, who remembers."""
        doors = real_doors(self, fleet)
        return Parts(
            sources=sources(doors, self.cache, self.settings),
            pillars=pillars(),
            executors=executors(doors, self.settings),
            swarm=self.swarm,
            deeds=doors.deeds if self.swarm.fence else NoDeeds(doors.deeds),
            clock=self.clock,
            locate=partial(fleetfile.locate, fleet),
            drain=self.trail.drain,
            news=self.cache.take,
            say=self.say,
        )

    def _note(self, kind: EventType) -> None:
        event = Event(kind, self.clock.now(), self.run)
        self.swarm.write(Batch(events=[*self.trail.drain(), event]))


def real_doors(house: House, fleet: Fleet) -> Doors:
    """Build the doors to the real world."""
    audit, clock, redactor, settings = house.trail, house.clock, house.redactor, house.settings
    processes = Processes(audit, clock, redactor)
    root, state = house.root, house.root / STATE_FOLDER
    http = Http(audit, clock, redactor, cache=house.cache)
    access = Access(settings.github.base_url, house.token, settings.github.token_env)
    index = SimpleIndex(http, settings.registries["pypi"])
    return Doors(
        forge=Forges(
            {
                "github": lambda: GitHub(http, access),
                "local": lambda: _local_forge(house, fleet),
            }
        ),
        git=GitDoor(audit, clock, redactor, credentials=credentials(settings, house.token)),
        builders={"mkdocs": MkDocs(processes, redactor)},
        index=index,
        index_address=index.address,
        playbooks=Ansible(root, settings.ansible, processes, redactor),
        vault=Sops(root, settings.secrets, processes, redactor),
        deeds=FolderDeeds(state, house.swarm.guard, house.say),
    )


@contextmanager
def open_to_look(root: Path, say: Callable[[str], None]) -> Iterator[House]:
    """Open without lease and without a trace: every write raises. Raises Terminal."""
    settings = _settings(root)
    swarm = read_store(root, settings.swarm_url)
    try:
        yield _house(root, settings, swarm, Redactor(), say, "look")
    finally:
        swarm.close()


@contextmanager
def open_to_act(
    root: Path,
    say: Callable[[str], None],
    *,
    wait: timedelta,
    stop: Callable[[], bool] = bool,
) -> Iterator[House]:
    """Open with the lease. Raises Waiting (who holds it), Terminal, Transient."""
    settings, redactor, clock = _settings(root), Redactor(), SystemClock()
    run = f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    claim = Claim(run, redactor.clean(command), wait.total_seconds(), clock, say, stop)
    swarm = open_store(root, settings.swarm_url, clean=redactor.clean, claim=claim)
    try:
        FolderDeeds(root / STATE_FOLDER, swarm.guard).sweep()
        yield _house(root, settings, swarm, redactor, say, run)
    finally:
        swarm.close()


def _house(
    root: Path,
    settings: Settings,
    swarm: Swarm,
    redactor: Redactor,
    say: Callable[[str], None],
    run: str,
) -> House:
    token = _secret(settings.github.token_env, redactor)
    return House(
        root, settings, swarm, redactor, Trail(run), run, say, token, SystemClock(), Cache(swarm.recall)
    )


def _settings(root: Path) -> Settings:
    settings, complaints = fleetfile.load_settings(root)
    if complaints:
        raise Terminal(wrongs.text(complaints))
    return settings


def _secret(name: str, redactor: Redactor) -> Secret | None:
    value = os.environ.get(name)
    if not value:
        return None
    redactor.learn(value)
    return Secret(value)


def _local_forge(house: House, fleet: Fleet) -> Forge:
    from reconciler.localforge.forge import forge  # noqa: PLC0415 -- only fleets with local products need it

    repositories = {
        product.repo.slug: house.root / product.repo.path
        for product in fleet.products
        if product.repo.host == "local"
    }
    wire = wsgi(lambda: forge(repositories, house.clock))
    return GitHub(
        Http(house.trail, house.clock, house.redactor, cache=house.cache, wire=wire),
        Access(LOCAL_API, in_flight=1),
    )


def credentials(settings: Settings, token: Secret | None) -> Mapping[str, Secret]:
    """Return what git may show to which host: GitHub's token to GitHub only."""
    if token is None:
        return {}
    host = urlsplit(settings.github.base_url).hostname or ""
    return {f"https://{host.removeprefix('api.')}/": token}
