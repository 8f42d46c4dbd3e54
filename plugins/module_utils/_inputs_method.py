# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Rules for variables that only some methods can follow: set for another one they would promise what nobody keeps."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._inputs_release import is_set
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

CONTAINERS = ("docker", "podman")
METHODS = ("systemd", *CONTAINERS, "launchd")
# Variable: its default and the methods that follow it. Where releases and images come from, what they must be, and what is
# allowed is not here: a fleet of several methods shares it, and it promises nothing about a host that does not need it.
FOLLOWED = {
    "ollama_hardening": ("standard", ("systemd",)),
    "ollama_umask": ("0077", ("systemd", "podman", "launchd")),
    "ollama_gpu_vendor": ("none", ("systemd", *CONTAINERS)),
    "ollama_release_archive": ("", ("systemd",)),
    "ollama_release_verify": (False, ("systemd",)),
    "ollama_container_volume": ("", CONTAINERS),
    "ollama_container_cpus": (0, CONTAINERS),
    "ollama_container_memory": ("", CONTAINERS),
    "ollama_container_rootless": (False, ("podman",)),
}


def problems(variables):
    """One line for each variable that is set away from its default in vain. What is left out is not checked."""
    method = variables.get("ollama_method")
    if method not in METHODS:
        return []
    vain = [
        (name, methods)
        for name, (default, methods) in FOLLOWED.items()
        if method not in methods and not _is_default(variables, name, default)
    ]
    # Its default follows the GPU's vendor, whatever the method.
    usual = ["rocm"] if variables.get("ollama_gpu_vendor") == "amd" else []
    if method != "systemd" and variables.get("ollama_release_overlays", usual) not in ([], usual):
        vain.append(("ollama_release_overlays", ("systemd",)))
    return [
        f"{name}: {shown(variables[name])} has no effect where ollama_method is {method}, only with {_either(methods)}; "
        "leave it out"
        for name, methods in vain
    ]


def _is_default(variables, name, default):
    if isinstance(default, bool):
        return is_set(variables, name) == default
    return variables.get(name, default) in (default, str(default))  # the command line gives numbers as texts


def _either(words):
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
