# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Reads every blob and tells whose content is not what its name says. The server never does: it trusts the name."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.barellama.fleet.plugins.module_utils._store_files import Unusable, identity, regular

CHUNK = 1 << 20
MOST_WORKERS = 4  # enough for the disk of a server that should also answer meanwhile


def sums(store, whole, known, chosen=None):
    """The sha256 of each file in ``whole``, or an Unusable that says why there is none, by digest in the name.

    ``known`` are the sums of a former run, by ``key``; a file that has not changed since is not read again. Where
    digests are ``chosen``, no other is read.
    """
    found = {digest: known[key(file)] for digest, file in whole.items() if key(file) in known}
    # The largest first: none of them is left alone at the end.
    todo = set(whole) if chosen is None else set(whole) & chosen
    todo = sorted(todo - set(found), key=lambda digest: -whole[digest].size)
    with ThreadPoolExecutor(max(1, min(MOST_WORKERS, os.cpu_count() or 1))) as pool:
        read = pool.map(lambda digest: sum_of(os.path.join(store, "blobs", whole[digest].name), whole[digest]), todo)
        found.update(zip(todo, read))
    return found


def key(file):
    """A File's identity as a text."""
    return ":".join(map(str, file.identity))


def remembered(whole, found):
    """What ``sums`` found, as ``known`` to the next run."""
    return {key(whole[digest]): value for digest, value in found.items() if isinstance(value, str)}


def sum_of(path, file):
    """The sha256 of the File at ``path``, or an Unusable that says why there is none."""
    try:
        if file.fault:
            raise Unusable(file.fault)
        return _read(path, file)
    except Unusable as error:
        return error


def _read(path, file):
    digest = hashlib.sha256()
    with regular(path) as descriptor:
        buffer = memoryview(bytearray(min(CHUNK, file.size + 1)))
        count = os.readv(descriptor, [buffer])
        while count:
            digest.update(buffer[:count])
            count = os.readv(descriptor, [buffer])
        if identity(os.fstat(descriptor)) != file.identity:
            raise Unusable("it changed while it was read; look again")
    return digest.hexdigest()
