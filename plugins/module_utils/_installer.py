# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Changes a root of releases, so that a kill at any moment leaves ``current`` whole.

A release is unpacked beside its place, recorded, flushed and renamed into place; a link is replaced by a rename; what
is removed is renamed away first. The next run finds what a killed one left and removes it.
"""

from __future__ import annotations

import json
import os

from ansible_collections.barellama.fleet.plugins.module_utils import _durable as durable
from ansible_collections.barellama.fleet.plugins.module_utils._archive import Tree, decompress
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._mend import mend
from ansible_collections.barellama.fleet.plugins.module_utils._release import PROVEN, RELEASES
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import OVERLAYS
from ansible_collections.barellama.fleet.plugins.module_utils._release_record import RECORD, record_of
from ansible_collections.barellama.fleet.plugins.module_utils._release_root import DOWNLOADS, PARTIAL, STAGING

LOCK = ".lock"
BINARY = "bin/ollama"


class Installer:
    """Carries out plans below ``root``. ``zstd`` is _archive's Zstd."""

    def __init__(self, root, zstd):
        self._root = root
        self._zstd = zstd
        self._reserved = 0

    def lock(self, wait):
        """Let no other run change the root meanwhile."""
        durable.make_directories(self._root)
        return durable.locked(self._path(LOCK), wait)

    def carry_out(self, plan, wanted=None, sources=()):
        """Do what ``plan`` says; ``wanted`` and its ``sources`` are needed where it installs."""
        for path in plan.leftovers:
            durable.remove(self._path(path))
        if plan.install:
            self._install(wanted, sources, plan.doubts)
        for link, name in plan.links:
            durable.point(self._path(link), os.path.join(RELEASES, name))
        for name in plan.retire:
            self._discard(name)

    def _install(self, wanted, sources, doubts):
        if any(source.place.endswith(".zst") for source in sources):
            self._zstd.demand()
        for name in (RELEASES, DOWNLOADS):
            durable.make_directories(self._path(name))
        # A run that was killed may have left it as a strict umask makes it.
        os.chmod(self._path(RELEASES), 0o755)
        partials = [self._path(DOWNLOADS, archive.sha256 + PARTIAL) for archive in wanted.archives]
        brought = [
            (archive, source.bring(partial, archive.sha256, self._demand_for_archive))
            for archive, source, partial in zip(wanted.archives, sources, partials)
        ]
        staging = self._path(STAGING + wanted.id)
        os.mkdir(staging, 0o700)
        try:
            tree = self._stage(brought, staging, wanted)
            if doubts:
                # Before any file is another: what runs from them then is not what passed its gate.
                durable.remove(self._path(PROVEN))
                durable.flush_directory(self._root)
            self._publish(tree, wanted)
        finally:
            durable.remove(staging)
        for partial in filter(os.path.exists, partials):
            os.remove(partial)

    def _stage(self, brought, staging, wanted):
        """Unpack and record the release below ``staging``; returns the finished directory."""
        tar, path = os.path.join(staging, "tar"), os.path.join(staging, "tree")
        durable.make_directories(path)
        tree = Tree(path)
        for archive, file in brought:
            decompress(file, tar, self._zstd)
            durable.demand_space(staging, os.path.getsize(tar), "unpack the archive")
            _demand_content(archive, file, tree.unpack(tar), path)
            os.remove(tar)
        tree.seal()
        record = json.dumps(record_of(wanted, path, tree.sums), indent=1, sort_keys=True)
        durable.write_file(os.path.join(path, RECORD), record + "\n")
        durable.flush_directory(path)
        return path

    def _publish(self, tree, wanted):
        home = self._path(RELEASES, wanted.id)
        if os.path.lexists(home):
            mend(home, tree)
        else:
            durable.move(tree, home)

    def _discard(self, name):
        """Remove a release: first its name, then its files, so that half of one never looks like one."""
        doomed = self._path(f"{STAGING}gone-{name}")
        durable.move(self._path(RELEASES, name), doomed)
        durable.remove(doomed)

    def _demand_for_archive(self, size, missing):
        # The plain tar and the unpacked files are each at least as large as the archive.
        self._reserved += 2 * size
        durable.demand_space(self._root, missing + self._reserved, "fetch and unpack the archive")

    def _path(self, *names):
        return os.path.join(self._root, *names)


def _demand_content(archive, file, paths, tree):
    """Refuse an archive that is not what its name says; ``paths`` are what it brought, below ``tree``."""
    if not archive.overlay:
        if BINARY not in paths or not os.access(os.path.join(tree, BINARY), os.X_OK):
            raise FleetError(f"{file} holds no program {BINARY}: give the archive of an Ollama release for Linux")
        return
    _arch, libraries = OVERLAYS[archive.overlay]
    if not any(path.startswith(libraries) for path in paths):
        raise FleetError(f"{file} holds nothing below {libraries}*: give the overlay {archive.overlay} of the release")
    for path in paths:
        # Overlays link to what the release has already; one of another version misses it.
        if not os.path.exists(os.path.join(tree, path)):
            raise FleetError(f"{file} links {path} to what the release has not: give the overlay of the same version")
