"""The machine's clock: time, waiting and chance."""

import random
import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def random(self) -> float:
        """Return a number in [0, 1), for jitter."""
        return random.random()  # noqa: S311 -- spreads retries, guards nothing
