"""Selection: which products and pillars one invocation is about."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.fleet import Complaint, Fleet
from reconciler.model.product import Product


@dataclass(frozen=True, slots=True)
class Selection:
    """Nothing named selects everything."""

    names: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    labels: Mapping[str, str] | None = None
    pillars: frozenset[str] = frozenset()

    def of(self, fleet: Fleet) -> tuple[Product, ...]:
        """Return the selected products, sorted by name."""
        return tuple(product for product in fleet.products if self._takes(product))

    def invalid(self, fleet: Fleet) -> tuple[str, ...]:
        """Return the names of selected products that could not be read.

        Their labels cannot be known, so that a label does not leave them out: silence would look like health.
        """
        return tuple(sorted(name for name in fleet.invalid if self._named(name)))

    def complaints(self, fleet: Fleet) -> tuple[Complaint, ...]:
        """Return the complaints about selected products, and those about no product."""
        return tuple(
            complaint
            for complaint in fleet.complaints
            if complaint.product is None or self._named(complaint.product)
        )

    def strangers(self, fleet: Fleet) -> tuple[str, ...]:
        """Return the names asked for that the fleet does not have, sorted."""
        known = {str(product.name) for product in fleet.products} | set(fleet.invalid)
        return tuple(sorted((self.names | self.exclude) - known))

    def wants(self, pillar: str) -> bool:
        """Say whether a pillar is selected."""
        return not self.pillars or pillar in self.pillars

    def _named(self, name: str) -> bool:
        return name not in self.exclude and (not self.names or name in self.names)

    def _takes(self, product: Product) -> bool:
        wanted = (self.labels or {}).items()
        return self._named(product.name) and all(product.labels.get(k) == v for k, v in wanted)
