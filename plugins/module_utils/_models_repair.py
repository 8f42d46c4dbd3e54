# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Making damaged models whole.

The server takes what it has by its name. So a damaged blob is moved aside, that the next pull fetches it, and only it, or
that the next creation writes it; the same with the files of a download that is stuck.
"""

from __future__ import annotations

import time

from ansible_collections.barellama.fleet.plugins.module_utils import _store_prune as prune
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models_damage import REPLACED, damaged, layers_of, needed
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._store import survey
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import blobs
from ansible_collections.barellama.fleet.plugins.module_utils._store_partials import STUCK, downloads
from ansible_collections.barellama.fleet.plugins.module_utils._store_report import blob

NO_LONGER_ACTIVE = float("inf")  # a time at which nothing counts as just written


def set_aside(client, found, plan, store):
    """Move the damaged blobs out of the way; the names of the models that were in memory with them and no longer are."""
    digests = {digest for change in plan for digest, was in change.repaired.items() if was in REPLACED}
    users = {ModelName.parse(model.name) for model in found.models if digests & {layer.digest for layer in model.layers}}
    unloaded = [entry["name"] for name, entry in by_name(client.ps()).items() if name in users] if users else []
    for name in unloaded:
        client.unload(name)
    _quarantine(store, found, digests)
    return unloaded


def prove(found, plan, terms, *actions):
    """Read what these actions have brought; the words of what is damaged all the same, which is moved aside."""
    brought = [change for change in plan if change.action in actions and not change.failed]
    if not brought:
        return []
    good = {digest for digest, content in found.sums.items() if content == digest}
    now = survey(terms.store, True, terms.cache, chosen=lambda models: needed(brought, models, afterwards=True) - good)
    words = []
    for change in brought:
        bad = damaged(now, layers_of(change, now.models, afterwards=True) or ())
        _quarantine(terms.store, now, [digest for digest, was in bad.items() if was in REPLACED])
        change.failed = change.failed or bool(bad)
        words += [f"{change.name}: blob {blob(digest)} is {was} right after it came; see whether its disk is full or failing"
                  for digest, was in bad.items()]
    return words


def unstick(change, store, now=None):
    """Remove what is left of downloads of the model's blobs that no pull could take up; whether there was any.

    What was just written to may be a download that goes on, and is left alone, unless ``now`` says otherwise.
    """
    needed = {digest for digest, _size in (change.after and change.after.blobs) or ()}
    try:
        partial = {digest: files for digest, files in blobs(store).partial.items() if digest in needed} if needed and store else {}
    except FleetError:
        return False  # who may not look there pulls as ever
    stuck = [download for download in downloads(store, partial, now or time.time()) if download.state == STUCK]
    for download in stuck:
        prune.carry_out(store, [prune.Change("blobs", file, prune.PARTIAL, None) for file in download.files if not file.fault])
        change.repaired[download.digest] = STUCK
    return bool(stuck)


def _quarantine(store, found, digests):
    prune.carry_out(store, [prune.Change("blobs", found.whole[digest], prune.CORRUPT, prune.QUARANTINE) for digest in sorted(digests)])
