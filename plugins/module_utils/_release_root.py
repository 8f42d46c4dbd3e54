# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Reads what is below a root of releases; the layout is told in _release.py, this adds what runs leave on their way."""

from __future__ import annotations

import os

from ansible_collections.barellama.fleet.plugins.module_utils._durable import half_link
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release import (
    CURRENT,
    PREVIOUS,
    PROVEN,
    RELEASES,
    found_release,
    linked_release,
)
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import RELEASE_ID, SHA256
from ansible_collections.barellama.fleet.plugins.module_utils._release_plan import Seen
from ansible_collections.barellama.fleet.plugins.module_utils._release_record import damage, read_record

DOWNLOADS = "downloads"
STAGING = ".staging-"
PARTIAL = ".partial"


def demand_usable(root):
    """Refuse a root that cannot hold programs, before anything is written; returns it normalised."""
    path = os.path.normpath(root)
    if not os.path.isabs(path):
        raise FleetError(f"root {root!r} is relative: give an absolute path such as /opt/ollama")
    if len(path.strip("/").split("/")) < 2:
        raise FleetError(f"root {root!r} is a protected path: give a directory of its own, such as /opt/ollama")
    existing = path
    while not os.path.exists(existing):
        existing = os.path.dirname(existing)
    if os.statvfs(existing).f_flag & os.ST_NOEXEC:
        raise FleetError(f"root {root!r} is on a file system mounted noexec: no program there can run; choose another")
    return path


def look(root):
    """What is below ``root``, as the plan wants to know it. Only names that a run of ours makes are looked at."""
    releases = {
        name: found_release(os.path.join(root, RELEASES, name))
        for name in _names(root, RELEASES)
        if RELEASE_ID.fullmatch(name)
    }
    halves = [os.path.basename(half_link(name)) for name in (CURRENT, PREVIOUS, PROVEN)]
    return Seen(
        current=linked_release(root, CURRENT),
        previous=linked_release(root, PREVIOUS),
        proven=linked_release(root, PROVEN),
        releases=releases,
        leftovers=[name for name in _names(root) if name.startswith(STAGING) or name in halves],
        partials=dict(_partials(root)),
    )


def look_closely(root, seen, name):
    """``seen``, with every file of the release ``name`` read and held against its record."""
    found = seen.releases.get(name)
    if not (found and found["complete"]):
        return seen
    path = os.path.join(root, RELEASES, name)
    damaged = damage(path, read_record(path))
    return seen._replace(releases={**seen.releases, name: dict(found, complete=not damaged, damaged=damaged)})


def _partials(root):
    for name in _names(root, DOWNLOADS):
        sha256 = name[: -len(PARTIAL)]
        if name.endswith(PARTIAL) and SHA256.fullmatch(sha256):
            path = os.path.join(DOWNLOADS, name)
            yield sha256, (path, os.path.getsize(os.path.join(root, path)))


def _names(*path):
    try:
        return sorted(os.listdir(os.path.join(*path)))
    except FileNotFoundError:
        return []
