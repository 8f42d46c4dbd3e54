# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""A store as it is: what its models name, whether that is there and whole, and what no model names."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ansible_collections.barellama.fleet.plugins.module_utils import _store_cache as cache
from ansible_collections.barellama.fleet.plugins.module_utils import _store_files as files
from ansible_collections.barellama.fleet.plugins.module_utils import _store_verify as verify
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import models
from ansible_collections.barellama.fleet.plugins.module_utils._store_partials import downloads

OK, MISSING, TRUNCATED, CORRUPT, UNREADABLE = "ok", "missing", "truncated", "corrupt", "unreadable"


@dataclass(frozen=True)
class Survey:
    """``whole`` are the blobs by digest, ``sums`` what was found when they were read; none unless they were."""

    now: float
    models: list
    unreadable: list
    whole: dict
    downloads: list
    leftovers: list
    sums: dict

    @property
    def named(self):
        return {digest for model in self.models for digest in [*(layer.digest for layer in model.layers), *model.unknown]}

    @property
    def orphans(self):
        """The digests of the blobs that no manifest names."""
        return sorted(set(self.whole) - self.named)

    def age(self, file):
        return max(0, int(self.now - file.modified))

    def state(self, digest, size):
        """What became of the blob that should have ``size`` bytes, and why it cannot be read, if so.

        The sum decides where there is one: a manifest may be wrong about the size, and the server does not look.
        """
        file, found = self.whole.get(digest), self.sums.get(digest)
        if file is None:
            return MISSING, None
        reason = file.fault or (str(found) if isinstance(found, files.Unusable) else None)
        if reason:
            return UNREADABLE, reason
        if found == digest or (found is None and file.size == size):
            return OK, None
        return (CORRUPT if file.size == size else TRUNCATED), None

    @property
    def damaged(self):
        """The names of the models whose blobs are not all there and whole."""
        return [model.name for model in self.models if any(self.state(layer.digest, layer.size)[0] != OK for layer in model.layers)]

    @property
    def corrupt(self):
        """The digests of the blobs that were read and are not what they should be."""
        return sorted(digest for digest, found in self.sums.items() if isinstance(found, str) and found != digest)


def survey(store, read=False, cache_path=None, check_mode=False, chosen=None):
    """The Survey of ``store``; every blob is read for it when ``read``, but for those that ``cache_path`` knows.

    Where ``chosen`` is given, only those are read whose digests it picks when it gets the models.
    """
    files.demand_store(store)
    before = files.blobs(store)
    sums = {}
    if read:
        known = cache.load(cache_path) if cache_path else {}
        sums = verify.sums(store, before.whole, known, chosen and chosen(models(store, before.whole)[0]))
        if cache_path and not check_mode:
            cache.save(cache_path, verify.remembered(before.whole, sums))
    # A pull writes its manifest last: so what this one reads of the manifests is older than what it sees of the blobs.
    there, unreadable = models(store, before.whole)
    after, now = files.blobs(store), time.time()
    sums = {digest: found for digest, found in sums.items() if files.same(before.whole[digest], after.whole.get(digest))}
    return Survey(now, there, unreadable, after.whole, downloads(store, after.partial, now), after.leftovers, sums)
