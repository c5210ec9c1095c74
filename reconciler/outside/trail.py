"""The audit trail: keeps what the doors do until the loop writes it down."""

import threading
from collections.abc import Sequence

from reconciler.model.record import Event, EventType, ToolCall


class Trail:
    """Collects tool calls and outward requests until the loop writes them down."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._calls: list[ToolCall] = []

    def called(self, call: ToolCall) -> None:
        """Note one call; threads may."""
        with self._lock:
            self._calls.append(call)

    def drain(self) -> Sequence[Event]:
        """Return the calls since it was last asked."""
        with self._lock:
            calls, self._calls = self._calls, []
        return [
            Event(
                EventType.TOOL_CALLED,
                call.at,
                self._run,
                call.product,
                {
                    "tool": call.tool,
                    "what": call.what,
                    "target": call.target,
                    "result": call.result,
                    "durationS": round(call.duration_s, 3),
                },
            )
            for call in calls
        ]
