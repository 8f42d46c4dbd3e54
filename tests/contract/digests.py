# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Digests of manifests: other weights make other manifests, but each of ours must stand for one of the recordings."""

from __future__ import annotations

import re

BARE_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Manifests:
    """The digests of manifests that hold converted weights: learned, then required to stay one to one."""

    def __init__(self):
        self._pairs = {}

    def check(self, ours, recorded):
        if ours in self._pairs or recorded in self._pairs.values():
            return self._pairs.get(ours) == recorded
        self._pairs[ours] = recorded
        return True


def learn(found, wanted, manifests):
    """Check the manifests' digests in two values of the same shape."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        problems = []
        for key in found.keys() & wanted.keys():
            if key == "digest" and _is_bare(found[key]) and _is_bare(wanted[key]):
                if not manifests.check(found[key], wanted[key]):
                    problems.append(f"manifest {found[key][:12]} stands for more than one of the recordings")
            else:
                problems += learn(found[key], wanted[key], manifests)
        return problems
    if isinstance(found, list) and isinstance(wanted, list):
        return [problem for pair in zip(found, wanted) for problem in learn(*pair, manifests)]
    return []


def with_wanted(found, wanted):
    """Return ``found`` with those bare digests replaced that _learn has compared."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return {key: wanted[key] if key == "digest" and _is_bare(item) and _is_bare(wanted.get(key))
                else with_wanted(item, wanted.get(key)) for key, item in found.items()}
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return [with_wanted(*pair) for pair in zip(found, wanted)]
    return found


def _is_bare(text):
    return isinstance(text, str) and BARE_DIGEST.match(text) is not None
