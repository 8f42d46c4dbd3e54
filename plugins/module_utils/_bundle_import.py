# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Imports models from a bundle: what is missing is staged and verified first, then all of it is shown at once."""

from __future__ import annotations

import os
from contextlib import contextmanager

from ansible_collections.barellama.fleet.plugins.module_utils import _record_files
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_file import NoBundle, opened
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_store import (
    Due,
    Stage,
    as_owner,
    clear,
    contents,
    due,
    is_whole,
    names_all,
    stages,
)
from ansible_collections.barellama.fleet.plugins.module_utils._durable import human_size
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName

ROUNDS = 2


def bring(path, store, pins, partial, check_mode):
    """Import the models of ``pins``, which maps ModelNames to digests or None, or all of the bundle ``path``; the module's result.

    Where the bundle is gone and the store has all of ``pins``, nothing is due.
    """
    with _telling(store):
        try:
            with opened(path) as bundle:
                return _bring(bundle, store, _chosen(bundle.index, store, pins), partial, check_mode)
        except NoBundle:
            if pins is None or _lacking(store, pins):
                raise
            return _nothing({"path": path}, store, check_mode)


@contextmanager
def _telling(store):
    try:
        yield
    except OSError as error:
        cure = "run this task as root (become: true)" if isinstance(error, PermissionError) else "mend this and run again, it goes on from here"
        raise FleetError(f"cannot import into {store}: {error.filename or ''} {error.strerror or error}; {cure}") from error


@contextmanager
def _alone(store):
    """Write to the store as its owner, and keep a second run from it meanwhile."""
    with as_owner(store):
        os.makedirs(store, exist_ok=True)
        with _record_files.alone(os.path.join(store, "blobs")):
            yield


def _chosen(index, store, pins):
    """The models to import, of those that the bundle has, with their pins. One that it has not must be in the store."""
    offered = {ModelName.parse(name): digests[0] for name, digests in index.models.items()}
    if pins is None:
        return sorted(offered, key=str)
    chosen = [name for name, pin in pins.items() if name in offered and pin in (None, offered[name])]
    strange = _lacking(store, {name: pin for name, pin in pins.items() if name not in chosen})
    if strange:
        raise FleetError(f"the bundle has no {', '.join(strange)}, and neither has the store {store}: make a bundle with it; this one has "
                         + (", ".join(index.models) or "no models"))
    return chosen


def _lacking(store, pins):
    """The models that the store has not, or not whole, or not as pinned, in words."""
    whole, there = contents(store)
    return [f"{name} with digest {pin}" if pin else str(name) for name, pin in pins.items()
            if name not in there or not is_whole(there[name], whole) or pin not in (None, there[name].digest)]


def _bring(bundle, store, names, partial, check_mode):
    if not partial:
        bundle.demand_whole()
    plan = first = due(bundle.index, store, names)
    damaged = {}
    if not first.models:
        return _nothing(bundle.index.told(bundle.path), store, check_mode)
    if check_mode:
        return told(bundle.index.told(bundle.path), first, damaged)
    with _alone(store):
        for _round in range(ROUNDS):
            # A server, or another run, may have added or deleted something since.
            plan = due(bundle.index, store, [name for name in names if str(name) not in damaged])
            if not plan.models:
                break
            damaged.update(_import(bundle, plan, Stage(store), partial))
        else:
            plan = due(bundle.index, store, [name for name in names if str(name) not in damaged])
        clear(store)
    if plan.models:
        raise FleetError(f"blobs of {', '.join(plan.models)} went from {store} while they were imported: find out what deletes them, and run again")
    return told(bundle.index.told(bundle.path), first, damaged)


def _import(bundle, plan, stage, partial):
    """Import all that is whole; returns the models that are not, with the blob that is to blame."""
    stage.demand_space(plan.missing)
    bad = {digest for digest, size in plan.missing.items() if not stage.fetch(digest, size, bundle.source(digest))}
    bodies = {digests[0]: bundle.small(digests[0]) for _path, digests in plan.models.values()}
    bad.update(digests[0] for _path, digests in plan.models.values()
               if bodies[digests[0]] is None or not names_all(bodies[digests[0]], digests[1:]))
    damaged = {name: digest for name, (_path, digests) in plan.models.items() for digest in digests if digest in bad}
    if damaged and not partial:
        told_of = "; ".join(f"blob {digest} of {name}" for name, digest in damaged.items())
        raise FleetError(f"bundle {bundle.path} is damaged: {told_of} is not what its digest says; nothing was imported: bring the bundle again,"
                         " or import the rest with partial: true", damaged=_list(damaged))
    for name, (path, digests) in plan.models.items():
        if name not in damaged:
            # What else a killed run has left in the stage is not verified.
            stage.publish([digest for digest in digests[1:] if digest in plan.missing], bodies[digests[0]], path)
    return damaged


def _nothing(bundle, store, check_mode):
    """The result where nothing is due; a run that was killed may have left something all the same."""
    if not check_mode and any(map(os.path.isdir, stages(store))):
        with _alone(store):
            clear(store)
    return told(bundle, Due({}, {}, {}), {})


def told(bundle, plan, damaged):
    """The result of an import that ``plan`` stands for."""
    done = {name: digests[0] for name, (_path, digests) in plan.models.items() if name not in damaged}
    size = sum(size for digest, size in plan.missing.items() if any(digest in plan.models[name][1] for name in done))
    return {
        "changed": bool(done),
        "bundle": bundle,
        "imported": sorted(done),
        "actions": [f"import {name}" for name in done] + ([f"write {human_size(size)}"] if size else []),
        "damaged": _list(damaged),
        "diff": {"before": _lines({name: plan.before[name] for name in done}), "after": _lines(done)},
    }


def _list(damaged):
    return [{"model": name, "blob": digest} for name, digest in sorted(damaged.items())]


def _lines(digests):
    return "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()) if digest)
