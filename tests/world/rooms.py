"""The real rooms, as wiring names them, over the pretend doors."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler import wiring
from reconciler.model.cache import Cache
from reconciler.ports import Deeds, Executor, Source
from reconciler.settings import (
    AnsibleSettings,
    GitHubSettings,
    RegistrySettings,
    SecretsSettings,
    Settings,
)
from reconciler.sources.docs import DocsSource
from tests.world.doors import PretendBuilder, PretendForge, PretendGit, PretendIndex, PretendVault
from tests.world.playbooks import PretendPlaybooks
from tests.world.wire import Wire

SETTLE_S = 10.0
INDEX = "http://index.invalid/"
PYPI = RegistrySettings(enabled=True, url=INDEX, upload_url=INDEX, settle_s=SETTLE_S, build_isolation=False)
SETTINGS = Settings(
    GitHubSettings("http://forge.invalid", "NO_TOKEN"),
    AnsibleSettings("playbooks", None, 600.0),
    SecretsSettings("keys.txt"),
    {"pypi": PYPI},
    "sqlite:swarm.db",
    {},
)


def doors(wire: Wire, deeds: Deeds, folder: Path, outlives_s: float | None) -> wiring.Doors:
    """Return the doors to the pretend world."""
    return wiring.Doors(
        forge=PretendForge(wire),
        git=PretendGit(wire),
        builders={"mkdocs": PretendBuilder(wire)},
        index=PretendIndex(wire),
        index_address=lambda: INDEX,
        playbooks=PretendPlaybooks(wire, folder, outlives_s),
        vault=PretendVault(wire),
        deeds=deeds,
    )


def sources(through: wiring.Doors, cache: Cache) -> Sequence[Source]:
    """Return who sees, in one thread: the same seed is the same run."""
    docs = DocsSource(through.forge, through.builders, cache, threads=1)
    every = wiring.sources(through, cache, SETTINGS)
    return [docs if isinstance(source, DocsSource) else source for source in every]


def executors(through: wiring.Doors) -> Mapping[str, Executor]:
    """Return who does, by kind."""
    return wiring.executors(through, SETTINGS)
