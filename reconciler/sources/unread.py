"""Says aloud which declared registries this version of Ship cannot look into: unknown, never in sync."""

from collections.abc import Iterable, Sequence

from reconciler.model.observed import Observation, Sight

REGISTRIES = ("crates-io", "npm", "oci")


class UnreadRegistry:
    """Satisfies `ports.Source`: sees nothing of one registry and says so of each product with it."""

    def __init__(self, registry: str) -> None:
        self._registry = registry

    @property
    def name(self) -> str:
        """Return the registry's name."""
        return self._registry

    def observe(self, sights: Sequence[Sight]) -> Iterable[Observation]:
        """Answer `unknown` for each product with such a target."""
        for sight in sights:
            release = sight.product.release
            if release and any(target.registry == self._registry for target in release.targets):
                unknown = f"{self._registry}: this version of Ship does not look at it yet"
                yield Observation(sight.product.name, self.name, unknown=unknown)
