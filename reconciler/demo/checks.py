"""Looks at the demo's world from outside, without Ship: what the witnesses say happened."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.demo import registry_control, seeds, texts
from reconciler.demo.world import FRESH_PAGE, World, sdist, wheel

DRIFT = {
    ("banana-split", "docs.inputs"),
    ("coconut-cache", "release.pypi"),
    ("lemon-log", "release.pypi"),
    ("papaya-parse", "docs.inputs"),
    ("papaya-parse", "release.pypi"),
}
"""Product and field of everything that departs in a fresh demo."""
PUBLISHED = {
    file(seed, version)
    for seed, version in (
        (seeds.COCONUT, "1.0.0"),
        (seeds.COCONUT, "1.1.0"),
        (seeds.KIWI, "1.0.0"),
        (seeds.LEMON, "1.0.0"),
    )
    for file in (sdist, wheel)
}
"""What the registry holds after the world has converged."""
UPLOADS = (wheel(seeds.COCONUT, "1.1.0"), sdist(seeds.COCONUT, "1.1.0"), sdist(seeds.LEMON, "1.0.0"))
"""What converging uploads, each file once."""
SITES = (seeds.BANANA, seeds.COCONUT, seeds.KIWI, seeds.LEMON)
"""Whose site is published."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the outside witnesses say: equal worlds give equal values."""

    sites: Mapping[str, str]
    """Tree of each product's docs branch."""
    builds: Mapping[str, int]
    """Commits on each docs branch."""
    files: Mapping[str, str]
    """SHA-256 of each file that the registry holds."""
    uploads: Mapping[str, int]
    """How often each file was accepted."""


def look(world: World) -> Seen:
    """See it all, through git and the registry's own folder and log."""
    trees, builds = {}, {}
    for seed in seeds.SEEDS:
        repo = world.repo(seed)
        if world.tools.git(repo, ["branch", "--list", "gh-pages"]):
            trees[seed.name] = world.tools.git(repo, ["rev-parse", "gh-pages^{tree}"]).decode().strip()
            builds[seed.name] = int(world.tools.git(repo, ["rev-list", "--count", "gh-pages"]))
    packages = sorted((world.registry / "packages").iterdir())
    files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in packages}
    taken = [one.file for one in registry_control.uploads(world.registry) if one.status < 300]  # noqa: PLR2004 -- HTTP's successes
    return Seen(trees, builds, files, dict(Counter(taken)))


def plan(data: Mapping[str, Any]) -> Iterable[str]:
    """Complain about a fresh demo's plan (`ship/plan/v1`) that does not show what is wrong."""
    drift = {(one["name"], drift["field"]) for one in data["products"] for drift in one["drift"]}
    for name, field in sorted(DRIFT - drift):
        yield f"the plan does not show that {name} departs in {field}"
    for name, field in sorted(drift - DRIFT):
        yield f"the plan shows a departure that is none: {name} in {field}"
    for one in data["products"]:
        for source, reason in one["unknown"].items():
            yield f"{source} could not see {one['name']}: {reason}"
    places = {(error["file"], error["line"], error["column"]) for error in data["errors"]}
    if places != {typo()}:
        yield f"the typo is complained about at {sorted(places)}, it is at {typo()}"


def typo() -> tuple[str, int, int]:
    """Return file, line and column of the typo, counted from 1."""
    name, (right, wrong) = seeds.MANGO.name, texts.TYPO
    lines = texts.product(name).replace(right, wrong).splitlines()
    found = next((number, line.index(wrong)) for number, line in enumerate(lines, 1) if wrong in line)
    return f"fleet/products/{name}.yaml", found[0], found[1] + 1


def converged(world: World, before: Seen) -> Iterable[str]:
    """Complain about a world that is not as it shall be after `reconcile`."""
    after = look(world)
    new = {name: count - before.uploads.get(name, 0) for name, count in after.uploads.items()}
    if {name: count for name, count in new.items() if count} != dict.fromkeys(UPLOADS, 1):
        yield f"uploaded was {new}, wanted was once each of {UPLOADS}"
    if set(after.files) != PUBLISHED:
        yield f"the registry holds {sorted(after.files)}, wanted was {sorted(PUBLISHED)}"
    sent = {one.file: one.sha256 for one in registry_control.uploads(world.registry)}
    for name in sorted(after.files):
        content = registry_control.fetch(world.registry, name)
        if content is None or hashlib.sha256(content).hexdigest() != sent.get(name):
            yield f"{name}: what the registry hands out is not what was sent to it"
    builds = {name: after.builds.get(name, 0) - count for name, count in before.builds.items()}
    if builds != {seed.name: int(seed is seeds.BANANA) for seed in SITES}:
        yield f"new commits on the docs branches: {builds}, wanted was one, of banana-split"
    site = ["grep", "--quiet", "--fixed-strings", FRESH_PAGE, "gh-pages", "--", "changes/index.html"]
    if seeds.BANANA.name not in after.sites or not world.tools.says(world.repo(seeds.BANANA), site):
        yield "the published site of banana-split does not have the new page"


def emptied(data: Mapping[str, Any]) -> Iterable[str]:
    """Complain about a plan (`ship/plan/v1`) that still wants something done."""
    for one in data["products"]:
        for action in one["actions"]:
            if not action["held"]:
                yield f"the plan is not empty: {one['name']} wants {action['kind']}"
