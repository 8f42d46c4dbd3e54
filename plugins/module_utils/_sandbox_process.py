# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What units ask for and what their main processes show, out of systemctl and /proc. Reads only."""

from __future__ import annotations

import os

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import ALWAYS_SHOWN, parse_units, read
from ansible_collections.barellama.fleet.plugins.module_utils._sandbox import (
    NAMESPACES,
    PROPERTIES,
    PROTECTED_BY_HOME,
    PROTECTED_BY_SYSTEM,
    lacking,
)
from ansible_collections.barellama.fleet.plugins.module_utils._sandbox_mounts import Mounts

SHOWN = ",".join(sorted({*ALWAYS_SHOWN, "MainPID", *PROPERTIES}))
CAPABILITY_SETS = ("CapPrm", "CapEff", "CapBnd", "CapAmb")


class Sandboxes:
    """The sandboxes of this host's units. ``run_command`` is AnsibleModule's; ``root`` is put before every path."""

    def __init__(self, run_command, root=""):
        self._run_command = run_command
        self._root = root

    def look(self, names):
        """{units, lacking}: one {name, state, pid} for each, and what they lack; FleetError where it cannot be seen."""
        shown = self._shown(names)
        processes = {name: self._process(int(shown[name].get("MainPID", "0"))) for name in names}
        return {
            "units": [_unit(name, shown[name], processes[name]) for name in names],
            "lacking": [
                {"unit": name, **entry, "reason": f"{name}: {entry['reason']}"}
                for name, process in processes.items()
                if process
                for entry in lacking(shown[name], process)
            ],
        }

    def _shown(self, names):
        if not names:
            return {}
        command = ["systemctl", "show", "--property", SHOWN, "--", *names]
        try:
            answer = self._run_command(command, environ_update={"LC_ALL": "C"}, handle_exceptions=False)
        except FileNotFoundError as error:
            raise FleetError("cannot look at units: systemctl is not on this host; a sandbox needs systemd") from error
        return parse_units(answer, names)

    def _process(self, pid):
        """What ``_sandbox.lacking`` asks for; None where there is no such process, or not yet."""
        if not pid:
            return None
        status, mounts = self._status(pid), read(f"{self._root}/proc/{pid}/mountinfo")
        namespaces = {name: self._namespace(pid, name) for name in NAMESPACES}
        if not (status and mounts and all(namespaces.values())) or self._is_being_set_up(pid):
            return None
        return {
            "pid": pid,
            "shared_namespaces": {name for name, own in namespaces.items() if own == self._namespace(1, name)},
            "mounts": Mounts(mounts.decode("utf-8", "surrogateescape")),
            "filters": _filters(status) - _filters(self._status(1)),
            "no_new_privileges": status["NoNewPrivs"] == "1",
            "capabilities": _union(int(status[name], 16) for name in CAPABILITY_SETS),
            "uids": {int(uid) for uid in status["Uid"].split()},
            "places": self._places(),
        }

    def _is_being_set_up(self, pid):
        """Whether systemd still builds the sandbox of a process that is to become the program."""
        try:
            program = os.readlink(f"{self._root}/proc/{pid}/exe")
        except OSError:
            return False
        return os.path.basename(program.partition(" ")[0]) in ("systemd", "systemd-executor")  # "systemd (deleted)" after its update

    def _status(self, pid):
        """The fields of /proc/PID/status; nothing where the process is gone."""
        text = (read(f"{self._root}/proc/{pid}/status") or b"").decode("utf-8", "replace")
        return {name: value.strip() for name, _colon, value in (line.partition(":") for line in text.splitlines())}

    def _namespace(self, pid, name):
        """What names a process's namespace; None where the process is gone."""
        path = f"{self._root}/proc/{pid}/ns/{name}"
        try:
            return os.readlink(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            cure = "run this task as root (become: true), in a container with CAP_SYS_PTRACE"
            raise FleetError(f"cannot read {path}: {error.strerror}; {cure}", path=path) from error

    def _places(self):
        paths = {*PROTECTED_BY_HOME, *(path for paths in PROTECTED_BY_SYSTEM.values() for path in paths)}
        return {path: os.path.realpath(path) for path in paths if os.path.isdir(self._root + path)}


def _unit(name, shown, process):
    state = "running" if process else "absent" if shown["LoadState"] == "not-found" else "stopped"
    return {"name": name, "state": state, "pid": process and process["pid"]}


def _filters(status):
    """How many filters of system calls a process has; on kernels that do not count them 1 stands for some."""
    return int(status.get("Seccomp_filters", status.get("Seccomp") == "2"))


def _union(sets):
    held = 0
    for bits in sets:
        held |= bits
    return held
