# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""The server processes of one host, completed from what they have in common."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils import _instances_gpus, _listen
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown

DEFAULT = "default"
PER_GPU = _instances_gpus.PER_GPU
KEYS = ("name", "host", "port", "gpus", "settings")
KEEPING = {"noprune": True}  # a server that starts would delete what another one downloads into the store they share
PROCESS = {"docker": "container", "launchd": "label"}  # method: by which of its names it runs an instance; else unit
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", re.ASCII)


def complete(instances, defaults, gpus=(), vendor="", sharing=False):
    """Every instance as name, unit, container, label, address and url, settings, env_file, home, models, gpus and visible.

    ``endpoint`` is what ollama_health wants to know of it, ``settings`` are merged, ``models`` is the store,
    which only the first instance prunes unless settings say otherwise. ``visible`` are the variables that restrict
    a process to its GPUs.
    ``defaults`` has host, port, settings, home, models and optionally method and version; for the rest see problems.
    FleetError lists all that is wrong.
    """
    found = default_problems(defaults) + problems(instances, defaults, gpus, vendor, sharing)
    if found:
        raise FleetError(" | ".join(found))
    if instances == PER_GPU:
        instances = _layout(defaults, gpus, vendor)
    completed = [_complete(each, defaults, KEEPING if number else {}) for number, each in enumerate(instances)]
    for instance, given in zip(completed, instances):
        instance["gpus"] = _instances_gpus.chosen(given, gpus, vendor)
        instance["visible"] = _instances_gpus.visible(instance["gpus"], gpus, vendor, instance["settings"])
    return completed


def default_problems(defaults):
    """What is wrong with the address that instances share, named as the role's variables."""
    found = _placed("ollama_host", _listen.host_problem(defaults["host"]))
    return found + _placed("ollama_port", _listen.port_problem(defaults["port"]))


def problems(instances, defaults, gpus=(), vendor="", sharing=False):
    """All that is wrong with the list itself, one line each; the settings' values are not looked at.

    ``gpus`` and ``vendor`` are what is known and said of the host's GPUs, no vendor where only addresses matter;
    ``sharing`` lets instances have the same.
    """
    if instances == PER_GPU:
        found = _instances_gpus.layout_problems(gpus, vendor)
        return found or problems(_layout(defaults, gpus, vendor), defaults, gpus, vendor)
    if not isinstance(instances, (list, tuple)) or not instances:
        return [f"ollama_instances: {shown(instances)} is not a list of instances; for example [{{name: default}}]"]
    found = []
    for number, instance in enumerate(instances):
        found += _instance_problems(number, instance)
    return found + _clashes(instances, defaults) + _gpu_problems(instances, defaults, gpus, vendor, sharing)


def label(number, instance):
    """How messages call an instance: by its name where it has a good one, else by its place in the list."""
    name = instance.get("name") if isinstance(instance, dict) else None
    return f"ollama_instances[{name if _is_name(name) else number}]"


def overrides(instance):
    """The settings that an instance has of its own."""
    return instance.get("settings", {}) if isinstance(instance, dict) else {}


def _complete(instance, defaults, base):
    name = instance["name"]
    host = instance.get("host", defaults["host"])
    port = _listen.port_number(instance.get("port", defaults["port"]))
    called = "ollama" if name == DEFAULT else f"ollama-{name}"
    names = {"unit": f"{called}.service", "container": called, "label": f"barellama.fleet.ollama.{name}"}
    process = PROCESS.get(defaults.get("method"), "unit")
    url = _listen.url(host, port)
    endpoint = {"name": name, "url": url, process: names[process]}
    return {
        "name": name,
        **names,
        "host": host,
        "port": port,
        "address": _listen.address(host, port),
        "url": url,
        "endpoint": {**endpoint, "version": defaults["version"]} if "version" in defaults else endpoint,
        "settings": {**base, **defaults["settings"], **overrides(instance)},
        "env_file": f"/etc/ollama/{name}.env",
        "home": defaults["home"],
        "models": defaults["models"],
        "log": f"{defaults['home']}/.ollama/logs/{name}.log",  # by launchd, which has no journal
    }


def _instance_problems(number, instance):
    where = label(number, instance)
    if not isinstance(instance, dict):
        return [f"{where}: {shown(instance)} is not an instance; for example {{name: default}}"]
    found = [f"{where}: {shown(key)} is not part of an instance{_meant(key)}" for key in instance if key not in KEYS]
    if not _is_name(instance.get("name")):
        found.append(f"{where}.name: {shown(instance.get('name'))} is not a name of lower-case letters, digits and -, "
                     "at most 32; for example gpu0")
    if not isinstance(overrides(instance), dict):
        found.append(f"{where}.settings: {shown(overrides(instance))} is not a dictionary; "
                     "for example {num_parallel: 4}")
    if "host" in instance:
        found += _placed(f"{where}.host", _listen.host_problem(instance["host"], f"{where}.port"))
    if "port" in instance:
        found += _placed(f"{where}.port", _listen.port_problem(instance["port"]))
    return found


def _clashes(instances, defaults):
    """Two instances cannot share a name, nor a port even on different addresses: a wildcard would take both."""
    found, names, ports = [], set(), {}
    for number, instance in enumerate(instances):
        if not isinstance(instance, dict):
            continue
        name, port = instance.get("name"), _listen.port_number(instance.get("port", defaults["port"]))
        if _is_name(name) and name in names:
            found.append(f"{label(number, instance)}: the name {shown(name)} is there twice; each needs its own")
        elif port is not None and port in ports:
            found.append(f"{label(number, instance)}.port: {port} is also the port of {ports[port]}; "
                         f"give each instance its own, for example {port + 1}")
        names.add(name if _is_name(name) else None)
        ports.setdefault(port, label(number, instance))
    return found


def _layout(defaults, gpus, vendor):
    """One instance for every GPU; a port that is none has been told already."""
    return _instances_gpus.layout(gpus, vendor, _listen.port_number(defaults["port"]) or 1)


def _gpu_problems(instances, defaults, gpus, vendor, sharing):
    named = [
        (label(number, instance), instance, _merged(instance, defaults))
        for number, instance in enumerate(instances)
        if isinstance(instance, dict)
    ]
    found = [line for each in named for line in _instances_gpus.problems(*each, gpus, vendor)]
    return found or ([] if sharing or not vendor else _instances_gpus.overlaps(named, gpus, vendor))


def _merged(instance, defaults):
    """The settings' names and values as far as they are dictionaries."""
    both = (defaults.get("settings"), overrides(instance))
    return {key: value for each in both if isinstance(each, dict) for key, value in each.items()}


def _is_name(name):
    return isinstance(name, str) and bool(NAME.fullmatch(name))


def _meant(key):
    return (did_you_mean(key, KEYS) if isinstance(key, str) else "") or f"; it has {', '.join(KEYS)}"


def _placed(where, problem):
    return [f"{where}: {problem}"] if problem else []
