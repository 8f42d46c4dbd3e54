# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a host really has, observed in the words of the desired things. Reads only."""

from __future__ import annotations

import grp
import os
import platform
import pwd
import stat
import time

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._host_access import access
from ansible_collections.barellama.fleet.plugins.module_utils._host_accounts import Accounts
from ansible_collections.barellama.fleet.plugins.module_utils._host_engines import Engines
from ansible_collections.barellama.fleet.plugins.module_utils._host_launchd import Launchd
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import Tools, read, unreadable
from ansible_collections.barellama.fleet.plugins.module_utils._listeners import Listeners
from ansible_collections.barellama.fleet.plugins.module_utils._openpgp import keys
from ansible_collections.barellama.fleet.plugins.module_utils._record import MARKER, parse
from ansible_collections.barellama.fleet.plugins.module_utils._record import found as found_record
from ansible_collections.barellama.fleet.plugins.module_utils._release import current_release

# In units, Quadlets and settings, also where the record is lost.
OURS = (b"barellama.fleet", f"{MARKER}=".encode())
TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}


class Host:
    """One host, looked at through its files, its account databases and two commands.

    ``run_command`` is AnsibleModule's; ``root`` is put before every path; ``users`` and ``groups`` answer as the
    modules ``pwd`` and ``grp`` do.
    """

    def __init__(self, run_command, root="", users=pwd, groups=grp):
        self._root = root
        self._tools = Tools(run_command, root, users)
        self._accounts = Accounts(users, groups)

    def observe(self, desired):
        """One observation (see ``_drift.py``) for each desired thing, in the same order.

        FleetError where something cannot be read or the tool that would know is not there.
        """
        packages = self._tools.installed(_names(desired, "package"))
        units = self._units(desired)
        engines = Engines(self._tools, desired)
        launchd = Launchd(self._tools, self._accounts, self._root)
        listeners = Listeners(self._root)
        made = self._made(desired)
        look = {
            "user": self._accounts.observe,
            "directory": lambda item: self._directory(item, made, desired),
            "file": self._path,
            "key": self._key,
            "absent": self._path,
            "link": self._path,
            "package": lambda item: {"state": "installed" if item["name"] in packages else "absent"},
            "unit": lambda item: self._unit(item, units[item.get("user"), item["name"]]),
            "container": engines.container,
            "engine": engines.engine,
            "volume": engines.volume,
            "image": engines.image,
            "launchd": launchd.service,
            "keg": launchd.keg,
            "release": self._release,
            "record": self._record,
            "port": lambda item: self._port(item, listeners, units),
        }
        return [look[item["kind"]](item) for item in desired]

    def _units(self, desired):
        """(user, or None, and unit) -> its properties, asked for once for each user."""
        users = dict.fromkeys(item.get("user") for item in desired if item["kind"] == "unit")
        shown = {user: self._tools.units(_names(desired, "unit", user), user) for user in users}
        return {(user, name): unit for user, units in shown.items() for name, unit in units.items()}

    def _made(self, desired):
        """The paths of what this role made, by the records that are desired."""
        records = [self._record(item) for item in desired if item["kind"] == "record"]
        return {thing.get("path") for record in records for thing in record["made"]}

    def _directory(self, item, made, desired):
        """One to be ``kept``, which others made, has ``access``: what its owner-to-be may do there."""
        observed = self._path(item)
        if not item.get("kept") or observed["state"] != "directory" or item["path"] in made:
            return observed
        future = next((each for each in desired if each["kind"] == "user" and each["name"] == item["owner"]), {})
        whose = (item["owner"], item["group"], future)
        return {**observed, "access": access(self._root, item["path"], lambda at: self._accounts.rights(at, *whose))}

    def _path(self, item):
        path = self._root + item["path"].rstrip("/") or "/"
        try:
            found = os.lstat(path)
            observed = {"state": TYPES.get(stat.S_IFMT(found.st_mode), "special file")}
            if item["kind"] == "link" and observed["state"] == "link":
                observed["target"] = os.readlink(path)
            if item["kind"] in ("file", "key") and observed["state"] == "file":
                observed["content"] = _content(path)
                observed["ours"] = any(word in observed["content"] for word in OURS)
        except (FileNotFoundError, NotADirectoryError):
            return {"state": "absent"}
        except OSError as error:
            raise unreadable(item["path"], error) from error
        if "mode" in item:
            observed["mode"] = f"{stat.S_IMODE(found.st_mode):04o}"
            observed["owner"] = self._accounts.user_name(found.st_uid, item["owner"])
            observed["group"] = self._accounts.group_name(found.st_gid, item["group"])
            observed["notes"] = self._accounts.missing(owner=item["owner"], group=item["group"])
        return observed

    def _key(self, item):
        """A file with keys has their ``fingerprints``; keys of which one has expired are to be fetched anew."""
        observed = self._path(item)
        if observed["state"] != "file":
            return observed
        try:
            found = keys(observed["content"])
        except FleetError:
            found = []
        ended = any(key.expires is not None and key.expires <= time.time() for key in found)
        return {**observed, "state": "expired" if ended else "file", "fingerprints": sorted(key.fingerprint for key in found)}

    def _unit(self, item, shown):
        marker = item.get("marker")
        environment = self._tools.environment(shown.get("MainPID", "0")) if marker else None
        # Without a main process nothing runs from an older definition.
        current = environment is None or marker in environment
        return {
            "state": {"not-found": "absent"}.get(shown["LoadState"], shown["LoadState"]),
            "enabled": shown["UnitFileState"] in ("enabled", "static", "generated"),
            "active": _is_active(shown, item["active"]),
            "definition": "outdated" if shown["NeedDaemonReload"] == "yes" else "current",
            "started_from": marker if current else "another definition",
        }

    def _port(self, item, listeners, units):
        user = item.get("user")
        account = self._accounts.account(user) if user else None
        main_pid = units.get((user, item["unit"]), {}).get("MainPID", "0")
        return listeners.observe(item, main_pid, account and account.pw_uid)

    def _release(self, item):
        release = current_release(self._root + item["root"]) or {}
        return {"state": "installed" if release else "absent", "machine": platform.machine(), **release}

    def _record(self, item):
        content = read(self._root + item["path"])
        return found_record(None if content is None else parse(content, item["path"]))


def _names(desired, kind, user=None):
    return list(dict.fromkeys(item["name"] for item in desired if item["kind"] == kind and item.get("user") == user))


def _is_active(shown, wanted):
    """Whether a unit runs or is about to. One that fails over and over is neither up nor at rest: never as wanted."""
    if shown["SubState"].startswith("auto-restart"):
        return not wanted
    return shown["ActiveState"] in ("active", "activating", "reloading")


def _content(path):
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return file.read()
