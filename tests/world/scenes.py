"""Scenes: small worlds with something wrong in them, for crash enumeration and laws."""

from collections.abc import Callable, Mapping
from pathlib import Path

from reconciler.model.product import Product
from tests.world.doors import clone_url, parcels
from tests.world.products import docs, product, release
from tests.world.program import World

PAGES = {"mkdocs.yml": b"site_name: x", "docs/index.md": b"# hello", "src/code.py": b"x = 1"}


def add(world: World, name: str, *, tag: str | None = "v1.0.0", **spec: object) -> Product:
    """Declare a product and make its repository; `spec` as in `products.product`."""
    one = product(name, **spec)
    world.products = (*world.products, one)
    url = clone_url(one.repo)
    world.state.commit(url, "main", {**PAGES, "name.txt": name.encode()})
    if tag:
        world.state.tag(url, tag)
    return one


def sealed(package: str) -> dict[str, object]:
    """Return a whole `spec.release` whose target names a secrets file."""
    target = {"registry": "pypi", "package": package, "files": ["sdist", "wheel"]}
    return release(package, targets=[{**target, "secrets": "secrets/pypi.sops.yaml"}])


def half(world: World, one: Product) -> None:
    """Let somebody else have published the source archive of version 1.0.0, and no wheel."""
    url = clone_url(one.repo)
    tip = world.state.repos[url].tip("main", world.state.now)
    assert tip is not None
    assert one.release is not None
    files = world.state.trees[world.state.commits[tip].tree]
    archive, _ = parcels(one.release.targets[0].package, "1.0.0", files, world.state.now)
    world.state.registry.uploads.append(archive)
    world.state.advance(600)


def stale_docs(world: World) -> None:
    """Docs were published once; then a page changed."""
    one = add(world, "pages", docs=docs())
    world.start().reconcile()
    world.state.commit(clone_url(one.repo), "main", {**PAGES, "docs/index.md": b"# changed"})


def new_docs(world: World) -> None:
    """Docs were never published."""
    add(world, "pages", docs=docs())


def new_tag(world: World) -> None:
    """A tag is not in the registry."""
    add(world, "parcel", release=sealed("parcel"))


def half_published(world: World) -> None:
    """The wheel is missing."""
    half(world, add(world, "parcel", release=sealed("parcel")))


def both(world: World) -> None:
    """Docs and a release, and a second product."""
    add(world, "all", docs=docs(), release=sealed("all"))
    new_docs(world)


def lagging(world: World) -> None:
    """An upload shows four seconds late."""
    world.state.registry.lag_s = 4.0
    new_tag(world)


def lax(world: World) -> None:
    """The registry shows late and takes the same file twice."""
    world.state.registry.unique = False
    lagging(world)


def lax_both(world: World) -> None:
    """Everything at once, over the registry that takes everything."""
    world.state.registry.unique = False
    world.state.registry.lag_s = 4.0
    both(world)


SCENES: Mapping[str, Callable[[World], None]] = {
    scene.__name__: scene
    for scene in (stale_docs, new_docs, new_tag, half_published, both, lagging, lax, lax_both)
}


def world_of(scene: str, folder: Path) -> World:
    """Make the world of a scene."""
    world = World(folder)
    SCENES[scene](world)
    return world
