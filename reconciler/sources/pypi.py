"""Sees what is published: the versions and files of every PyPI target."""

from collections.abc import Iterable, Mapping, Sequence

from reconciler.model.observed import Observation, Published, PublishedFile, Sight
from reconciler.model.product import Product
from reconciler.ports import PackageIndex

REGISTRY = "pypi"
DISABLED = "registry pypi is not enabled in .codemonkeys/config.yaml"
Answers = Mapping[str, Mapping[str, tuple[PublishedFile, ...]] | str]


class PypiSource:
    """Satisfies `ports.Source`."""

    name = REGISTRY

    def __init__(self, index: PackageIndex, *, enabled: bool) -> None:
        self._index = index
        self._enabled = enabled

    def observe(self, sights: Sequence[Sight]) -> Iterable[Observation]:
        """Look up the packages of all products in one go; Published facts in the order of the targets."""
        wanted = {sight.product.name: packages(sight.product) for sight in sights}
        asked = sorted({package for names in wanted.values() for package in names})
        answers: Answers = self._index.versions(asked) if asked and self._enabled else {}
        for product, names in wanted.items():
            if not names:
                continue
            if not self._enabled:
                yield Observation(product, self.name, unknown=DISABLED)
                continue
            facts = tuple(_published(name, answers[name]) for name in names)
            blind = [fact for fact in facts if isinstance(fact, str)]
            if blind:
                yield Observation(product, self.name, unknown=blind[0])
            else:
                yield Observation(product, self.name, tuple(f for f in facts if isinstance(f, Published)))


def packages(product: Product) -> Sequence[str]:
    """Return the packages that the product releases there, unique, in the order of its targets."""
    targets = product.release.targets if product.release else ()
    return list(dict.fromkeys(target.package for target in targets if target.registry == REGISTRY))


def _published(package: str, answer: Mapping[str, tuple[PublishedFile, ...]] | str) -> Published | str:
    return answer if isinstance(answer, str) else Published(REGISTRY, package, answer)
