# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What can be wrong with the variables that choose models."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import STATES
from ansible_collections.barellama.fleet.plugins.module_utils._names import BadName, ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown

LIST = "ollama_models_list"
REGISTRIES = "ollama_models_allowed_registries"
KEYS = ("name", "state")


def problems(variables):
    """All that is wrong, one line each."""
    wanted = variables.get(LIST, [])
    if not isinstance(wanted, (list, tuple)):
        return [f"{LIST}: {shown(wanted)} is not a list; for example ['llama3.2:3b']"]
    allowed = variables.get(REGISTRIES)
    if allowed is not None and not _are_texts(allowed):
        return [f"{REGISTRIES}: {shown(allowed)} is not a list of hosts; for example ['registry.ollama.ai']"]
    found, seen = [], {}
    for number, entry in enumerate(wanted):
        found += _entry_problems(f"{LIST}[{number}]", entry, allowed, seen)
    return found


def _are_texts(values):
    return isinstance(values, (list, tuple)) and all(isinstance(value, str) for value in values)


def _entry_problems(where, entry, allowed, seen):
    """``seen`` remembers name → (where, state) from entry to entry."""
    item = entry if isinstance(entry, dict) else {"name": entry}
    found = [f"{where}: {shown(key)} is not part of an entry{_meant(key)}" for key in item if key not in KEYS]
    state = item.get("state", "present")
    if state not in STATES:
        found.append(f"{where}.state: {shown(state)} is neither present nor absent")
    if not isinstance(item.get("name"), str):
        return found + [f"{where}: {shown(item.get('name'))} is not a model's name; for example 'llama3.2:3b'"]
    try:
        name = ModelName.manageable(item.get("name"))
    except BadName as error:
        return found + [f"{where}: {error}"]
    if state == "present" and allowed is not None and name.host.casefold() not in [host.casefold() for host in allowed]:
        found.append(f"{where}: {name} comes from the registry {name.host}, which is not in {REGISTRIES}; "
                     "add it there if you trust it")
    elsewhere, other = seen.setdefault(name, (where, state))
    if other != state:
        found.append(f"{where}: {name} is wanted {state} here and {other} in {elsewhere}; keep one of them")
    return found


def _meant(key):
    return (did_you_mean(key, KEYS) if isinstance(key, str) else "") or f"; it has {' and '.join(KEYS)}"
