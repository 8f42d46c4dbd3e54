# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""A bundle on the disk, read by its index: nothing but that is believed, and of a blob only its sum."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager

from ansible_collections.barellama.fleet.plugins.module_utils import _bundle
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_member import from_file, open_file
from ansible_collections.barellama.fleet.plugins.module_utils._durable import human_size
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import LARGEST_TEXT, Unusable


class NoBundle(FleetError):
    """There is nothing to read at this path."""


class NotWhole(FleetError):
    """It is shorter or longer than its index says."""


@contextmanager
def opened(path):
    """The Bundle at ``path``; its blobs have not been read."""
    try:
        descriptor = open_file(path)
    except Unusable as error:
        raise NoBundle(f"bundle {path} cannot be read ({error}): bring it to this host, to that path; playbooks/bundle.yml makes one,"
                       " where there is a network") from error
    try:
        yield Bundle(path, descriptor)
    finally:
        os.close(descriptor)


class Bundle:
    def __init__(self, path, descriptor):
        self.path = path
        self._descriptor = descriptor
        try:
            size = _bundle.index_size(os.pread(descriptor, _bundle.BLOCK, 0))
            self.index = _bundle.Index.parse(os.pread(descriptor, size, _bundle.BLOCK))
        except _bundle.BadBundle as error:
            raise _bundle.BadBundle(f"{path}: {error}") from error
        self._places = self.index.places

    def demand_whole(self):
        """FleetError where it is not as long as its index says."""
        size = os.fstat(self._descriptor).st_size
        if size < self.index.length:
            raise NotWhole(f"bundle {self.path} is cut off: it has {human_size(size)} of {human_size(self.index.length)}; bring it again")
        if size > self.index.length:
            raise NotWhole(f"bundle {self.path} has {size - self.index.length} bytes more than its index says; bring it again")

    def source(self, digest):
        """What Member.fill takes the blob from. A header that is not as it should be gives nothing."""
        offset, size = self._places[digest]
        expected = _bundle.header(_bundle.blob_name(digest), size)
        if os.pread(self._descriptor, _bundle.BLOCK, offset - _bundle.BLOCK) != expected:
            return lambda member: None
        return from_file(self._descriptor, offset)

    def small(self, digest):
        """The bytes of a manifest, or None where they are not what the digest says."""
        offset, size = self._places[digest]
        body = os.pread(self._descriptor, size, offset) if size <= LARGEST_TEXT else b""
        return body if hashlib.sha256(body).hexdigest() == digest else None
