# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts what a run cost: tasks that ran a module on a host, tasks settled on the control node, changes."""

from __future__ import annotations

import json
import os
from collections import Counter

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: host_tasks
type: aggregate
short_description: Count the tasks that reach a host
description:
  - Writes one JSON object per run to the file named by E(HOST_TASKS_FILE), with a list of records in C(tasks).
requirements:
  - enable in configuration
"""

# These actions never leave the control node, whatever their connection.
CONTROL_ONLY = {"assert", "debug", "fail", "include_tasks", "include_role", "meta", "set_fact", "validate_argument_spec"}


class CallbackModule(CallbackBase):
    """One record for each task and host: host, task, action, where (host, control or skipped), changed."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "host_tasks"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.records = []

    def _record(self, result, where=None):
        action = result._task.action.rpartition(".")[2]
        self.records.append({
            "host": result._host.get_name(),
            "task": result._task.get_name(),
            "action": action,
            "where": where or ("control" if action in CONTROL_ONLY else "host"),
            "changed": bool(result._result.get("changed")),
        })

    def v2_runner_on_ok(self, result):
        self._record(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._record(result)

    def v2_runner_on_skipped(self, result):
        self._record(result, "skipped")

    def v2_playbook_on_stats(self, stats):
        totals = Counter((record["host"], record["where"]) for record in self.records)
        summary = {
            host: dict(stats.summarize(host), **{where: totals[host, where] for where in ("host", "control", "skipped")})
            for host in sorted(stats.processed)
        }
        with open(os.environ["HOST_TASKS_FILE"], "w", encoding="utf-8") as file:
            json.dump({"hosts": summary, "tasks": self.records}, file)
