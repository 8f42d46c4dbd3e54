# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a server in a container gets, told alike to Compose and to Quadlet. No I/O.

``options`` are engine (docker or podman), image (with its tag or digest), version, vendor, look (what
tasks/methods/look.yml heard from the host), volume, uid, gid, cpus, memory, and for Podman rootless and umask; and
image_models, where the image has models inside that the server shall have, if it has.
"""

from __future__ import annotations

import json

from ansible_collections.barellama.fleet.plugins.module_utils import _listen, _settings

HEADER = "Written by the role barellama.fleet.ollama. Change the inventory, not this file."
PORT = 11434  # inside, where every container has an address of its own
CDI = "nvidia.com/gpu="
AMD_DEVICES = ("/dev/kfd", "/dev/dri")
ROOT_STATE = "/root/.ollama"
# The image has neither curl nor wget. OLLAMA_HOST of the server is 0.0.0.0, which the command would reach by a proxy.
PROBE = ("env", f"OLLAMA_HOST=127.0.0.1:{PORT}", "/bin/ollama", "ps")


def environment_text(instance, options, extra_env):
    """The environment file of one container."""
    variables = _settings.environment(instance["settings"], extra_env, options["version"])
    variables = {**defaults(instance, options), **variables, **environment(instance, options)}
    if options["engine"] == "docker":
        return _settings.render(variables)
    return "".join(f"{name}={value}\n" for name, value in variables.items())  # Podman takes quotes literally


def environment(instance, options):
    """What the role itself sets in a container, beside the settings."""
    dummy, home, models = _places(instance, options)
    variables = {"HOME": home, "OLLAMA_HOST": f"0.0.0.0:{PORT}", "OLLAMA_MODELS": models}
    if options["image_models"]:
        variables["OLLAMA_NOPRUNE"] = "1"  # nothing can be deleted there, and the server would not start over that
    if options["vendor"] == "amd":
        variables.update(instance["visible"])  # the device is one for all AMD GPUs
    return variables


def defaults(instance, options):
    """What settings may say otherwise. What CUDA compiles at first use would be lost outside of the mounts."""
    return {"CUDA_CACHE_PATH": f"{_places(instance, options)[0]}/cuda"} if options["vendor"] == "nvidia" else {}


def mounts(instance, options):
    """(source, place inside) of everything that is writable."""
    if options["volume"]:
        return [(options["volume"], ROOT_STATE)]
    state, dummy, models = _places(instance, options)
    inside = options["image_models"] or models.startswith(state + "/")
    return [(path, path) for path in ([state] if inside else [state, models])]


def published(instance):
    """The address on the host and the port inside, as engines write them."""
    host = "127.0.0.1" if instance["host"] == "localhost" else instance["host"]
    return f"{_listen.address(host, instance['port'])}:{PORT}"


def cdi_devices(instance):
    return [CDI + gpu for gpu in instance["gpus"] or ["all"]]


def has_cdi(look):
    """Whether an engine that answered ``look`` reads device specifications; ones before Docker 25 do not say."""
    try:
        return bool(json.loads(look))
    except ValueError:
        return False


def groups(look):
    """The numbers of the groups in lines of /etc/group, as texts: their names mean nothing inside."""
    return [fields[2] for fields in (line.split(":") for line in look.splitlines()) if len(fields) > 2]


def _places(instance, options):
    """Directory of the server's state, its home and the store, as seen from inside."""
    if options["volume"]:
        return ROOT_STATE, "/root", options["image_models"] or f"{ROOT_STATE}/models"
    return f"{instance['home']}/.ollama", instance["home"], options["image_models"] or instance["models"]
