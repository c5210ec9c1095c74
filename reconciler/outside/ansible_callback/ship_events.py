# SPDX-License-Identifier: GPL-3.0-or-later
# This one file is loaded into ansible-core's own process and is therefore under its licence.
"""Tells Ship what a playbook does: one line of JSON an event, on an inherited descriptor, nothing on disk."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: ship_events
type: notification
short_description: events as JSON lines on an inherited descriptor
description: Writes one JSON object for each event to the descriptor that SHIP_EVENTS_FD names.
requirements: ["enabled by ANSIBLE_CALLBACKS_ENABLED=ship_events"]
"""


class CallbackModule(CallbackBase):
    """Events: task, failed, unreachable, stats."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "ship_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._fd = int(os.environ.pop("SHIP_EVENTS_FD", "-1"))
        self.disabled = self._fd < 0
        if not self.disabled:
            os.set_inheritable(self._fd, False)  # no module and no child of one sees it

    def _emit(self, **event):
        line = json.dumps(event, default=str).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._fd, line) :]
        except OSError:
            self.disabled = True  # nobody listens any more

    def _failure(self, kind, result, *, ignored=False):
        outcome = result.result
        hidden = "censored" in outcome
        failed = [item for item in outcome.get("results") or () if isinstance(item, dict) and item.get("failed")]
        outcome = failed[0] if failed else outcome
        self._emit(
            event=kind,
            host=result.host.get_name(),
            task=result.task.get_name(),
            ignored=ignored,
            hidden=hidden,
            message="" if hidden else str(outcome.get("msg") or ""),
            stderr="" if hidden else str(outcome.get("stderr") or outcome.get("module_stderr") or ""),
            status=outcome.get("status"),
        )

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._emit(event="task", task=task.get_name())

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._failure("failed", result, ignored=bool(ignore_errors))

    def v2_runner_on_unreachable(self, result):
        self._failure("unreachable", result)

    def v2_playbook_on_stats(self, stats):
        self._emit(event="stats", outputs=(stats.custom or {}).get("_run", {}))
