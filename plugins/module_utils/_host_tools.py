# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a host's package databases and its systemd say, each asked once for all names. Reads only."""

from __future__ import annotations

import os
import pwd
import re

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

ALWAYS_SHOWN = {"LoadState", "UnitFileState", "ActiveState", "SubState", "NeedDaemonReload"}
# Only services have a main process.
SHOWN = (*sorted(ALWAYS_SHOWN), "MainPID")
# What systemctl says of a unit that nobody has heard of.
UNKNOWN = {
    "LoadState": "not-found",
    "UnitFileState": "",
    "ActiveState": "inactive",
    "SubState": "dead",
    "NeedDaemonReload": "no",
}
NOT_FOUND = 127


class Tools:
    """``run_command`` is AnsibleModule's; ``root`` is put before every path; ``users`` answers as ``pwd`` does."""

    def __init__(self, run_command, root="", users=pwd):
        self._run_command = run_command
        self._root = root
        self._users = users

    def installed(self, names):
        """The set of those package names that are installed, by dpkg's database or, failing that, by rpm's."""
        if not names:
            return set()
        status = read(f"{self._root}/var/lib/dpkg/status")
        found = set() if status is None else parse_dpkg(status, names)
        rest = [name for name in names if name not in found]
        if not rest:
            return found
        answer = self.run("rpm", "-q", "--qf", "%{NAME}\\n", *rest)
        if answer is None:
            if status is None:
                raise FleetError("cannot tell which packages are installed: this host has neither dpkg nor rpm")
            return found
        return found | parse_rpm(answer, rest)

    def units(self, names, user=None):
        """Unit name -> its properties (ALWAYS_SHOWN, of services also MainPID) as systemctl writes them.

        With ``user`` those of that user's own systemd, which knows no unit while it does not run.
        """
        if not names:
            return {}
        own = ["--user"] if user else []
        answer = self.run("systemctl", *own, "show", "--property", ",".join(SHOWN), "--", *names, user=user)
        if answer is None and user:
            return dict.fromkeys(names, UNKNOWN)
        if answer is None:
            raise FleetError("cannot look at units: systemctl is not on this host; units need a host run by systemd")
        return parse_units(answer, names)

    def environment(self, pid):
        """The entries ``NAME=value`` a process was started with, as a set; None where there is no such process."""
        content = read(f"{self._root}/proc/{pid}/environ")
        return None if content is None else set(content.decode("utf-8", "surrogateescape").split("\0"))

    def run(self, *command, user=None):
        """(exit status, output, error output) of a command in plain English; None where the host does not have it.

        With ``user`` it runs as that user; None also where there is no such user or nothing of that user runs.
        """
        prefix = self._become(user) if user else []
        if prefix is None:
            return None
        try:
            answer = self._run_command([*prefix, *command], environ_update={"LC_ALL": "C"}, handle_exceptions=False)
        except FileNotFoundError:
            return None
        return None if user and answer[0] == NOT_FOUND else answer

    def has_account(self, user):
        try:
            return bool(self._users.getpwnam(user))
        except KeyError:
            return False

    def _become(self, user):
        """What to put before a command to run it in the session of a user; None where the user has none."""
        try:
            account = self._users.getpwnam(user)
        except KeyError:
            return None
        session = f"/run/user/{account.pw_uid}"
        if not os.path.isdir(self._root + session):
            return None
        variables = [f"HOME={account.pw_dir}", f"XDG_RUNTIME_DIR={session}"]
        return ["runuser", "-u", user, "--", "env", "--chdir=/", *variables]


def read(path):
    """A file's bytes; None where it, or the process it tells of, is not there."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path, error):
    """The FleetError for a path that an OSError kept from being read."""
    cure = "; run this task as root (become: true)" if isinstance(error, PermissionError) else ""
    return FleetError(f"cannot read {path}: {error.strerror}{cure}", path=path)


def parse_dpkg(status, names):
    """Those of ``names`` that dpkg's status file (bytes) has as installed; whether they are held does not matter."""
    wanted = {name.encode(): name for name in names}
    found = set()
    for entry in status.split(b"\n\n"):
        first, _newline, rest = entry.lstrip(b"\n").partition(b"\n")
        name = wanted.get(first[len(b"Package: ") :])
        if name and _field(rest, b"Status").endswith(b" ok installed"):
            found.add(name)
    return found


def _field(entry, name):
    return (b"\n" + entry).partition(b"\n" + name + b": ")[2].partition(b"\n")[0]


def parse_rpm(answer, names):
    """Those of ``names`` that rpm has as installed; FleetError where it could not look."""
    _status, output, errors = answer
    # With a broken database rpm says that nothing is installed, and the truth beside it.
    if re.search("^error: ", errors, re.MULTILINE):
        raise FleetError(f"cannot tell which of {', '.join(names)} are installed: rpm says {errors}")
    return set(output.splitlines()).intersection(names)


def parse_units(answer, names):
    """Unit name -> properties, from the paragraphs that ``systemctl show`` writes in the order it was asked."""
    status, output, errors = answer
    units = [dict(re.findall("^(.*?)=(.*)$", part, re.MULTILINE)) for part in output.strip().split("\n\n")]
    if status or len(units) != len(names) or not all(unit.keys() >= ALWAYS_SHOWN for unit in units):
        raise FleetError(f"cannot look at units {', '.join(names)}: systemctl says {errors or output or 'nothing'}")
    return dict(zip(names, units))
