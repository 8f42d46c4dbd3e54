# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""The process of one instance and its log, whatever runs it; looked at when first asked. Reads only."""

from __future__ import annotations

import glob
import json
import os
import re
import time
from functools import cached_property

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_log import server_config
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read

# A server that was restarted has settled once it runs longer than this, in seconds, by the number of restarts.
SETTLED = {1: 10, 3: 60}


class Running:
    """What all ways to run a server have in common. ``tools`` is a Commands."""

    container = None  # what inspect says of it, where it is one

    def __init__(self, name, tools):
        self.name = name
        self._tools = tools

    @property
    def running(self):
        return self.pid is not None

    @cached_property
    def environment(self):
        """Variable -> value that the server was started with; None where there is no such process."""
        content = self._proc("environ")
        if not content:
            return None
        pairs = (entry.partition("=") for entry in content.decode("utf-8", "surrogateescape").split("\0"))
        return {name: value for name, _equals, value in pairs if name}

    @cached_property
    def account(self):
        """(uid, groups) that the process has, as numbers of the host; None where there is no such process."""
        told = dict(line.partition(":")[::2] for line in self._proc("status").decode().splitlines())
        if "Uid" not in told:
            return None
        return int(told["Uid"].split()[1]), {int(told["Gid"].split()[1]), *map(int, told["Groups"].split())}

    def owns(self, pid):
        """Whether a process of the host is this one, or was started below it."""
        while pid not in (None, "0", self.pid):
            told = read(f"{self._tools.root}/proc/{pid}/status") or b""
            parent = re.search(rb"^PPid:\s*(\d+)", told, re.MULTILINE)
            pid = parent and parent[1].decode()
        return pid is not None and pid == self.pid

    @cached_property
    def backends(self):
        """The directories of libraries that the release has, by name; None where it cannot be told."""
        proc = f"{self._tools.root}/proc/{self.pid}"
        try:
            program = os.readlink(f"{proc}/exe")
            return sorted(os.listdir(f"{proc}/root{os.path.dirname(os.path.dirname(program))}/lib/ollama"))
        except OSError:
            return None

    @cached_property
    def store(self):
        """Where the host has the models of the process; None where it cannot be told."""
        given = self.environment
        if not given:
            return None
        models = given.get("OLLAMA_MODELS") or given.get("HOME", "") + "/.ollama/models"
        return f"{self._tools.root}/proc/{self.pid}/root{models}"

    @cached_property
    def space(self):
        """(bytes free, bytes in all) of the file system with the models; None where it cannot be told."""
        try:
            found = os.statvfs(self.store or "")
        except OSError:
            return None
        return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize

    @cached_property
    def broken_manifests(self):
        """The manifests in the store that cannot be read, as host/namespace/model/tag."""
        folder = f"{self.store}/manifests/"
        return [path[len(folder):] for path in sorted(glob.glob(folder + "*/*/*/*")) if not _is_json(path)]

    @cached_property
    def start_log(self):
        """The lines of the start that serves now, up to some minutes after it."""
        lines = self._start_lines()
        if server_config(lines) is None:
            self._tools.out("journalctl", "--sync")  # what was just written may be on its way
            lines = self._start_lines()
        return lines

    @cached_property
    def recent_log(self):
        """The last lines, of earlier starts too."""
        return self._recent_lines()

    @cached_property
    def recent_of_this_start(self):
        """The last lines of the start that serves now."""
        return self._recent_lines(this_start=True)

    def _restarts_often(self, restarts):
        age = time.time() - (self.started or 0)
        return any(restarts >= number and age < settled for number, settled in SETTLED.items())

    def _proc(self, name):
        return read(f"{self._tools.root}/proc/{self.pid}/{name}") or b"" if self.pid else b""


def _is_json(path):
    try:
        return isinstance(json.loads(read(path) or b""), dict)
    except ValueError:
        return False
