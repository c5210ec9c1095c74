"""Origins: which line of which file a value of a merged product comes from."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path as Folder
from typing import Any

from reconciler.fleetfile import base, source
from reconciler.fleetfile.layers import chosen
from reconciler.fleetfile.marks import Path, Place
from reconciler.fleetfile.merge import labels
from reconciler.model.fleet import Fleet
from reconciler.model.product import Product

BUILT_IN = "built in"


class Origins:
    """Places of one product's values over all layers."""

    def __init__(self, root: Folder, file: str) -> None:
        self._file = file
        self._product = source.again(root, file, None)
        self._fleet = _base(source.content(root, base.FILE))
        layers = _layers(self._fleet.value)
        value = self._product.value if isinstance(self._product.value, dict) else {}
        self._layers = chosen(layers, labels(value))

    def of(self, path: Path) -> str | None:
        """Return `file:line` of a value that somebody wrote; None: it is built in."""
        index = next((place for place, step in enumerate(path) if isinstance(step, int)), len(path))
        for file, keys, above in self._places(path):
            if (*above, *path) in keys:
                return f"{file}:{keys[*above, *path].line}"
            if index < len(path) and (*above, *path[:index]) in keys:
                return None  # a layer that writes a list writes all of it
        return None

    def _places(self, path: Path) -> Iterator[tuple[str, Mapping[Path, Place], Path]]:
        """Yield the tables of keys from the top layer down: file, keys, path of the layer in the file."""
        yield self._file, self._product.marks.keys, ()
        if path[:1] == ("spec",) and len(path) > 1:
            for index in reversed(self._layers):
                yield base.FILE, self._fleet.marks.keys, ("spec", "defaults", index)

    def nearest(self, path: Path) -> str:
        """Return `file:line` of a value or of the nearest block around it that somebody wrote."""
        while path:
            if found := self.of(path):
                return found
            path = path[:-1]
        return f"{self._file}:1"


@lru_cache(maxsize=2)
def _base(content: bytes) -> source.Source:
    """Read fleet.yaml once for all products that are asked about."""
    return source.read(content, base.FILE, None)


def _layers(value: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 -- any YAML
    spec = value.get("spec") if isinstance(value, dict) else None
    layers = spec.get("defaults") if isinstance(spec, dict) else None
    return [layer if isinstance(layer, dict) else {} for layer in layers] if isinstance(layers, list) else []


def locate(fleet: Fleet, product: str, path: str) -> str:
    """Return where a value such as `spec.docs` of a product is declared: `file:line`."""
    file = next((each.file for each in fleet.products if each.name == product), None)
    if file is None:
        return fleet.invalid.get(product, "fleet")
    return Origins(Folder(fleet.root), file).nearest(steps(path))


def origins(fleet: Fleet, product: Product) -> dict[Path, str]:
    """Return the place of each value of a product's merged document; `built in` where nobody wrote it."""
    found = Origins(Folder(fleet.root), product.file)
    return {path: found.of(path) or BUILT_IN for path, _ in leaves(product.document)}


def steps(path: str) -> Path:
    """Split a dotted path; a number is an index."""
    return tuple(int(step) if step.isdigit() else step for step in path.split("."))


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401 -- any YAML
    """Yield every value that is not a mapping or list, and every empty one, with its path."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    empty = True
    for step, each in inner:
        empty = False
        yield from leaves(each, (*path, step))
    if empty:
        yield path, value
