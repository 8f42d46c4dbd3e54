# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What can be wrong with the variables that say which container engine a host has, and how containers get GPUs."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import numbers
from ansible_collections.barellama.fleet.plugins.module_utils._openpgp import FINGERPRINT, plain
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown, text

URL = re.compile(r"https?://\S+")
VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){2}", re.ASCII)
TOOLKIT_FLOOR = "1.17.8"
WHICH = ("docker", "toolkit")
# What a variable is by default, for whoever has set only that.
CHOICES = {
    "container_runtime_engine": (("docker", "podman", "none"), "ollama_method"),
    "container_runtime_source": (("distro", "vendor"), None),
    "container_runtime_gpu_vendor": (("nvidia", "amd", "none"), "ollama_gpu_vendor"),
}
FIELDS = ("url", "key_url", "key", "key_fingerprints")
# What the distributions' units give Docker on its command line, which it refuses to be told twice.
UNITS_OWN = ("hosts", "containerd", "pidfile")


def problems(variables):
    """All that is wrong, one line each. What is left out is not checked."""
    return [*_choice_problems(variables), *_toolkit_problems(variables), *_repository_problems(variables), *_daemon_problems(variables)]


def _choice_problems(variables):
    for name, (choices, usual) in CHOICES.items():
        value = variables.get(name, choices[0])
        if value not in choices:
            yield (f"{name}{f' (by default {usual})' if usual else ''}: {shown(value)} is none of {', '.join(choices)}"
                   f"{did_you_mean(text(value), choices) or f'; for example {choices[0]}'}")


def _toolkit_problems(variables):
    name = "container_runtime_toolkit_version"
    version = variables.get(name, TOOLKIT_FLOOR)
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        yield f"{name}: {shown(version)} is not a full version; quote X.Y.Z, for example \"1.20.0\""
    elif numbers(version) < numbers(TOOLKIT_FLOOR):
        yield (f"{name}: {shown(version)} lets containers become root of the host (CVE-2025-23266), which {TOOLKIT_FLOOR} mended; "
               "give that or a newer one")


def _repository_problems(variables):
    name = "container_runtime_repositories"
    given = variables.get(name, {})
    if not isinstance(given, dict) or not all(isinstance(own, dict) for own in given.values()):
        yield f"{name}: {shown(given)} is not a dictionary; for example {{toolkit: {{url: 'https://mirror.example/toolkit/deb'}}}}"
        return
    for which, own in given.items():
        if which not in WHICH:
            yield f"{name}: {shown(which)} is not one of {', '.join(WHICH)}{did_you_mean(str(which), WHICH)}"
        for field in own:
            if field not in FIELDS:
                yield f"{name}.{which}: {shown(field)} is not one of {', '.join(FIELDS)}{did_you_mean(str(field), FIELDS)}"
        for field in ("url", "key_url"):
            if field in own and not (isinstance(own[field], str) and URL.fullmatch(own[field])):
                yield f"{name}.{which}.{field}: {shown(own[field])} is no address; for example https://mirror.example/toolkit/deb"
        trusted = own.get("key_fingerprints", [])
        if not isinstance(trusted, (list, tuple)) or not all(isinstance(each, str) and FINGERPRINT.fullmatch(plain(each)) for each in trusted):
            yield f"{name}.{which}.key_fingerprints: {shown(trusted)} is not a list of whole fingerprints of 40 or 64 digits"


def _daemon_problems(variables):
    name = "container_runtime_daemon"
    daemon = variables.get(name, {})
    if not isinstance(daemon, dict):
        yield f"{name}: {shown(daemon)} is not a dictionary of keys of daemon.json; for example {{log-driver: local}}"
        return
    for key in daemon:
        if key in UNITS_OWN:
            yield (f"{name}.{key}: is what the unit of Docker says already, and Docker does not start when it is told twice; "
                   "leave it out, or write a drop-in of your own for docker.service")
        elif not isinstance(key, str):
            yield f"{name}: {shown(key)} is not the name of a key; quote it"
    if daemon and variables.get("container_runtime_engine") == "podman":
        yield f"{name}: is for Docker, and container_runtime_engine is podman; leave it out"
