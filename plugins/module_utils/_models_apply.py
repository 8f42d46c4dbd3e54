# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What is done about models that are not, or may not be, as wanted: parallel pulls, repairs, creations, deletions, memory."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ansible_collections.barellama.fleet.plugins.module_utils._client import ClientError
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_damage import FETCHED, of_the_same, plan_repairs
from ansible_collections.barellama.fleet.plugins.module_utils._models_foresight import foresee
from ansible_collections.barellama.fleet.plugins.module_utils._models_make import Maker
from ansible_collections.barellama.fleet.plugins.module_utils._models_memory import apply_memory, plan_memory
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name, report
from ansible_collections.barellama.fleet.plugins.module_utils._models_repair import NO_LONGER_ACTIVE, prove, set_aside, unstick
from ansible_collections.barellama.fleet.plugins.module_utils._models_there import asked
from ansible_collections.barellama.fleet.plugins.module_utils._pull import pull

DAMAGED = "models could not be verified or repaired"


def apply(client, wanted, plan, listed, terms, check_mode, warn, tell):
    """Carry out ``plan``, which comes from ``listed``, what the server has; or only tell what would be done; the result."""
    unknown = foresee(client, _due(plan, "pull"), terms, check_mode)
    found, damaged = plan_repairs(client, plan, terms, check_mode)
    pulls = _due(plan, *FETCHED)
    maker = Maker(client, terms, warn, tell)
    speaks_of_memory = any(change.wish.loaded is not None for change in plan)
    if check_mode:
        for words in unknown:
            warn(f"{words}: its digest and size stay unknown until it is pulled")
        maker.foresee(plan)
        if speaks_of_memory:
            plan_memory(plan, listed, asked(client.ps, check_mode))
        return _reported(plan, {DAMAGED: damaged})
    unloaded = set_aside(client, found, plan, terms.store) if found else []
    failures = {f"of {len(pulls)} models could not be pulled": fetch(client, pulls, terms, tell)}
    failures[DAMAGED] = damaged + (prove(found, plan, terms, *FETCHED) if terms.verify else [])
    failures["models could not be made"] = maker.make(plan)
    failures[DAMAGED] += prove(found, plan, terms, "create") if terms.verify else []
    # Not before the pulls: blobs that both have would be fetched again. What nobody lists may be all that serves yet.
    kept = [change for change in _due(plan, "delete") if change.name not in wanted and any(failures.values())]
    for change in kept:
        change.leave()
    failures["models that are not listed stay until that is mended"] = [str(change.name) for change in kept]
    failures["models could not be deleted"] = remove(client, [change for change in _due(plan, "delete") if not change.failed])
    if speaks_of_memory:
        listed = client.tags() if pulls or _due(plan, "copy", "create") else listed
        plan_memory(plan, listed, [entry for entry in client.ps() if entry["name"] not in unloaded])
        failures["models could not be loaded or unloaded"] = apply_memory(client, plan, listed, terms.idle_timeout)
    return _reported(plan, failures)


def _reported(plan, failures):
    """The result; a FleetError that has it too when there are failures' words."""
    told = [f"{len(words)} {what}: {'; '.join(words)}" for what, words in failures.items() if words]
    if told:
        raise FleetError("; ".join(told), **report(plan))
    return report(plan)


def fetch(client, pulls, terms, tell):
    """Pull in parallel, each to its end even when another fails; the failures' words."""
    if not pulls:
        return []
    until = time.monotonic() + terms.deadline if terms.deadline else None
    with ThreadPoolExecutor(terms.max_parallel) as pool:
        failures = list(pool.map(lambda change: _fetch_one(client, change, terms, until, partial(tell, str(change.name))), pulls))
    there = by_name(client.tags())
    for number, change in enumerate(pulls):
        entry = there.get(change.name)
        change.after = Manifest(entry["digest"]) if entry else None
        if entry and not terms.store:
            change.bytes = entry.get("size")
        failures[number] = failures[number] or _refuse_other(client, change)
        change.failed = bool(failures[number])
    return [words for words in failures if words]


def _due(plan, *actions):
    return [change for change in plan if change.action in actions]


def _fetch_one(client, change, terms, until, tell):
    begin = time.monotonic()

    def hear(event):
        of_the_same(change, event)
        tell(event)

    try:
        unstick(change, terms.store)
        pull(client, str(change.name), terms.insecure, terms.idle_timeout, until,
             mend=lambda: unstick(change, terms.store, NO_LONGER_ACTIVE), tell=hear)
    except FleetError as error:
        tell({"status": "failed"})
        return str(error)
    finally:
        change.seconds = time.monotonic() - begin
    return None


def _refuse_other(client, change):
    """What is wrong when a pull brought something else than the pin says. Nobody vetted that, so it does not stay."""
    wanted = change.wish.digest
    if not wanted or not change.after or change.after.digest == wanted:
        return None
    brought, change.after = change.after.digest, None
    words = f"{change.name}: wanted is digest {wanted}, the pull brought {brought}: the tag moved meanwhile; "
    try:
        client.delete(str(change.name))
    except ClientError as error:
        return f"{words}it could not be deleted ({error}), delete it"
    return f"{words}it was deleted, look at what is new and set digest to it"


def remove(client, deletions):
    """Delete models, one that is in memory unloaded first, as ``ollama rm`` does; the failures' words."""
    failures, loaded = [], by_name(client.ps()) if deletions else {}
    for change in deletions:
        begin = time.monotonic()
        try:
            if change.name in loaded:
                client.unload(change.listed_as)
            client.delete(change.listed_as)
        except ClientError as error:
            failures.append(f"delete of {change.name}: {error}")
            change.leave()
        change.seconds = time.monotonic() - begin
    return failures
