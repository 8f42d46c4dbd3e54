# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""The ways to run an instance: a unit, a container, both, or something of which only the log is known. Reads only."""

from __future__ import annotations

import calendar
import json
import time
from functools import cached_property

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_process import Running
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import AGAIN, DOWN, GONE, Unseen
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read

SHOWN = ("LoadState", "ActiveState", "SubState", "Result", "MainPID", "NRestarts", "InvocationID", "User",
         "ExecMainStartTimestampMonotonic")
START = 180  # seconds after which nothing is said any more about the start
RECENT = 2000  # lines


class Unit(Running):
    """A systemd unit, of the system's or of a user's own manager."""

    def __init__(self, name, tools, user=None):
        super().__init__(name, tools)
        self._user = user
        self._systemctl = ["systemctl", *(["--user"] if user else [])]
        self._field = "_SYSTEMD_USER_UNIT" if user else "_SYSTEMD_UNIT"
        by_hand = ["systemctl", *([f"--user --machine={user}@.host"] if user else [])]
        self.definition = " ".join([*by_hand, "cat", name])
        self.restart = " ".join([*by_hand, "restart", name])
        self.log_command = f"journalctl {self._field}={name} -n 50" if user else f"journalctl -u {name} -n 50"

    @cached_property
    def shown(self):
        """The unit's properties, as systemctl writes them."""
        said = self._tools.out(*self._systemctl, "show", "--property", ",".join(SHOWN), "--", self.name, user=self._user)
        if said is None:
            raise Unseen(f"systemctl does not answer{' for user ' + self._user if self._user else ''}")
        return dict(line.partition("=")[::2] for line in said.splitlines())

    @property
    def started(self):
        """When the process that serves was started, in seconds since 1970; None where it never was."""
        begin = int(self.shown.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
        return time.time() - time.monotonic() + begin if begin else None

    @property
    def pid(self):
        found = self.shown.get("MainPID", "0")
        return None if found == "0" else found

    @property
    def trouble(self):
        """What is wrong with the unit as systemd sees it; None where it runs."""
        shown = self.shown
        if shown["LoadState"] != "loaded":
            return GONE if shown["LoadState"] == "not-found" else f"is {shown['LoadState']}"
        if shown["SubState"].startswith("auto-restart") or self._restarts_often(int(shown.get("NRestarts") or 0)):
            return AGAIN
        return DOWN if shown["ActiveState"] in ("inactive", "failed") else None

    @property
    def killed(self):
        """Whether the kernel ended it for lack of memory."""
        return self.shown.get("Result") == "oom-kill"

    @property
    def refusal(self):
        """Why it could not even be started, in the words of who tried; the unit's are in its log."""
        return ""

    def _start_lines(self):
        until = (self.started or time.time()) + START
        return self._journal(f"--until=@{until:.0f}", f"_SYSTEMD_INVOCATION_ID={self.shown.get('InvocationID')}")

    def _recent_lines(self, this_start=False):
        if this_start:
            return self._journal(f"--lines={RECENT}", f"_SYSTEMD_INVOCATION_ID={self.shown.get('InvocationID')}")
        # What systemd itself says of a unit of the system has UNIT=.
        return self._journal(f"--lines={RECENT}", f"{self._field}={self.name}", "+", f"UNIT={self.name}")

    def _journal(self, *which):
        return (self._tools.out("journalctl", "-q", "--no-pager", "--all", "-o", "cat", *which) or "").splitlines()


class Container(Running):
    """A container of Docker's."""

    def __init__(self, name, tools):
        super().__init__(name, tools)
        self.definition = f"docker inspect {name}"
        self.restart = f"docker restart {name}"
        self.log_command = f"docker logs -n 50 {name}"

    @cached_property
    def container(self):
        """What inspect says, as a dict; {} where there is no such container."""
        return inspected(self._tools, self.name, "docker")

    @property
    def state(self):
        return self.container.get("State", {})

    @property
    def pid(self):
        return str(self.state.get("Pid") or "") or None

    @property
    def started(self):
        """When it was started, in seconds since 1970; None where it never was."""
        try:
            return calendar.timegm(time.strptime(self.state.get("StartedAt", "")[:19], "%Y-%m-%dT%H:%M:%S"))
        except ValueError:
            return None

    @property
    def trouble(self):
        """What is wrong with the container as Docker sees it; None where it runs."""
        status = self.state.get("Status")
        if not status:
            return GONE
        if status == "restarting" or self._restarts_often(self.container.get("RestartCount") or 0):
            return AGAIN
        return None if status == "running" else DOWN

    @property
    def killed(self):
        return bool(self.state.get("OOMKilled"))

    @property
    def refusal(self):
        return self.state.get("Error") or ""

    def _start_lines(self):
        if self.started is None:
            return []
        return self._logs("--since", self.state["StartedAt"], "--until", str(self.started + START))

    def _recent_lines(self, this_start=False):
        since = ["--since", self.state.get("StartedAt", "")] if this_start else []
        return self._logs("--tail", str(RECENT), *since)

    def _logs(self, *which):
        return (self._tools.out("docker", "logs", *which, self.name, errors=True) or "").splitlines()


class Quadlet(Unit):
    """A container of Podman's that a unit runs; the unit has its log, the container its process."""

    def __init__(self, unit, container, tools, user=None):
        super().__init__(unit, tools, user)
        self._container = container

    @cached_property
    def container(self):
        """What inspect says of the container, as a dict; {} where there is none."""
        return inspected(self._tools, self._container, "podman", user=self._user)

    @property
    def pid(self):
        return str(self.container.get("State", {}).get("Pid") or "") or None


class LogFile(Running):
    """A server of which only the file with its log is known, as under launchd."""

    pid = started = trouble = None
    running, killed, refusal = True, False, ""
    definition = restart = "the service's definition"

    def __init__(self, path, tools):
        super().__init__(path, tools)
        self.log_command = f"tail -n 50 {path}"

    def _start_lines(self):
        return (read(self._tools.root + self.name) or b"").decode("utf-8", "replace").splitlines()

    def _recent_lines(self, this_start=False):
        return self._start_lines()[-RECENT:]


def inspected(tools, container, engine, user=None):
    """What an engine's inspect says of a container, as a dict; {} where there is no such container."""
    said = tools.out(engine, "inspect", "--type", "container", container, user=user)
    return json.loads(said)[0] if said else {}
