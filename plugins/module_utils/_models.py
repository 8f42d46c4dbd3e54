# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Bringing one server's models to what is wanted: one question when all is well, parallel pulls when not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from ansible_collections.barellama.fleet.plugins.module_utils._client import ClientError, Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_damage import FETCHED, of_the_same, plan_repairs
from ansible_collections.barellama.fleet.plugins.module_utils._models_foresight import foresee
from ansible_collections.barellama.fleet.plugins.module_utils._models_local import remove
from ansible_collections.barellama.fleet.plugins.module_utils._models_make import Maker
from ansible_collections.barellama.fleet.plugins.module_utils._models_memory import apply_memory, plan_memory
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name, changes, report
from ansible_collections.barellama.fleet.plugins.module_utils._models_repair import NO_LONGER_ACTIVE, prove, set_aside, unstick
from ansible_collections.barellama.fleet.plugins.module_utils._pull import pull
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import blobs
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import models

MOST = 10**8  # three years of seconds: there is a time that no socket takes
DAMAGED = "models could not be verified or repaired"


@dataclass(frozen=True)
class Terms:
    """How models are fetched, whether those that nobody lists go (``exact``) and those that are there are read (``verify``).

    ``store`` is the path of the models directory, or None for no look at the disk; ``deadline`` 0 means none;
    ``gguf_sums`` is the file that keeps the sums of files, or None.
    """

    insecure: bool = False
    max_parallel: int = 2
    store: str | None = None
    reserve: int = 0
    idle_timeout: int = 600
    deadline: int = 0
    registry_timeout: int = 10
    exact: bool = False
    verify: bool = False
    cache: str | None = None
    gguf_sums: str | None = None

    def __post_init__(self):
        least = {"max_parallel": 1, "reserve": 0, "idle_timeout": 1, "deadline": 0, "registry_timeout": 1}
        for option, smallest in least.items():
            if getattr(self, option) < smallest:
                raise FleetError(f"{option} is {getattr(self, option)}; it must be at least {smallest}")
            if option != "reserve" and getattr(self, option) > MOST:
                raise FleetError(f"{option} is {getattr(self, option)}; it must be at most {MOST}")


def reconcile(client, wanted, terms, check_mode=False, warn=lambda text: None, tell=lambda name, event: None):
    """Make ``wanted`` (ModelName → Wish) true, or only tell what would be done; the module's result.

    ``tell`` is given each event of a pull or creation with the model's name, from several threads; what it raises ends
    the run.
    """
    listed = _asked(client.tags, check_mode, terms.store)
    plan = changes(wanted, listed, terms.exact)
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
            plan_memory(plan, listed, _asked(client.ps, check_mode))
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


def _asked(question, check_mode, store=None):
    """The answer to a question. In check mode a server that is stopped has what its ``store`` holds, and a host that
    is still bare has nothing: a plan for it is worth having."""
    try:
        return question()
    except Unreachable:
        if not check_mode:
            raise
    there = models(store, blobs(store).whole)[0] if store else []
    return [{"name": model.name, "digest": model.digest} for model in there]
