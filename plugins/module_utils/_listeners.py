# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Who listens on a TCP port of this host, out of /proc alone. Reads only."""

from __future__ import annotations

import ipaddress
import os
import re
from functools import cached_property
from typing import NamedTuple

from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read

LISTENING = "0A"
SOCKET = re.compile(r"socket:\[(\d+)\]")
STRANGER = "another process"


class Listener(NamedTuple):
    """A listening socket; ``inode`` is the number that its owner's open files show."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int
    inode: str


class Listeners:
    """The host's listening sockets, read when first asked for. ``root`` is put before every path."""

    def __init__(self, root=""):
        self._proc = root + "/proc"

    def observe(self, item, main_pid="0", uid=None):
        """The observation (see ``_drift.py``) of a desired port.

        ``state`` is free or held. Held, it has ``holder`` (the desired unit, else a process's name) and ``pid``, None
        where the holder cannot be seen. ``main_pid`` is the unit's main process where that is known; "0" is none.
        ``uid`` is the user's whose systemd runs the unit, None where it is the system's.
        """
        wanted = _plain(item["address"])
        inodes = [
            listener.inode
            for listener in self._listeners
            if listener.port == item["port"] and _collide(listener.address, wanted)
        ]
        if not inodes:
            return {"state": "free"}
        # As a rule it is the main process that listens, and this spares a look at every other process.
        if self._sockets(main_pid).issuperset(inodes):
            return _held(item["unit"], main_pid)
        holders = [self._holder(inode, item["unit"], uid) for inode in inodes]
        return next((held for held in holders if held["holder"] != item["unit"]), holders[0])

    @cached_property
    def _listeners(self):
        tables = [read(f"{self._proc}/net/{name}") or b"" for name in ("tcp", "tcp6")]
        return [listener for table in tables for listener in parse_listeners(table.decode())]

    @cached_property
    def _owners(self):
        """Socket inode -> the processes that have it open, oldest first, as far as they may be looked into."""
        owners = {}
        for pid in sorted(filter(str.isdigit, os.listdir(self._proc)), key=int):
            for inode in self._sockets(pid):
                owners.setdefault(inode, []).append(pid)
        return owners

    def _sockets(self, pid):
        folder = f"{self._proc}/{pid}/fd"
        try:
            targets = [_target(f"{folder}/{name}") for name in os.listdir(folder)]
        except OSError:
            return set()
        return {found.group(1) for found in map(SOCKET.fullmatch, targets) if found}

    def _holder(self, inode, unit, uid):
        pids = self._owners.get(inode, [])
        for pid in pids:
            if is_of_unit(self._text(pid, "cgroup"), unit, uid):
                return _held(unit, pid)
        return _held(self._text(pids[0], "comm").strip() or STRANGER, pids[0]) if pids else _held(STRANGER, None)

    def _text(self, pid, name):
        """What a file of a process says; nothing where the process is gone."""
        return (read(f"{self._proc}/{pid}/{name}") or b"").decode("utf-8", "replace")


def parse_listeners(table):
    """The Listeners in the text of /proc/net/tcp or /proc/net/tcp6."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return [_listener(row[1], row[9]) for row in rows if row[3] == LISTENING]


def is_of_unit(cgroup, unit, uid=None):
    """Whether a process with that /proc/PID/cgroup is of a system unit, or of a unit of that user's own systemd."""
    if uid is None:
        paths = [line.partition("/user@")[0] for line in cgroup.splitlines()]
    else:
        paths = [line.partition(f"/user@{uid}.service")[2] for line in cgroup.splitlines()]
    return any(unit in path.split("/") for path in paths)


def _listener(local, inode):
    address, port = local.split(":")
    # Four bytes at a time, each four in the byte order of the machine; releases exist for little-endian ones only.
    words = [bytes.fromhex(word)[::-1] for word in re.findall("." * 8, address)]
    return Listener(_plain(b"".join(words)), int(port, 16), inode)


def _plain(address):
    """An address given as text or bytes; an IPv4 one also where it is written as IPv6."""
    ip = ipaddress.ip_address(address)
    return getattr(ip, "ipv4_mapped", None) or ip


def _collide(taken, wanted):
    """Whether who listens on ``taken`` keeps others from ``wanted``, the port being the same."""
    # Told to listen on 0.0.0.0, programs written in Go listen on ::, and that takes IPv4 as well. It need not, but
    # /proc does not tell.
    return taken == wanted or wanted.is_unspecified or (taken.is_unspecified and taken.version >= wanted.version)


def _held(holder, pid):
    return {"state": "held", "holder": holder, "pid": pid and int(pid)}


def _target(path):
    """Where a link points; nothing where it is gone."""
    try:
        return os.readlink(path)
    except OSError:
        return ""
