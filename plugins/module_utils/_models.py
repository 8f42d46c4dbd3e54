# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Bringing one server's models to what is wanted: one question when all is well, parallel pulls when not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.barellama.fleet.plugins.module_utils._client import ClientError, Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_foresight import foresee
from ansible_collections.barellama.fleet.plugins.module_utils._models_memory import apply_memory, plan_memory
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name, changes, report
from ansible_collections.barellama.fleet.plugins.module_utils._pull import PullFailed, pull
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import blobs
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import models


@dataclass(frozen=True)
class Terms:
    """How models are fetched, and whether those that nobody lists go (``exact``).

    ``store`` is the path of the models directory, or None for no look at the disk; ``deadline`` 0 means none.
    """

    insecure: bool = False
    max_parallel: int = 2
    store: str | None = None
    reserve: int = 0
    idle_timeout: int = 600
    deadline: int = 0
    registry_timeout: int = 10
    exact: bool = False

    def __post_init__(self):
        least = {"max_parallel": 1, "reserve": 0, "idle_timeout": 1, "deadline": 0, "registry_timeout": 1}
        for option, smallest in least.items():
            if getattr(self, option) < smallest:
                raise FleetError(f"{option} is {getattr(self, option)}; it must be at least {smallest}")


def reconcile(client, wanted, terms, check_mode=False, warn=lambda text: None):
    """Make ``wanted`` (ModelName → Wish) true, or only tell what would be done; the module's result."""
    listed = _asked(client.tags, check_mode, terms.store)
    plan = changes(wanted, listed, terms.exact)
    unknown = foresee(client, _due(plan, "pull"), terms, check_mode)
    pulls = _due(plan, "pull")
    settle_copies(plan)
    speaks_of_memory = any(change.wish.loaded is not None for change in plan)
    if check_mode:
        for words in unknown:
            warn(f"{words}: its digest and size stay unknown until it is pulled")
        if speaks_of_memory:
            plan_memory(plan, listed, _asked(client.ps, check_mode))
        return report(plan)
    failures = {f"of {len(pulls)} models could not be pulled": fetch(client, pulls, terms)}
    settle_copies(plan)
    failures["models could not be copied"] = copy(client, _due(plan, "copy"))
    # Not before the pulls: blobs that both have would be fetched again. What nobody lists may be all that serves yet.
    kept = [change for change in _due(plan, "delete") if change.name not in wanted and any(failures.values())]
    for change in kept:
        change.leave()
    failures["models that are not listed stay until that is mended"] = [str(change.name) for change in kept]
    failures["models could not be deleted"] = remove(client, [change for change in _due(plan, "delete") if not change.failed])
    if speaks_of_memory:
        listed = client.tags() if pulls or _due(plan, "copy") else listed
        plan_memory(plan, listed, client.ps())
        failures["models could not be loaded or unloaded"] = apply_memory(client, plan, listed, terms.idle_timeout)
    told = [f"{len(words)} {what}: {'; '.join(words)}" for what, words in failures.items() if words]
    if told:
        raise FleetError("; ".join(told), **report(plan))
    return report(plan)


def settle_copies(plan):
    """Decide which copies are due, now that more is known of their models."""
    for change in plan:
        if change.source:
            change.settle_copy()


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


def fetch(client, pulls, terms):
    """Pull in parallel, each to its end even when another fails; the failures' words."""
    if not pulls:
        return []
    until = time.monotonic() + terms.deadline if terms.deadline else None
    with ThreadPoolExecutor(terms.max_parallel) as pool:
        failures = list(pool.map(lambda change: _fetch_one(client, change, terms, until), pulls))
    there = by_name(client.tags())
    for number, change in enumerate(pulls):
        entry = there.get(change.name)
        change.after = Manifest(entry["digest"]) if entry else None
        if entry and not terms.store:
            change.bytes = entry.get("size")
        failures[number] = failures[number] or _refuse_other(client, change)
        change.failed = bool(failures[number])
    return [words for words in failures if words]


def copy(client, copies):
    """Make aliases; the failures' words. A copy of what could not be pulled is left as it is."""
    failures = []
    for change in copies:
        if change.source.failed:
            change.leave()
            continue
        begin = time.monotonic()
        try:
            client.copy(str(change.source.name), str(change.name))
        except ClientError as error:
            failures.append(f"copy of {change.source.name} to {change.name}: {error}")
            change.leave()
        change.seconds = time.monotonic() - begin
    return failures


def _due(plan, action):
    return [change for change in plan if change.action == action]


def _fetch_one(client, change, terms, until):
    begin = time.monotonic()
    try:
        pull(client, str(change.name), terms.insecure, terms.idle_timeout, until)
    except (PullFailed, ClientError) as error:
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
