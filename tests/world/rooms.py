"""The real rooms over the pretend doors: what wiring puts together, here with a world that can go wrong."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.executors.build_docs import BuildDocs
from reconciler.executors.publish import PublishPypi
from reconciler.model.cache import Cache
from reconciler.pillars.docs import DocsPillar
from reconciler.pillars.release import ReleasePillar
from reconciler.ports import Executor, Pillar, Source
from reconciler.settings import RegistrySettings
from reconciler.sources.docs import DocsSource
from reconciler.sources.github import GitHubSource
from reconciler.sources.pypi import PypiSource
from tests.world.doors import PretendBuilder, PretendForge, PretendGit, PretendIndex, PretendVault
from tests.world.playbooks import PretendPlaybooks
from tests.world.wire import Wire

SETTLE_S = 10.0
PYPI = RegistrySettings(
    enabled=True,
    url="http://index.invalid/simple/",
    upload_url="http://index.invalid/",
    settle_s=SETTLE_S,
    build_isolation=False,
)


def sources(wire: Wire, cache: Cache) -> Sequence[Source]:
    """Return who sees, in order."""
    forge, builders = PretendForge(wire), {"mkdocs": PretendBuilder(wire)}
    return [
        GitHubSource(forge, cache),
        DocsSource(forge, builders, cache, threads=1),
        PypiSource(PretendIndex(wire), enabled=True),
    ]


def pillars() -> Sequence[Pillar]:
    """Return who decides."""
    return [DocsPillar(), ReleasePillar()]


def executors(wire: Wire, folder: Path, outlives_s: float | None) -> Mapping[str, Executor]:
    """Return who does, by kind."""
    git = PretendGit(wire)
    publish = PublishPypi(
        git=git,
        vault=PretendVault(wire),
        playbooks=PretendPlaybooks(wire, folder, outlives_s),
        index=PretendIndex(wire),
        address=lambda: PYPI.url or "",
        settings=PYPI,
        timeout_s=600.0,
    )
    every: Sequence[Executor] = [BuildDocs(git, {"mkdocs": PretendBuilder(wire)}), publish]
    return {one.kind: one for one in every}
