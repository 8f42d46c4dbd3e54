# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Whether the models to come fit on the disk of a store. The server does not look before it pulls."""

from __future__ import annotations

import os

from ansible_collections.barellama.fleet.plugins.module_utils._durable import human_size
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError


def bytes_missing(manifest, store):
    """How much of ``manifest`` is not in ``store`` yet (all of it where no store is given); None when not known."""
    if manifest.blobs is None:
        return None
    return sum(_missing(store, digest, size) for digest, size in manifest.blobs)


def refuse_full_disk(pulls, store, reserve):
    """FleetError when the pulls and ``reserve`` bytes do not fit. Blobs that several models share count once."""
    blobs = {blob for change in pulls if change.after for blob in change.after.blobs or ()}
    damaged = {digest for change in pulls for digest in change.repaired}
    need = sum(size if digest in damaged else _missing(store, digest, size) for digest, size in blobs)
    free = _free(store)
    if need + reserve > free:
        each = ", ".join(f"{change.name} {human_size(change.bytes)}" for change in pulls if change.bytes)
        raise FleetError(
            f"models do not fit into {store}: need {human_size(need)} ({each}) and {human_size(reserve)} in reserve, "
            f"free {human_size(free)}; free space, list fewer models or move the store"
        )


def refuse_to_overfill(name, sent, ways, made, store, reserve):
    """FleetError when there is no room to make a model: for ``sent``, the sizes of files by their paths, and the ``made``
    bytes of its weights, unless these are there: one of the ``ways``, lists of digests."""
    if any(not any(_missing(store, digest, 1) for digest in way) for way in ways):
        made = 0
    need, free = sum(sent.values()) + made, _free(store)
    if need + reserve > free:
        each = ", ".join([*(f"{path} {human_size(size)}" for path, size in sent.items()), f"the weights made of it {human_size(made)}"])
        raise FleetError(
            f"{name} does not fit into {store}: need {human_size(need)} ({each}) and {human_size(reserve)} in reserve, "
            f"free {human_size(free)}; free space or move the store"
        )


def _missing(store, digest, size):
    """Bytes of one blob still to come. A partial download is a sparse file: only what is allocated has arrived."""
    if not store:
        return size
    blob = os.path.join(store, "blobs", f"sha256-{digest}")
    if os.path.exists(blob):
        return 0
    try:
        return max(0, size - os.stat(f"{blob}-partial").st_blocks * 512)
    except OSError:
        return size


def _free(store):
    """Bytes that a process without privileges may still write where ``store`` is or will be."""
    place = os.path.abspath(store)
    while not os.path.exists(place):
        place = os.path.dirname(place)
    disk = os.statvfs(place)
    return disk.f_bavail * disk.f_frsize
