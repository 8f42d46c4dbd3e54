# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Account databases for tests."""

from __future__ import annotations

import os
from types import SimpleNamespace

UID, GID = os.getuid(), os.getgid()
ELSEWHERE = 987_654_321


class Accounts:
    """Stands for the modules pwd and grp. This process is called alice of staff, and also alias of crew."""

    users = [
        SimpleNamespace(pw_name="alice", pw_uid=UID, pw_gid=GID, pw_dir="/home/alice", pw_shell="/bin/sh"),
        SimpleNamespace(pw_name="alias", pw_uid=UID, pw_gid=ELSEWHERE, pw_dir="/", pw_shell="/bin/false"),
        SimpleNamespace(pw_name="bob", pw_uid=ELSEWHERE, pw_gid=GID, pw_dir="/", pw_shell="/bin/sh"),
    ]
    groups = [
        SimpleNamespace(gr_name="staff", gr_gid=GID, gr_mem=[]),
        SimpleNamespace(gr_name="crew", gr_gid=GID, gr_mem=[]),
        SimpleNamespace(gr_name="video", gr_gid=44, gr_mem=["alice", "carol"]),
        SimpleNamespace(gr_name="render", gr_gid=45, gr_mem=["carol"]),
    ]

    def __init__(self):
        self.asked = []

    def _find(self, entries, field, value):
        self.asked.append(value)
        for entry in entries:
            if getattr(entry, field) == value:
                return entry
        raise KeyError(value)

    def getpwnam(self, name):
        return self._find(self.users, "pw_name", name)

    def getpwuid(self, uid):
        return self._find(self.users, "pw_uid", uid)

    def getgrnam(self, name):
        return self._find(self.groups, "gr_name", name)

    def getgrgid(self, gid):
        return self._find(self.groups, "gr_gid", gid)
