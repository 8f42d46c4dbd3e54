# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""One blob as it is written into a file, summed on the way. What a killed run left of it is read, and then gone on with."""

from __future__ import annotations

import hashlib
import os

from ansible_collections.barellama.fleet.plugins.module_utils._store_files import regular

CHUNK = 1 << 20


class Member:
    """The bytes of ``stream``, a file open for reading and writing, from ``start`` to its end; ``size`` there shall be."""

    def __init__(self, stream, start, size):
        self.size = size
        self._stream, self._start = stream, start
        self.restart(max(0, min(size, stream.seek(0, os.SEEK_END) - start)))

    def restart(self, have=0):
        """Keep the first ``have`` bytes and forget the others."""
        self._stream.truncate(self._start + have)
        self._stream.seek(self._start)
        self._digest, self.have = hashlib.sha256(), 0
        while self.have < have:
            self._count(self._stream.read(min(CHUNK, have - self.have)))

    def write(self, chunk):
        """Append as much of ``chunk`` as is wanted."""
        chunk = chunk[: self.size - self.have]
        self._stream.write(chunk)
        self._count(chunk)

    def _count(self, chunk):
        self._digest.update(chunk)
        self.have += len(chunk)

    def fill(self, source, digest):
        """Let ``source(self)`` write what is missing. Whether size and sum are right then.

        What was there before gets one chance: with its last byte in place it may still not be what it should be.
        """
        resumed = self.have > 0
        source(self)
        if resumed and self._wrong(digest):
            self.restart()
            source(self)
        return not self._wrong(digest)

    def _wrong(self, digest):
        return self.have < self.size or self._digest.hexdigest() != digest


def from_bytes(body):
    """A source for ``fill``."""
    return lambda member: member.write(body[member.have:])


def from_file(descriptor, offset=0):
    """A source for ``fill``: what an open file has from ``offset`` on, as far as it goes."""

    def copy(member):
        buffer = memoryview(bytearray(CHUNK))
        while member.have < member.size:
            count = os.preadv(descriptor, [buffer], offset + member.have)
            if not count:
                return
            member.write(buffer[:count])

    return copy


def open_file(path):
    """A descriptor of a file, which the caller closes; Unusable where there is none."""
    with regular(path) as descriptor:
        return os.dup(descriptor)
