# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Brings a root of releases to the wanted state: looks, decides, lets it be done, and tells what was done."""

from __future__ import annotations

import os
from collections import namedtuple

from ansible_collections.barellama.fleet.plugins.module_utils import _durable as durable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._installer import Installer
from ansible_collections.barellama.fleet.plugins.module_utils._release import RELEASES
from ansible_collections.barellama.fleet.plugins.module_utils._release_plan import (
    known_release,
    plan_install,
    plan_proof,
    plan_rollback,
)
from ansible_collections.barellama.fleet.plugins.module_utils._release_root import look, look_closely
from ansible_collections.barellama.fleet.plugins.module_utils._release_source import listed_sha256

# The longest that a run waits for another on the same host; a download takes longer, a switch does not.
LOCK_WAIT = 30

Order = namedtuple("Order", "root state wanted sources verify release keep", defaults=(None, (), False, None, None))
Order.__doc__ = """What is asked for. ``wanted`` is a Release (a sha256 of None: the source knows it), ``sources`` has one
of _release_source.py for each of its archives, and ``verify`` reads every file; all for the states staged and present
alone. ``release`` is the id to go back to, ``keep`` are ids that are not retired."""


def reconcile(order, zstd, check_mode, lock_wait=LOCK_WAIT):
    """Bring ``order`` about and return the module's result; in check mode only say what it would take."""
    try:
        return _reconcile(order, zstd, check_mode, lock_wait)
    except OSError as error:
        raise FleetError(
            f"{error.filename or order.root}: {error.strerror or error}:"
            " what serves was not touched; mend this and run again, a rerun picks up from here"
        ) from error


def _reconcile(order, zstd, check_mode, lock_wait):
    plan, wanted = _decide(order)
    fetch = []
    if plan.changed and not check_mode:
        installer = Installer(order.root, zstd)
        with installer.lock(lock_wait):
            # Another run may have done some of it while this one waited.
            plan, wanted = _decide(order._replace(wanted=wanted))
            fetch = _fetch_lines(plan, wanted, order.sources)
            installer.carry_out(plan, wanted, order.sources)
    elif not plan.mends:
        # What is amiss is to be told even where its cure cannot be reached.
        fetch = _fetch_lines(plan, wanted, order.sources)
    return {
        "changed": plan.changed,
        "release": _told(plan, wanted, order.root),
        "actions": plan.actions(fetch),
        "diff": dict(plan.diff, before_header=order.root, after_header=order.root),
    }


def _decide(order):
    """The plan for the root as it is now, and the Release it is for (None for rolled_back and proven)."""
    seen = look(order.root)
    if order.state == "rolled_back":
        return plan_rollback(seen, order.release, order.keep), None
    if order.state == "proven":
        return plan_proof(seen), None
    wanted = known_release(order.wanted, seen)
    unknown = [archive.asset for archive in wanted.archives if archive.sha256 is None]
    if unknown:
        sums = order.sources[0].sums()
        wanted = wanted.with_sums({asset: listed_sha256(sums, asset) for asset in unknown})
    if order.verify:
        seen = look_closely(order.root, seen, wanted.id)
    return plan_install(wanted, seen, order.state == "present", order.keep), wanted


def _fetch_lines(plan, wanted, sources):
    """The action lines for what is still to be fetched."""
    lines = []
    for archive, source in zip(wanted.archives, sources) if plan.install else []:
        size = source.size()
        missing = size and size - plan.seen.partials.get(archive.sha256, ("", 0))[1]
        if size is None:
            lines.append(f"fetch {source.place}")
        elif missing > 0:
            lines.append(f"fetch {durable.human_size(missing)} from {source.place}")
    return lines


def _told(plan, wanted, root):
    release = dict(wanted._asdict(), overlays=wanted.overlay_sums) if wanted else plan.seen.releases[plan.target]
    return {
        "id": plan.target,
        "version": release["version"],
        "sha256": release["sha256"],
        "overlays": sorted(release["overlays"]),
        "path": os.path.join(root, RELEASES, plan.target),
        "previous": plan.previous,
        "proven": plan.proven == plan.target,
        "damaged": plan.mends,
    }
