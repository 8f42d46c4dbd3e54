# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The users and groups of a host, each looked up once. Reads only."""

from __future__ import annotations

import grp
import os
import pwd


class Accounts:
    """``users`` and ``groups`` answer as the modules ``pwd`` and ``grp`` do."""

    def __init__(self, users=pwd, groups=grp):
        self._users = users
        self._groups = groups
        self._known = {}

    def observe(self, item):
        """The observation (see ``_drift.py``) of a desired user; ``gid`` is that of the wanted group.

        ``taken`` maps uid and gid, where they are still to be given away, to the account or group that has them already.
        """
        wanted = item.get("groups_if_present", [])
        observed = {
            "groups_present": [name for name in wanted if self._gid(name) is not None],
            "gid": self._gid(item["group"]),
        }
        account = self.account(item["name"])
        holders = {
            "uid": self._user_of(item["uid"]) if account is None and "uid" in item else None,
            "gid": self._group_of(item["gid"]) if observed["gid"] is None and "gid" in item else None,
        }
        observed["taken"] = {field: holder for field, holder in holders.items() if holder}
        if account is None:
            told = " and ".join(f"{field} {item[field]} is that of {name}" for field, name in observed["taken"].items())
            return {"state": "absent", **observed, "notes": {"state": told} if told else {}}
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

    def membership(self, name, listed=os.getgrouplist):
        """Name, uid and the gids of all groups of a user; None where there is no such one."""
        account = self.account(name)
        return account and (name, account.pw_uid, set(listed(name, account.pw_gid)))

    def user_name(self, uid, wanted):
        """The name of a uid; the wanted one where it is among the names of that uid."""
        account = self.account(wanted)
        return wanted if account and account.pw_uid == uid else self._user_of(uid) or str(uid)

    def group_name(self, gid, wanted):
        return wanted if self._gid(wanted) == gid else self._group_of(gid) or str(gid)

    def rights(self, found, name, group, future):
        """The bits of rwx that an account has by an ``os.stat`` result, or will have, where it is still to be made.

        ``future`` has the uid and gid that it gets.
        """
        account = self.account(name)
        if found.st_uid == (account.pw_uid if account else future.get("uid")):
            return found.st_mode >> 6 & 7
        if found.st_gid in (self._gid(group), future.get("gid")) or (account and self._has(account, found.st_gid)):
            return found.st_mode >> 3 & 7
        return found.st_mode & 7

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

    def _has(self, account, gid):
        members = self._lookup(("members", gid), lambda: self._groups.getgrgid(gid).gr_mem) or []
        return account.pw_gid == gid or account.pw_name in members

    def _user_of(self, uid):
        return self._lookup(("uid", uid), lambda: self._users.getpwuid(uid).pw_name)

    def _group_of(self, gid):
        return self._lookup(("gid", gid), lambda: self._groups.getgrgid(gid).gr_name)

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
