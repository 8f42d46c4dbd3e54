# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Downloads of which the sha256 is known before the first byte.

A partial file carries the wanted sum in its name, so it is resumed whenever it exists: bytes that should not have
been joined fail the sum, and then the file is fetched once more from its first byte.
"""

from __future__ import annotations

import os

from ansible_collections.barellama.fleet.plugins.module_utils._durable import human_size
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release_record import file_sha256
from ansible_collections.barellama.fleet.plugins.module_utils._web import CanPass, PastTheEnd, extent, read_some

CHUNK = 1 << 20


def fetch(web, url, path, sha256, demand_space):
    """Make the file ``path`` hold what ``url`` serves and ``sha256`` vouches for.

    ``demand_space(total, missing)`` may refuse when the size is known and nothing has been written yet.
    """
    if os.path.exists(path) and file_sha256(path) == sha256:
        return
    for _chance in range(2):
        web.persist(url, lambda: _resume(web, url, path, demand_space), lambda: _size(path))
        found = file_sha256(path)
        if found == sha256:
            return
        os.remove(path)
    raise FleetError(
        f"{url} has sha256 {found}, wanted is {sha256}: it was replaced or the site is not to be trusted;"
        " find out which before changing the wanted sum"
    )


def _resume(web, url, path, demand_space):
    have = _size(path)
    try:
        with web.open(url, start=have) as answer:
            start, total = extent(answer)
            if total is not None:
                demand_space(total, total - start)
            with open(path, "ab") as stream:
                # Not everyone honours a range: then the answer is the whole file.
                stream.truncate(start)
                for chunk in iter(lambda: read_some(answer.read1, CHUNK), b""):
                    stream.write(chunk)
                    stream.flush()
    except PastTheEnd:
        os.remove(path)
        raise
    if total is not None and _size(path) < total:
        raise CanPass(f"cut off after {human_size(_size(path))} of {human_size(total)}")


def _size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0
