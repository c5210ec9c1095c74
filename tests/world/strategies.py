"""Worlds by chance, for laws: what is declared, what exists already, how the registry behaves."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st

from tests.world.doors import clone_url
from tests.world.products import ALL, docs
from tests.world.program import World
from tests.world.scenes import PAGES, add, half, sealed

LARGE, BRIEF = (os.environ.get("SHIP_LAWS") == word for word in ("large", "brief"))
SHRINK = () if BRIEF else (Phase.shrink,)
"""brief: a world that breaks a law need not be made small."""
law = settings(
    max_examples=400 if LARGE else 20,
    deadline=None,
    derandomize=not LARGE,
    database=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate, *SHRINK),
)
"""How many worlds each law is held to."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """One product in a few words."""

    docs: bool = True
    release: bool = True
    tags: int = 1
    """How many versions are tagged; the newest is wanted."""
    half: bool = False
    """Somebody published the archive of 1.0.0 only."""
    foreign: bool = False
    """Somebody else wrote to the docs branch."""
    suspend: bool = False
    look: bool = False
    """Its policy allows nothing but to observe."""
    ci: bool = False
    """CI must be green on the tag's commit."""

    @property
    def idle(self) -> bool:
        """Say whether nothing may be done for it."""
        return self.suspend or self.look


@dataclass(frozen=True, slots=True)
class Setting:
    """A whole world in a few words."""

    sketches: Sequence[Sketch]
    lag_s: float = 0.0
    unique: bool = True

    def build(self, folder: Path) -> World:
        """Make it."""
        world = World(folder)
        world.state.registry.lag_s, world.state.registry.unique = self.lag_s, self.unique
        for number, sketch in enumerate(self.sketches):
            _add(world, f"p{number}", sketch)
        world.state.advance(600)
        return world


def _add(world: World, name: str, sketch: Sketch) -> None:
    spec: dict[str, object] = {"suspend": sketch.suspend}
    spec["policy"] = {"allow": ["observe"] if sketch.look else ALL}
    if sketch.docs:
        spec["docs"] = docs()
    if sketch.release:
        spec["release"] = {**sealed(name), "requires": ["ci"] if sketch.ci else []}
    one = add(world, name, tag=None, **spec)
    url = clone_url(one.repo)
    for number in range(sketch.tags):
        world.state.tag(url, f"v1.{number}.0")
        if number == 0 and sketch.half and sketch.release:
            half(world, one)
        world.state.commit(url, "main", {**PAGES, "docs/index.md": f"# {number}".encode()})
    if sketch.foreign:
        world.state.commit(url, "gh-pages", {"index.html": b"by hand"})


sketches = st.builds(
    Sketch,
    docs=st.booleans(),
    release=st.booleans(),
    tags=st.integers(0, 2),
    half=st.booleans(),
    foreign=st.sampled_from([False, False, False, True]),
    suspend=st.sampled_from([False, False, False, True]),
    look=st.sampled_from([False, False, False, True]),
    ci=st.sampled_from([False, False, False, True]),
)


def settings_of(least: int = 1, most: int = 3) -> st.SearchStrategy[Setting]:
    """Return worlds of so many products."""
    return st.builds(
        Setting,
        sketches=st.lists(sketches, min_size=least, max_size=most).map(tuple),
        lag_s=st.sampled_from([0.0, 4.0]),
        unique=st.booleans(),
    )
