# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Releases of Ollama: what they are called, what their archives are called, and which one a host has.

The readers at the end open one small file and look names up; they never hash. Layout below a root:

    releases/<version>-<first 8 of sha256>/{bin,lib,.release.json}
    current, previous, proven -> releases/<id>  (relative links)

A release with overlays unpacked over it is another release: each adds +<overlay>-<first 8 of its sha256> to the id.
``current`` is the release to serve, ``previous`` the one to go back to, and ``proven`` the last one that passed its
gate; a host whose runs never told of a gate has no ``proven``, nor has one whose proven release was mended since, until
that has passed the gate again. _release_record.py says when one is complete.
"""

from __future__ import annotations

import os
from collections import namedtuple

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import (
    asset_name,
    checked_sha256,
    demand_checksum_key,
    demand_overlays,
    machine_arch,
    release_id,
)
from ansible_collections.barellama.fleet.plugins.module_utils._release_record import RECORD, faults, read_record

RELEASES = "releases"
CURRENT = "current"
PREVIOUS = "previous"
PROVEN = "proven"

Archive = namedtuple("Archive", "overlay asset sha256")
Archive.__doc__ = """One archive; ``overlay`` is its key of OVERLAYS, or "" for the release itself."""


class Release(namedtuple("Release", "version asset sha256 overlays", defaults=((),))):
    """One archive of one version, and the Archives to unpack over it, in the order of their names.

    A ``sha256`` is None while only the download site knows it.
    """

    __slots__ = ()

    @property
    def archives(self):
        return (Archive("", self.asset, self.sha256), *self.overlays)

    @property
    def overlay_sums(self):
        return {archive.overlay: archive.sha256 for archive in self.overlays}

    @property
    def id(self):
        return release_id(self.version, self.sha256, self.overlay_sums)

    def with_sums(self, sums):
        """This release with ``sums``, {asset: sha256}, in the place of those that it does not know."""
        overlays = tuple(archive._replace(sha256=archive.sha256 or sums[archive.asset]) for archive in self.overlays)
        return self._replace(sha256=self.sha256 or sums[self.asset], overlays=overlays)

    def wanted(self, found):
        """What to ask of ``found``, a dict of the readers below, in its words; what no sum is known for is taken."""
        known = found.get("overlays") or {}
        overlays = {name: sha256 or known.get(name) for name, sha256 in self.overlay_sums.items()}
        wanted = {"version": self.version, "complete": True, "overlays": overlays}
        return {**wanted, "sha256": self.sha256} if self.sha256 else wanted

    def is_met_by(self, found):
        """Whether ``found``, a dict of the readers below or None, is this release and complete."""
        return bool(found) and all(found[field] == value for field, value in self.wanted(found).items())


def wanted_release(version, checksums, machine, own_sums=False, overlays=()):
    """Say which release ``version`` with ``overlays`` means on ``machine`` (as ``platform.machine()`` names it).

    ``checksums`` maps CHECKSUM_KEYS to a sha256. ``own_sums`` allows archives without one: their sha256 is None.
    """
    arch, checksums = machine_arch(machine), checksums or {}
    demand_overlays(overlays, arch, version)
    for key in checksums:
        demand_checksum_key(key)
    base, *over = [
        Archive(name, asset_name(version, key), _given_sum(version, checksums, key, own_sums))
        for name, key in [("", arch), *((name, f"{arch}-{name}") for name in sorted(set(overlays)))]
    ]
    return Release(version, base.asset, base.sha256, tuple(over))


def _given_sum(version, checksums, key, own_sums):
    if checksums.get(key):
        return checked_sha256(checksums[key], f"checksums.{key}")
    if own_sums:
        return None
    raise FleetError(
        f"no sha256 is known for {asset_name(version, key)} of version {version}: put it under checksums.{key}"
        " (ollama_release_checksums; from the release's sha256sum.txt), or allow the release's own sums"
    )


def current_release(root):
    """What ``current`` points at, as ``found_release`` tells it, and ``proven``; None where there is no such link."""
    found = linked_release(root, CURRENT)
    return found and dict(found, proven=link_target(root, CURRENT) == link_target(root, PROVEN))


def linked_release(root, name):
    """What the link ``name`` points at, as ``found_release`` tells it, or None where there is no such link."""
    target = link_target(root, name)
    if target is None:
        return None
    if os.path.dirname(target) != RELEASES:
        # Somebody else's link: no release of ours, whatever is there.
        return {**_told(target, None), "damaged": [target], "complete": False}
    return found_release(os.path.join(root, target))


def link_target(root, name):
    try:
        return os.readlink(os.path.join(root, name))
    except OSError:
        return None


def found_release(path):
    """What the release directory ``path`` holds: {id, version, sha256, overlays, complete, damaged}.

    Version and sha256 are None where it does not say so; ``damaged`` are the relative paths that are amiss.
    """
    name = os.path.basename(path)
    record = read_record(path)
    ours = record and release_id(record["version"], record["sha256"], record["overlays"]) == name
    damaged = faults(path, record) if ours else [RECORD]
    return {**_told(name, record), "complete": not damaged, "damaged": damaged}


def _told(name, record):
    record = record or {"version": None, "sha256": None, "overlays": {}}
    return {"id": name, **{field: record[field] for field in ("version", "sha256", "overlays")}}
