# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Which weights a model may have: the sums of the files on this host that it is made from, and what the server made of such
before. Some servers store files as they are, others in their own order, and all of them quantize: the result is always the
same, yet only the server can tell it."""

from __future__ import annotations

import os

from ansible_collections.barellama.fleet.plugins.module_utils import _store_cache as cache
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import Unusable, look
from ansible_collections.barellama.fleet.plugins.module_utils._store_verify import key, sum_of


class NoFile(FleetError):
    """The file is not there."""


class Weights:
    """What is known of weights, kept in the file ``path``, or for this run only."""

    def __init__(self, path=None):
        self._path = path
        self._kept = self._sums = None

    def of(self, definition, base):
        """The sorted digests, one list for each possibility, that a model made of ``base`` or of files may have, none when
        that is not known; None without the files."""
        try:
            sources = self._sources(definition, base)
        except NoFile:
            return None
        made = self._known.get(_recipe(definition, sources))
        return ([made.split("+")] if made else []) + ([] if definition.quantize else [sources])

    def learn(self, definition, base, model):
        """Keep which weights the server gave to ``model``."""
        sources = self._sources(definition, base)
        if model["weights"] != sources:
            self._known[_recipe(definition, sources)] = "+".join(model["weights"])

    def sum_of(self, path):
        """The sha256 and the size of a file, read unless it is the same as before."""
        file = look(*os.path.split(path))
        if file is None:
            raise NoFile(f"{path} is not there; copy it to the host first")
        known = self._known.get(key(file))
        found = known or sum_of(path, file)
        if isinstance(found, Unusable):
            raise FleetError(f"{path} cannot be read: {found}")
        self._known[key(file)] = found
        return found, file.size

    def save(self):
        if self._path and self._sums != self._kept:
            cache.save(self._path, self._sums)

    def _sources(self, definition, base):
        return sorted(self.sum_of(path)[0] for path in definition.gguf) if definition.gguf else base["weights"]

    @property
    def _known(self):
        """Read when it is first asked for: most lists have no need of it."""
        if self._sums is None:
            self._kept = cache.load(self._path) if self._path else {}
            self._sums = dict(self._kept)
        return self._sums


def _recipe(definition, sources):
    return f"{definition.quantize or 'as it is'} {'+'.join(sources)}"
