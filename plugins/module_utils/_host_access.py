# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What an account may do in a directory, by owners and modes, of it and of the way to it. Reads only."""

from __future__ import annotations

import os

READ, WRITE, ENTER = 4, 2, 1
ACL = "system.posix_acl_access"


def access(root, path, rights):
    """``full``, or what is missing to read, write and enter ``path`` below ``root``.

    ``rights`` tells the bits of rwx that the account has by an ``os.stat`` result. An ACL may give more than a mode
    tells; what has one is trusted.
    """
    way = [path[:end] or "/" for end, sign in enumerate(path) if sign == "/"]
    for place in way:
        if not _open(root + place, rights) & ENTER:
            return f"no way through {place}"
    found = _open(root + path, rights)
    missing = [word for word, bit in (("read", READ), ("write", WRITE), ("enter", ENTER)) if not found & bit]
    return f"no right to {', '.join(missing)}" if missing else "full"


def _open(place, rights):
    return READ | WRITE | ENTER if _has_acl(place) else rights(os.stat(place))


def _has_acl(place):
    try:
        return ACL in os.listxattr(place)
    except (AttributeError, OSError):  # macOS has none of these, nor has every file system
        return False
