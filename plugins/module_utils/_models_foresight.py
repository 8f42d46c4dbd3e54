# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What registries say of the models that may have to be pulled, before anything is touched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.barellama.fleet.plugins.module_utils._client import Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_space import bytes_missing, refuse_full_disk
from ansible_collections.barellama.fleet.plugins.module_utils._registry import NotInRegistry, Registry, RegistryError

VERSION_BEFORE_INSTALL = "0.34.4"  # the role's default, told to registries while no server runs yet that could be asked


def foresee(client, pulls, terms, check_mode):
    """Ask the registries what the pulls would bring; the Changes learn it, and the disk is checked.

    Returns the reasons why a registry did not tell, one for each such model. A model that a registry does not have is
    an error in check mode; else it is one of them, since the server may know more than an anonymous caller. Of a model
    with a pin nothing may stay unknown: it would be pulled on trust.
    """
    asked = [change for change in pulls if check_mode or terms.store or change.wish.digest or change.wish.update]
    if not asked:
        return []
    unknown, refused = [], []
    for change, answer in zip(asked, ask(client, asked, terms)):
        if isinstance(answer, Manifest):
            try:
                change.learn(answer, bytes_missing(answer, terms.store))
            except FleetError as moved:
                refused.append(str(moved))
        elif change.wish.digest:
            refused.append(f"{answer}: without that the digest {change.wish.digest} cannot be checked before the pull")
        elif check_mode and isinstance(answer, NotInRegistry):
            refused.append(str(answer))
        else:
            change.bytes = None
            unknown.append(str(answer))
    if refused:
        raise FleetError("; ".join(refused))
    due = [change for change in pulls if change.action == "pull"]
    if due and terms.store:
        refuse_full_disk(due, terms.store, terms.reserve)
    return unknown


def ask(client, changes, terms):
    """What the registry holds under the name of each: its Manifest, or the error that says why it is not known."""
    registry = Registry(_version(client), terms.insecure, terms.registry_timeout)
    with ThreadPoolExecutor(terms.max_parallel) as pool:
        return list(pool.map(lambda change: _ask(registry, change.name), changes))


def _version(client):
    try:
        return client.version()
    except Unreachable:
        return VERSION_BEFORE_INSTALL


def _ask(registry, name):
    try:
        return registry.manifest(name)
    except (RegistryError, NotInRegistry) as error:
        return error
