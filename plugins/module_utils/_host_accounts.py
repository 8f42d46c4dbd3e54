# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The users and groups of a host, each looked up once. Reads only."""

from __future__ import annotations

import grp
import pwd


class Accounts:
    """``users`` and ``groups`` answer as the modules ``pwd`` and ``grp`` do."""

    def __init__(self, users=pwd, groups=grp):
        self._users = users
        self._groups = groups
        self._known = {}

    def observe(self, item):
        """The observation (see ``_drift.py``) of a desired user; ``gid`` is that of the wanted group."""
        wanted = item.get("groups_if_present", [])
        observed = {
            "groups_present": [name for name in wanted if self._gid(name) is not None],
            "gid": self._gid(item["group"]),
        }
        account = self.account(item["name"])
        if account is None:
            holder = self._user_of(item["uid"]) if "uid" in item else None
            notes = {"state": f"uid {item['uid']} is that of {holder}"} if holder else {}
            return {"state": "absent", **observed, "notes": notes}
        return {
            "state": "present",
            "uid": account.pw_uid,
            "group": self.group_name(account.pw_gid, item["group"]),
            "home": account.pw_dir,
            "shell": account.pw_shell,
            "groups": [name for name in observed["groups_present"] if self._is_member(account, name)],
            "notes": self.missing(group=item["group"]),
            **observed,
        }

    def account(self, name):
        """The entry of a user, or None."""
        return self._lookup(("user", name), lambda: self._users.getpwnam(name))

    def user_name(self, uid, wanted):
        """The name of a uid; the wanted one where it is among the names of that uid."""
        account = self.account(wanted)
        return wanted if account and account.pw_uid == uid else self._user_of(uid) or str(uid)

    def group_name(self, gid, wanted):
        if self._gid(wanted) == gid:
            return wanted
        return self._lookup(("gid", gid), lambda: self._groups.getgrgid(gid).gr_name) or str(gid)

    def missing(self, owner=None, group=None):
        """Remarks for the fields whose wanted name the host does not know yet."""
        notes = {}
        if owner and self.account(owner) is None:
            notes["owner"] = f"missing user {owner}"
        if group and self._gid(group) is None:
            notes["group"] = f"missing group {group}"
        return notes

    def _is_member(self, account, group):
        entry = self._groups.getgrnam(group)
        return entry.gr_gid == account.pw_gid or account.pw_name in entry.gr_mem

    def _user_of(self, uid):
        return self._lookup(("uid", uid), lambda: self._users.getpwuid(uid).pw_name)

    def _gid(self, name):
        return self._lookup(("group", name), lambda: self._groups.getgrnam(name).gr_gid)

    def _lookup(self, key, ask):
        """The account databases' answer, asked for once; None where they know nothing."""
        if key not in self._known:
            try:
                self._known[key] = ask()
            except KeyError:
                self._known[key] = None
        return self._known[key]
