# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Which of the things found on a host is adopted, and what the role's own rules say to it. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils import (
    _adoption_container,
    _adoption_service,
    _inputs_container,
    _inputs_host,
    _inputs_service,
)
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._words import SECRET_NAME, without_credentials

NO_PODMAN = ("container {} of Podman runs Ollama, and what Podman runs is not adopted; remove it, and give site.yml the "
             "place of its store as ollama_models_dir")
RULES = (_inputs_service, _inputs_container, _inputs_host)


def adoption(service, containers, ours, allow_network, podman=()):
    """What ollama_adoption_info tells of what the scans have seen; ``containers`` and ``podman`` are those of others."""
    plans = [_adoption_service.plan(service)] if service and not service["ours"] else []
    plans += [_adoption_container.plan(each) for each in containers]
    if not plans and podman:
        raise FleetError(NO_PODMAN.format(podman[0]))
    if not plans:
        return {"found": "ours" if ours or service else "nothing"}
    plan = plans[0]
    if len(plans) > 1:
        names = [each["served"][0].get("unit") or f"container {each['served'][0]['container']}" for each in plans]
        plan["obstacles"].append(f"{' and '.join(names)} are all Ollama, and one is adopted; remove the others first")
    plan["obstacles"] += [NO_PODMAN.format(name) for name in podman]
    plan["shown"] = masked(plan["variables"])
    given = {**plan["variables"], "ollama_allow_unauthenticated_network": allow_network}
    plan["obstacles"] += [problem for rules in RULES for problem in rules.problems(given)]
    return plan


def masked(variables):
    """The variables as a message may show them: what may be a secret is told by name alone."""
    return {key: {name: _masked(name, text) for name, text in value.items()} if isinstance(value, dict) else value
            for key, value in variables.items()}


def _masked(name, value):
    if SECRET_NAME.search(name):
        return "***"
    return without_credentials(value) if isinstance(value, str) else value
