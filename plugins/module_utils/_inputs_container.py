# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What can be wrong with the variables that say how a server is run in a container."""

from __future__ import annotations

import math
import posixpath
import re

from ansible_collections.barellama.fleet.plugins.module_utils import _instances, _listen
from ansible_collections.barellama.fleet.plugins.module_utils._inputs_release import is_set
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

METHODS = ("docker", "podman")
REGISTRY = r"(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:))(:[0-9]{1,5})?"
NAME = r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*"
IMAGE = re.compile(rf"{REGISTRY}(/{NAME})+", re.ASCII)
SHORT_IMAGE = re.compile(rf"{NAME}(/{NAME})*", re.ASCII)
TAGGED = re.compile(r".*/[^/]*[:@][^/]*")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
PLACE = re.compile(r"(/[A-Za-z0-9_.-]+)+", re.ASCII)
VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
MEMORY = re.compile(r"[1-9][0-9]{0,9}[kmg]", re.ASCII)
IMAGE_EXAMPLE = "for example docker.io/ollama/ollama"
FIRST_FREE_PORT = 1024
# Numbers for a rootless container's accounts are taken from a range of 65536 that belongs to ollama_uid alone.
HIGHEST_ROOTLESS_UID = 65533


def problems(variables):
    """All that is wrong, one line each. What is left out is not checked."""
    rules = {
        "ollama_image": _image_problem,
        "ollama_image_digest": _digest_problem,
        "ollama_image_models": _place_problem,
        "ollama_bake_from": _base_problem,
        "ollama_bake_image": _image_problem,
        "ollama_container_volume": _volume_problem,
        "ollama_container_cpus": _cpus_problem,
        "ollama_container_memory": _memory_problem,
    }
    told = {name: rule(variables[name]) for name, rule in rules.items() if name in variables}
    found = [f"{name}: {shown(variables[name])} {problem}" for name, problem in told.items() if problem]
    found += _rootless_problems(variables)
    return found + (_container_problems(variables) if variables.get("ollama_method") in METHODS else [])


def _image_problem(value):
    if not isinstance(value, str) or not value:
        return f"is not the name of an image; {IMAGE_EXAMPLE}"
    if "://" in value:
        return f"has a scheme, which no image has; {IMAGE_EXAMPLE}"
    if TAGGED.fullmatch(value):
        return ("has a tag or digest; write the name alone, since the tag follows ollama_version, and a digest belongs "
                "into ollama_image_digest")
    if IMAGE.fullmatch(value):
        return None
    if SHORT_IMAGE.fullmatch(value):
        return f"names no registry, and engines guess differently; {IMAGE_EXAMPLE}"
    return f"is not the name of an image; {IMAGE_EXAMPLE}"


def _digest_problem(value):
    if value == "" or isinstance(value, str) and DIGEST.fullmatch(value):
        return None
    return "is not a digest; write sha256: and 64 hexadecimal digits, as `docker images --digests` shows them"


def _place_problem(value):
    if value == "" or isinstance(value, str) and PLACE.fullmatch(value):
        return None
    return "is not an absolute path inside the image; for example /models"


def _base_problem(value):
    name, _at, digest = value.partition("@") if isinstance(value, str) else ("", "", "")
    if value == "" or IMAGE.fullmatch(name) and DIGEST.fullmatch(digest):
        return None
    if isinstance(value, str) and DIGEST.fullmatch(value):
        return None  # the number of an image that was loaded, which has no other digest
    return "is not an image with its digest; for example docker.io/ollama/ollama@sha256: and 64 hexadecimal digits"


def _volume_problem(value):
    if value == "" or isinstance(value, str) and VOLUME.fullmatch(value) and not value.endswith(".volume"):
        return None
    if isinstance(value, str) and "/" in value:
        return "is a path; leave it empty, and ollama_home and ollama_models_dir are mounted"
    return "is not the name of a volume, of letters, digits and _ . -; for example ollama"


def _cpus_problem(value):
    try:
        number = None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = None
    if number is None or not math.isfinite(number) or number < 0:
        return "is not a number of processors; for example 4, or 0 for all"
    return None if number == 0 or number >= 0.1 else "is less than a server starts with; for example 4, or 0 for all"


def _memory_problem(value):
    if value == "" or isinstance(value, str) and MEMORY.fullmatch(value):
        return None
    return "is not a size with k, m or g behind it; for example 16g, or '' for all"


def _rootless_problems(variables):
    if variables.get("ollama_method") != "podman" or not is_set(variables, "ollama_container_rootless"):
        return []
    found = []
    uid = _listen.port_number(variables.get("ollama_uid"))
    if uid and uid > HIGHEST_ROOTLESS_UID:
        found.append(f"ollama_uid: {uid} leaves no numbers for what is inside a rootless container; "
                     f"give one up to {HIGHEST_ROOTLESS_UID}, for example 11434")
    ports = _placed(variables, "port", 11434)
    return found + [
        f"{where}: {port} is root's to open, and ollama_container_rootless is set; give one from {FIRST_FREE_PORT} up"
        for where, port in ports
        if 1 <= (_listen.port_number(port) or 0) < FIRST_FREE_PORT
    ]


def _container_problems(variables):
    rootful_podman = variables["ollama_method"] == "podman" and not is_set(variables, "ollama_container_rootless")
    found = []
    for where, host in _placed(variables, "host", "127.0.0.1"):
        if _listen.host_problem(host):
            continue  # told already
        if host != "localhost" and re.search("[A-Za-z]", host) and ":" not in host:
            found.append(f"{where}: {shown(host)} is a name, and a container's port is opened on an address; "
                         "for example 127.0.0.1")
        elif ":" in host and rootful_podman:
            found.append(f"{where}: {shown(host)} is not reached by Podman's bridge, which has IPv4 only; "
                         "for example 127.0.0.1, or set ollama_container_rootless: true")
    models, home = variables.get("ollama_models_dir"), variables.get("ollama_home")
    if variables.get("ollama_container_volume") and isinstance(models, str) and isinstance(home, str):
        if posixpath.normpath(models) != posixpath.normpath(f"{home}/.ollama/models"):
            found.append(f"ollama_models_dir: {shown(models)} is not used, since models are in the volume "
                         f"{shown(variables['ollama_container_volume'])}; leave one of them out")
    return found


def _placed(variables, key, default):
    """(variable, value) wherever a host or a port is written, as far as the instances can be read."""
    instances = variables.get("ollama_instances")
    own = [
        (f"{_instances.label(number, instance)}.{key}", instance[key])
        for number, instance in enumerate(instances if isinstance(instances, (list, tuple)) else ())
        if isinstance(instance, dict) and key in instance
    ]
    return [(f"ollama_{key}", variables.get(f"ollama_{key}", default)), *own]
