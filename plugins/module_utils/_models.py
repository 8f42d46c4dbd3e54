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
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name, changes, report
from ansible_collections.barellama.fleet.plugins.module_utils._models_space import bytes_missing, refuse_full_disk
from ansible_collections.barellama.fleet.plugins.module_utils._pull import PullFailed, pull
from ansible_collections.barellama.fleet.plugins.module_utils._registry import NotInRegistry, Registry, RegistryError

VERSION_BEFORE_INSTALL = "0.34.4"  # told to registries while no server runs yet that could be asked


@dataclass(frozen=True)
class Terms:
    """How models are fetched. ``store`` is the path of the models directory, or None for no look at the disk."""

    insecure: bool = False
    max_parallel: int = 2
    store: str | None = None
    reserve: int = 0
    idle_timeout: int = 600
    registry_timeout: int = 10

    def __post_init__(self):
        for option, least in (("max_parallel", 1), ("reserve", 0), ("idle_timeout", 1), ("registry_timeout", 1)):
            if getattr(self, option) < least:
                raise FleetError(f"{option} is {getattr(self, option)}; it must be at least {least}")


def reconcile(client, wanted, terms, check_mode=False, warn=lambda text: None):
    """Make ``wanted`` (ModelName → state) true, or only tell what would be done; the module's result."""
    plan = changes(wanted, _listed(client, check_mode))
    pulls = [change for change in plan if change.action == "pull"]
    unknown = foresee(client, pulls, terms, check_mode) if pulls and (check_mode or terms.store) else []
    if check_mode:
        for words in unknown:
            warn(f"{words}: its digest and size stay unknown until it is pulled")
        return report(plan)
    remove(client, [change for change in plan if change.action == "delete"])
    failures = fetch(client, pulls, terms)
    if failures:
        done = report([change for change in plan if change.after or change.action != "pull"])
        raise FleetError(f"{len(failures)} of {len(pulls)} models could not be pulled: {'; '.join(failures)}", **done)
    return report(plan)


def foresee(client, pulls, terms, strict):
    """Ask the registries what the pulls would bring; fills in ``after`` and ``bytes`` and checks the disk.

    Returns the reasons why a registry did not tell, one for each such model. A model that a registry does not have is
    an error when ``strict``; else it is one of them, since the server may know more than an anonymous caller.
    """
    untold = RegistryError if strict else (RegistryError, NotInRegistry)
    registry = Registry(_version(client), terms.insecure, terms.registry_timeout)
    unknown = []
    with ThreadPoolExecutor(terms.max_parallel) as pool:
        for change, answer in zip(pulls, pool.map(lambda change: _ask(registry, change.name, untold), pulls)):
            if isinstance(answer, Manifest):
                change.after, change.bytes = answer, bytes_missing(answer, terms.store)
            else:
                change.bytes = None
                unknown.append(str(answer))
    if terms.store:
        refuse_full_disk(pulls, terms.store, terms.reserve)
    return unknown


def remove(client, deletions):
    """Delete models; one that is in memory is unloaded first, as ``ollama rm`` does."""
    loaded = by_name(client.ps()) if deletions else {}
    for change in deletions:
        begin = time.monotonic()
        if change.name in loaded:
            client.unload(change.listed_as)
        client.delete(change.listed_as)
        change.seconds = time.monotonic() - begin


def fetch(client, pulls, terms):
    """Pull in parallel, each to its end even when another fails; the failures' words."""
    if not pulls:
        return []
    with ThreadPoolExecutor(terms.max_parallel) as pool:
        failures = [words for words in pool.map(lambda change: _fetch_one(client, change, terms), pulls) if words]
    there = by_name(client.tags())
    for change in pulls:
        entry = there.get(change.name)
        change.after = Manifest(entry["digest"]) if entry else None
        if entry and not terms.store:
            change.bytes = entry.get("size")
    return failures


def _fetch_one(client, change, terms):
    begin = time.monotonic()
    try:
        pull(client, str(change.name), terms.insecure, terms.idle_timeout)
    except (PullFailed, ClientError) as error:
        return str(error)
    finally:
        change.seconds = time.monotonic() - begin
    return None


def _listed(client, check_mode):
    """What the server has. A host that is still bare has nothing, and a plan for it is worth having."""
    try:
        return client.tags()
    except Unreachable:
        if check_mode:
            return []
        raise


def _version(client):
    try:
        return client.version()
    except Unreachable:
        return VERSION_BEFORE_INSTALL


def _ask(registry, name, untold):
    """The Manifest, or the error of the kinds ``untold`` that says why it is not known."""
    try:
        return registry.manifest(name)
    except untold as error:
        return error
