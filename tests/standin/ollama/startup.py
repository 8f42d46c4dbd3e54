# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the server does with its store before it listens."""

from __future__ import annotations

import os
import re
import time

from . import disk, envconfig, log
from .errors import GoError

GRACE_SECONDS = 3600
_BLOB_FILE = re.compile(r"sha256-[0-9a-fA-F]{64}\Z")


def prepare(store):
    """Make the store ready for the server: directories, new names for old blobs, pruning."""
    try:
        disk.make_directories(store.blobs)
    except GoError as error:
        raise GoError(f"{error}: ensure path elements are traversable") from None
    for entry in os.listdir(store.blobs):
        if entry.startswith("sha256:"):
            disk.rename(os.path.join(store.blobs, entry), os.path.join(store.blobs, entry.replace(":", "-", 1)))
    if envconfig.boolean("OLLAMA_NOPRUNE"):
        return
    for name in store.names():
        try:
            store.manifest(name)
        except GoError as error:
            log.warn("routes.go:1965", "corrupt manifests detected, skipping prune operation.  Re-pull or delete "
                     "to clear", error=f"{name.full} {error}")
            return
    _prune(store)


def _prune(store):
    """Remove what no model needs and what is older than an hour: unused blobs, parts, anything else in there."""
    disk.make_directories(store.manifests)
    used = {digest.replace(":", "-", 1) for digest in store.used()}
    limit = time.time() - GRACE_SECONDS
    old = [entry for entry in os.scandir(store.blobs) if entry.stat(follow_symlinks=False).st_mtime < limit]
    log.info("images.go:919", "total blobs: %d" % sum(1 for entry in old if _BLOB_FILE.match(entry.name)))
    removable = [entry.path for entry in old if entry.name not in used]
    for path in removable:
        disk.remove(path)
    log.info("images.go:926", "total unused blobs removed: %d" % len(removable))
    store.remove_empty_directories()
