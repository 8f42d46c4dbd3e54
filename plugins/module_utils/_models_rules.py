# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a list of models has to keep to as a whole. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._names import BadName, ModelName


def unfounded(wanted):
    """What is wrong with the models that are to be copies of others, or made from others, one line each."""
    for wish in wanted.values():
        model = wanted.get(wish.origin)
        made = f"{wish.name} is {'a copy_of' if wish.copy_of else 'from'} {wish.origin}"
        if wish.origin and (model is None or model.state == "absent"):
            yield f"{made}, which the list does not have as present; list it too"
        elif wish.copy_of and model.copy_of:
            yield f"{made}, which is a copy itself; name a model that is none"
    for circle in _circles(wanted):
        yield f"{' is made from '.join(map(str, [*circle, circle[0]]))}: none of them could be the first; let one be from another model"


def is_foreign(wish, allowed):
    """Whether the model would come from a registry that is not in ``allowed``."""
    pulled = wish.state == "present" and not wish.copy_of and not wish.definition
    return pulled and wish.name.host.casefold() not in {host.casefold() for host in allowed}


def refuse_foreign_registries(wanted, allowed):
    """Pull only from registries that the operator named: a pull makes the server call whatever host it is given."""
    for name, wish in wanted.items():
        if is_foreign(wish, allowed):
            raise FleetError(
                f"registry not in allow-list: {name} comes from {name.host}, allowed_registries "
                f"(role variable ollama_models_allowed_registries) has {', '.join(allowed) or 'nothing'}; "
                f"add {name.host} if you trust it"
            )


def is_safe_to_delete(name):
    """Ollama reads some names as others: to delete m:local would delete m:latest."""
    try:
        return ModelName.manageable(str(name)) == name
    except BadName:
        return False


def refuse_to_empty(wanted, exact, exact_empty):
    """An exact list with nothing in it is more often a slip than a wish."""
    if exact and not exact_empty and not any(wish.state == "present" for wish in wanted.values()):
        raise FleetError(
            "models has none that is to be present, so exact would delete every model of the server; list what is to "
            "stay, or set exact_empty (role variable ollama_models_exact_empty) if that is meant"
        )


def _circles(wanted):
    """The names of models that are made from themselves in the end, each circle once."""
    passed = set()
    for name in wanted:
        way = []
        while name in wanted and name not in passed:
            passed.add(name)
            way.append(name)
            name = wanted[name].origin
        circle = way[way.index(name):] if name in way else []
        if any(wanted[step].definition for step in circle):
            yield circle
