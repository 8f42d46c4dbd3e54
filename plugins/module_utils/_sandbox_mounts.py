# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The mounts that a process sees, out of the text of its /proc/PID/mountinfo. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple


class Mount(NamedTuple):
    """Where it is, how it is mounted there, and what its file system was mounted with."""

    path: str
    options: set
    super_options: set


class Mounts:
    """All mounts of one mount namespace."""

    def __init__(self, text):
        self._mounts = [_mount(line) for line in text.splitlines()]

    def read_only(self, path):
        """Whether nothing can be written at that path, be it a mount of its own or within one."""
        return "ro" in self._covering(path).options

    def hidden(self, path):
        """Whether there is nothing at that path: a /proc may have no more than processes."""
        return path.startswith("/proc/") and "subset=pid" in self.options(path)

    def options(self, path):
        """The options of the file system that is seen at that path."""
        return self._covering(path).super_options

    def _covering(self, path):
        # The longest is nearest; of several at one path the last lies on top.
        covering = [mount for mount in self._mounts if f"{path}/".startswith(f"{mount.path.rstrip('/')}/")]
        longest = max((len(mount.path) for mount in covering), default=0)
        return next((mount for mount in reversed(covering) if len(mount.path) == longest), Mount("", set(), set()))


def _mount(line):
    # id, parent, device, root, path, options, any number of fields, "-", type, source, options of the file system.
    left, _dash, right = line.partition(" - ")
    path, options = left.split(" ")[4:6]
    path = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), path)
    return Mount(path, set(options.split(",")), set(right.split(" ")[2].split(",")))
