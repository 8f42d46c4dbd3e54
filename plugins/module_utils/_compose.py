# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""A Compose project that an operator can read and run by hand: one service for each instance. No I/O."""

from __future__ import annotations

import json
import re

from ansible_collections.barellama.fleet.plugins.module_utils import _containers

PROJECT = "barellama-ollama"  # methods/docker/remove.yml names it too; `ollama` is what an operator would choose
PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/._-]*", re.ASCII)
NOT_TEXT = re.compile(r"true|false|yes|no|on|off|null|y|n", re.IGNORECASE)


def render(instances, options):
    """The text of compose.yaml."""
    project = {"name": PROJECT, "services": {each["name"]: service(each, options) for each in instances}}
    if options["volume"]:
        # Not the project's own, or `docker compose down --volumes` would delete all models.
        project["volumes"] = {options["volume"]: {"external": True}}
    return f"# {_containers.HEADER}\n" + "".join(f"{line}\n" for line in _lines(project))


def service(instance, options):
    """One service as Compose knows it."""
    return {
        "container_name": instance["container"],
        "image": options["image"],
        "restart": "unless-stopped",
        "env_file": [instance["env_file"]],
        "ports": [_containers.published(instance)],
        **({} if options["volume"] else {"user": f"{options['uid']}:{options['gid']}"}),
        "volumes": [_mount(*mount, options) for mount in _containers.mounts(instance, options)],
        "read_only": True,
        "tmpfs": ["/tmp"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        **({"cpus": options["cpus"]} if options["cpus"] else {}),
        **({"mem_limit": options["memory"]} if options["memory"] else {}),
        **_gpus(instance, options),
        "healthcheck": {
            "test": ["CMD", *_containers.PROBE],
            "interval": "30s",
            "timeout": "10s",
            "retries": 3,
            "start_period": "60s",
        },
        "logging": {"driver": "json-file", "options": {"max-size": "100m", "max-file": "3"}},
    }


def _mount(source, target, options):
    if options["volume"]:
        return {"type": "volume", "source": source, "target": target}
    # Labelled for containers where SELinux asks, for several of them; a missing source would be made as root's.
    return {"type": "bind", "source": source, "target": target, "bind": {"create_host_path": False, "selinux": "z"}}


def _gpus(instance, options):
    if options["vendor"] == "amd":
        groups = _containers.groups(options["look"])
        devices = {"devices": [f"{path}:{path}" for path in _containers.AMD_DEVICES]}
        return {**devices, "group_add": groups} if groups else devices
    if options["vendor"] != "nvidia":
        return {}
    if _containers.has_cdi(options["look"]):
        device = {"driver": "cdi", "device_ids": _containers.cdi_devices(instance), "capabilities": ["gpu"]}
    else:
        wanted = {"device_ids": instance["gpus"]} if instance["gpus"] else {"count": "all"}
        device = {"driver": "nvidia", **wanted, "capabilities": ["gpu"]}
    return {"deploy": {"resources": {"reservations": {"devices": [device]}}}}


def _lines(value, indent=""):
    """A mapping as lines of YAML, in block style, with lists of texts on one line."""
    for key, entry in value.items():
        if isinstance(entry, dict):
            yield f"{indent}{_scalar(key)}:"
            yield from _lines(entry, indent + "  ")
        elif isinstance(entry, list) and any(isinstance(item, dict) for item in entry):
            yield f"{indent}{_scalar(key)}:"
            for item in entry:
                first, *rest = _lines(item, indent + "    ")
                yield f"{indent}  - {first.lstrip()}"
                yield from rest
        elif isinstance(entry, list):
            yield f"{indent}{_scalar(key)}: [{', '.join(_scalar(item) for item in entry)}]"
        else:
            yield f"{indent}{_scalar(key)}: {_scalar(entry)}"


def _scalar(value):
    """A text without quotes where YAML takes it for a text anyway; Compose would replace what stands behind a $."""
    if isinstance(value, str) and PLAIN.fullmatch(value) and not NOT_TEXT.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")
