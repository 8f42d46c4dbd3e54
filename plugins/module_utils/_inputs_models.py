# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What can be wrong with the variables that choose models."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models_rules import is_foreign, refuse_to_empty, unfounded
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import difference, read_entry
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

LIST = "ollama_models_list"
REGISTRIES = "ollama_models_allowed_registries"
BUNDLE = "ollama_models_bundle"


def problems(variables):
    """All that is wrong, one line each."""
    listed = variables.get(LIST, [])
    if not isinstance(listed, (list, tuple)):
        return [f"{LIST}: {shown(listed)} is not a list; for example ['llama3.2:3b']"]
    allowed = variables.get(REGISTRIES)
    if allowed is not None and not _are_texts(allowed):
        return [f"{REGISTRIES}: {shown(allowed)} is not a list of hosts; for example ['registry.ollama.ai']"]
    found, wanted, places = _bundle_problems(variables), {}, {}
    for number, entry in enumerate(listed):
        where = f"{LIST}[{number}]"
        try:
            wish = read_entry(entry)
        except FleetError as error:
            found.append(f"{where}: {error}")
            continue
        if allowed is not None and is_foreign(wish, allowed):
            found.append(f"{where}: {wish.name} comes from the registry {wish.name.host}, which is not in {REGISTRIES}; "
                         "add it there if you trust it")
        if wish.update and variables.get(BUNDLE):
            found.append(f"{where}: {wish.name} has update, and {BUNDLE} would bring back each time what is in the bundle; leave out one of them")
        other, place = wanted.setdefault(wish.name, wish), places.setdefault(wish.name, where)
        if other != wish:
            found.append(f"{where}: {wish.name} is in {place} too, {difference(other, wish)}; keep one of them")
    return found or [f"{LIST}: {words}" for words in _contradictions(wanted, variables)]


def _contradictions(wanted, variables):
    """What is wrong with the list as a whole, once each entry is right."""
    yield from unfounded(wanted)
    try:
        refuse_to_empty(wanted, variables.get("ollama_models_exact") is True, variables.get("ollama_models_exact_empty") is True)
    except FleetError as error:
        yield str(error)


def _bundle_problems(variables):
    path, volume = variables.get(BUNDLE), variables.get("ollama_container_volume")
    if path and not (isinstance(path, str) and path.startswith("/")):
        return [f"{BUNDLE}: {shown(path)} is not an absolute path on the host; for example /srv/ollama.tar"]
    if path and volume:
        return [f"{BUNDLE}: the models are in the volume {shown(volume)}, into which nothing is imported; leave ollama_container_volume out"]
    return []


def _are_texts(values):
    return isinstance(values, (list, tuple)) and all(isinstance(value, str) for value in values)
