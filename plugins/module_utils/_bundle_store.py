# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Puts models into a store, beside a server that may run or start at any time.

A server deletes, at its start, what lies among the blobs for an hour without a manifest. So blobs are written and verified
in a directory beside them, which no server looks at, and moved in together, the manifest after them. A killed run leaves
verified bytes there, with which the next one goes on.
"""

from __future__ import annotations

import os
import re
from collections import namedtuple
from contextlib import contextmanager

from ansible_collections.barellama.fleet.plugins.module_utils import _durable
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_member import Member
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import BadManifest, Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import blobs
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import manifest_path, models

STAGE, MANIFEST = "import", "manifest"
STAGED = re.compile(rf"[0-9a-f]{{64}}|{MANIFEST}")

# ``models`` are those to write, name -> (where its manifest goes, digests); ``missing`` digest -> size of their blobs.
Due = namedtuple("Due", "models missing before")


def due(index, store, names):
    """What of the models ``names``, ModelNames, the store lacks; ``index`` is the bundle's."""
    whole, there = contents(store)
    offered = {ModelName.parse(name): digests for name, digests in index.models.items()}
    wanted, missing, before = {}, {}, {}
    for name in names:
        manifest, *digests = offered[name]
        lacking = [digest for digest in digests if digest not in whole or whole[digest].size != index.blobs[digest]]
        model = there.get(name)
        if lacking or model is None or model.digest != manifest:
            # The server finds a name in any case: one that it has in another keeps its place.
            place = ModelName.parse(model.name) if model else name
            wanted[str(name)] = (manifest_path(store, place), offered[name])
            missing.update({digest: index.blobs[digest] for digest in lacking})
            before[str(name)] = model.digest if model else None
    return Due(wanted, missing, before)


def contents(store):
    """(blobs by digest, models by ModelName) of a store that need not exist yet."""
    if not os.path.isdir(store):
        return {}, {}
    whole = blobs(store).whole
    return whole, {ModelName.parse(model.name): model for model in models(store, whole)[0]}


def is_whole(model, whole):
    return all(layer.digest in whole and whole[layer.digest].size == layer.size for layer in model.layers)


@contextmanager
def as_owner(store):
    """Write as the one to whom the store belongs, or the nearest directory above it, and with its mode.

    So a server can use what is written, and nobody who may write to the store leads root elsewhere.
    """
    place = os.path.join(store, "blobs")
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    shape, group, groups = os.stat(place), os.getegid(), os.getgroups()
    is_other = os.geteuid() == 0 and shape.st_uid != 0
    mask = os.umask(~shape.st_mode & 0o777 | 0o022)
    try:
        if is_other:
            os.setgroups([])
            os.setegid(shape.st_gid)
            os.seteuid(shape.st_uid)
        yield
    finally:
        if is_other:
            os.seteuid(0)
            os.setegid(group)
            os.setgroups(groups)
        os.umask(mask)


def stages(store):
    """Where blobs become whole, and where manifests do: on the disks on which they lie, which links may make two."""
    return [os.path.join(os.path.dirname(os.path.realpath(os.path.join(store, part))), STAGE) for part in ("blobs", "manifests")]


def clear(store):
    """Remove what runs have left in the stages of ``store`` and nobody wants any more; what is of others stays."""
    for stage in filter(os.path.isdir, set(stages(store))):
        for name in filter(STAGED.fullmatch, os.listdir(stage)):
            os.remove(os.path.join(stage, name))
        if not os.listdir(stage):
            os.rmdir(stage)


class Stage:
    """The directories in which what is imported becomes whole."""

    def __init__(self, store):
        self._blobs = os.path.join(store, "blobs")
        os.makedirs(self._blobs, exist_ok=True)
        os.makedirs(os.path.join(store, "manifests"), exist_ok=True)
        self._path, self._manifests = stages(store)
        os.makedirs(self._path, exist_ok=True)
        os.makedirs(self._manifests, exist_ok=True)

    def demand_space(self, missing):
        """Refuse when the disk is too small for what is missing; what a killed run has left counts."""
        here = sum(min(os.path.getsize(path), size) for path, size in ((self._file(digest), size) for digest, size in missing.items())
                   if os.path.exists(path))
        _durable.demand_space(self._path, sum(missing.values()) - here, "import the models")

    def fetch(self, digest, size, source):
        """Write one blob and flush it. Whether it is what the digest says; if not, it is gone."""
        descriptor = os.open(self._file(digest), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with os.fdopen(descriptor, "r+b") as stream:
            right = Member(stream, 0, size).fill(source, digest)
            if right:
                _durable.flush(stream)
        if not right:
            os.remove(self._file(digest))
        return right

    def publish(self, digests, body, path):
        """Move the blobs that are here among the others, and then write the manifest ``body`` to ``path``."""
        for staged, digest in ((self._file(digest), digest) for digest in digests):
            if os.path.exists(staged):
                os.utime(staged)  # no server takes it for a forgotten one
                os.rename(staged, os.path.join(self._blobs, f"sha256-{digest}"))
        _durable.flush_directory(self._blobs)
        fresh = os.path.join(self._manifests, MANIFEST)
        with open(fresh, "wb") as stream:
            stream.write(body)
            _durable.flush(stream)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _durable.move(fresh, path)

    def _file(self, name):
        return os.path.join(self._path, name)


def names_all(body, digests):
    """Whether ``body`` is a manifest that names nothing beside ``digests``. Of a list, the parts may be elsewhere."""
    try:
        manifest = Manifest.parse(body)
    except BadManifest:
        return False
    return manifest.blobs is None or {digest for digest, _size in manifest.blobs} <= set(digests)
