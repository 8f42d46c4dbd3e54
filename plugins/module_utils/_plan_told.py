# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a plan does to what runs, in a few lines for the one who is about to let it. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._record import RUNNING

AGAIN = ("To be proven again: everything is there and runs, but not as it was proven last "
         "(a run did not finish, or the inventory says it otherwise)")


def told(plan, probe, method, version):
    """One line for each thing that is done: what, to which names, and why."""
    gone = [*(thing["name"] for thing in plan["retire"]), *plan["sweep"], *map(called, plan["surplus"])]
    why = {instance["container"]: _why(instance, plan["former"], probe, method, version) for instance in plan["roll"]}
    doings = [
        ("stopped and removed", gone),
        ("started", [f"{name} ({reason})" for name, (starts, reason) in why.items() if starts]),
        ("restarted", [f"{name} ({reason})" for name, (starts, reason) in why.items() if not starts]),
    ]
    lines = [f"To be {doing}: {', '.join(names)}" for doing, names in doings if names]
    return lines or [AGAIN] * ({each["kind"] for each in probe["differences"]} == {"record"})


def called(thing):
    """An image or a volume in words."""
    return f"{thing['kind']} {thing['name']} of {thing['engine']}"


def processes(instance):
    """What an instance may run as, as kind and name."""
    return (("unit", instance["unit"]), ("container", instance["container"]), ("launchd", instance.get("label")))


def _why(instance, former, probe, method, version):
    """(whether it is started rather than restarted, why)."""
    found = _found(instance, probe)
    if found.get("state", "loaded") not in ("loaded", "running") or found.get("active") is False:
        if former and former["method"] != method:
            return True, f"method {method}, was {former['method']}"
        return True, "new" if found["state"] == "absent" else "does not run"
    reasons = []
    if former and former["version"] != version:
        reasons.append(f"version {version}, was {former['version']}")
    else:
        reasons += ["release not proven" if each["fields"] == ["proven"] else "files of its release"
                    for each in probe["differences"] if each["kind"] == "release"]
    # A file of which nothing but the digest of its definition differs is not shown.
    if any(shown["after_header"] == instance["env_file"] for shown in probe["diff"]):
        reasons.append("settings")
    return False, ", ".join(reasons or ["definition"])


def _found(instance, probe):
    """What was seen of the instance's process, where that differs."""
    wanted = processes(instance)
    things = [item for kind in RUNNING for item in probe["apply"].get(kind, [])]
    return next((item["found"] for item in things if (item["kind"], item["name"]) in wanted), {})
