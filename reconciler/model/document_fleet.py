"""The Fleet document: defaults, limits, freeze windows and ladders for all products."""

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model import patterns
from reconciler.model.document import Defaults
from reconciler.model.document_base import (
    ApiVersion,
    Clock,
    Document,
    Duration,
    Labels,
    Metadata,
    Moment,
    Name,
)


class Layer(Document):
    """One layer of defaults: for all products, or for those that carry all labels of `match`."""

    match: Labels = {}
    spec: Defaults = Defaults()


class Brake(Document):
    """Too much at once needs `--force`."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.3
    """The share of the products that one plan may change."""
    from_products: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    """Smaller fleets are not braked by share."""
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """The number of products that one plan may change."""


class Budgets(Document):
    """How much one run may do."""

    actions_per_run: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    attempts: Annotated[int, Field(ge=1, le=100)] = 5
    """Failed attempts until an action is parked."""


class FreezeWindow(Document):
    """A time in which nothing is written: `start` to `end` once, or weekly on `days`."""

    name: Name
    start: Moment | None = None
    end: Moment | None = None
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = []
    from_time: Annotated[Clock | None, Field(alias="from")] = None
    """HH:MM; after `to`, the window runs over midnight."""
    to_time: Annotated[Clock | None, Field(alias="to")] = None
    timezone: Annotated[str, Field(pattern=patterns.ZONE)] = "UTC"


class FreezeWindows(Document):
    """When nothing is written."""

    windows: list[FreezeWindow] = []


class Rung(Document):
    """One step of a ladder. Sizes count all products up to here."""

    size: Annotated[int, Field(ge=1, le=1_000_000)] | Annotated[str, Field(pattern=patterns.SHARE_OR_FLEET)]
    """A number of products, a share such as `10%`, or `fleet`."""
    soak: Duration | None = None
    """How long the rung must stay good; default: the ladder's."""
    approve: Literal["auto", "human"] = "auto"
    """`human`: a person opens the rung."""


class Ladder(Document):
    """In which order products get a fleet-wide change."""

    rungs: Annotated[list[Rung], Field(min_length=1, max_length=20)]
    soak: Duration = "1h"


class FleetSpec(Document):
    """What holds for all products."""

    defaults: list[Layer] = []
    """Laid under every product, the later ones over the earlier ones; lists are replaced as a whole."""
    enforced: list[Annotated[str, Field(pattern=patterns.DOTTED)]] = []
    """Keys of the defaults that a product may make stricter, never weaker: `security.failOn` ..."""
    brake: Brake = Brake()
    budgets: Budgets = Budgets()
    freeze: FreezeWindows = FreezeWindows()
    ladders: dict[Name, Ladder] = {}


class FleetDocument(Document):
    """The whole fleet."""

    api_version: ApiVersion
    kind: Literal["Fleet"]
    metadata: Metadata
    spec: FleetSpec = FleetSpec()
