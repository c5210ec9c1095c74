"""The offline part of a plan: everything but asking the world, which answers from memory that all is in sync.

usage: python -m bench.offline fill|plan ROOT
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from reconciler import wiring
from reconciler.look import Looker
from reconciler.model.observed import DocsInputs, DocsRecord, Fact, Head, Observation, Sight
from reconciler.model.selection import Selection
from reconciler.ports import Batch
from reconciler.render.plan import as_text

COMMIT, TREE, INPUTS = "1" * 40, "2" * 40, "3" * 64
FACTS: dict[str, tuple[Fact, ...]] = {
    "github": (
        Head("main", COMMIT, TREE, "https://github.example/acme/one.git", None),
        DocsRecord("gh-pages", COMMIT, TREE, INPUTS, COMMIT, intact=True),
    ),
    "docs": (DocsInputs(INPUTS, 5),),
}


@dataclass(frozen=True, slots=True)
class Memory:
    """A source that saw everything in sync."""

    name: str

    def observe(self, sights: Sequence[Sight]) -> Iterable[Observation]:
        """Answer for all at once."""
        facts = FACTS[self.name]
        return [Observation(sight.product.name, self.name, facts) for sight in sights]


def main() -> None:
    """Fill the cache as `reconcile` does, or plan."""
    order, root = sys.argv[1], Path(sys.argv[2])
    if order == "fill":
        with wiring.open_to_act(root, _say, wait=timedelta(0)) as house:
            house.fleet()
            house.swarm.write(Batch(cache=house.cache.take()))
        return
    with wiring.open_to_look(root, _say) as house:
        fleet = house.fleet()
        parts = replace(house.parts(fleet), sources=[Memory(name) for name in FACTS])
        plan = Looker(parts, fleet, Selection()).look().plan
    print(as_text(plan))


def _say(_line: str) -> None:
    pass


if __name__ == "__main__":
    main()
