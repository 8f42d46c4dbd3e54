# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""A diagnosis: which checks there are, whom they look at, and what comes of them. No I/O of its own."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_driver import devices, driver, engine
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_gpu import gpu, offload
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_memory import memory, store
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_record import record, release
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_service import answers, service
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_settings import environment, settings
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

OF_THE_HOST = {"engine": engine, "driver": driver, "record": record, "release": release}
OF_AN_INSTANCE = {
    "service": service,
    "answers": answers,
    "settings": settings,
    "environment": environment,
    "devices": devices,
    "gpu": gpu,
    "offload": offload,
    "memory": memory,
    "store": store,
}
NAMES = (*OF_THE_HOST, *OF_AN_INSTANCE)
NEEDED = {"systemd": ("unit",), "docker": ("container",), "podman": ("unit", "container"), "launchd": ("log",)}


def check_instances(instances, method):
    """FleetError unless every instance says what a diagnosis of that method has to know."""
    if not instances:
        raise FleetError("instances is empty, so nothing would be looked at; list at least one with its name")
    for number, instance in enumerate(instances):
        for key in ("name", *NEEDED[method]):
            if not isinstance(instance.get(key), str) or not instance[key]:
                raise FleetError(f"instances[{number}] has no {key}, which method {method} needs; "
                                 f"it has {shown(instance.get(key))}")


def diagnose(host, looks, checks):
    """The findings of those ``checks`` on the host and on each instance, and what could not be looked at."""
    findings, unseen = [], []
    for name in [name for name in NAMES if name in checks]:
        check = OF_THE_HOST.get(name) or OF_AN_INSTANCE[name]
        for look in [host] if name in OF_THE_HOST else looks:
            about = {"check": name, "instance": look.name}
            try:
                if name != "service" and name in OF_AN_INSTANCE and (look.trouble or not look.running):
                    raise Unseen("it does not run")
                for found in check(look):
                    findings.append({**about, **found})
            except Unseen as reason:
                unseen.append({**about, "reason": str(reason)})
    return {"findings": findings, "unseen": unseen}


def summary(found, fail):
    """The module's result; with ``fail`` a FleetError, which carries it, when something was found."""
    lines = [line(each) for each in found["findings"]]
    result = {"changed": False, **found, "lines": lines}
    if fail and lines:
        raise FleetError(" | ".join(lines), **result)
    return result


def line(found):
    """One finding in one line."""
    about = f"{found['instance']}: " if found["instance"] else ""
    return f"{about}{found['symptom']}: {found['cause']}; {found['cure']}"
