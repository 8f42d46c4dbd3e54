# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What to make of a container that `docker run` or Compose has made of the image ollama/ollama. No I/O."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils import _adoption_dropped, _adoption_env
from ansible_collections.barellama.fleet.plugins.module_utils._adoption_text import assignments
from ansible_collections.barellama.fleet.plugins.module_utils._listen import url
from ansible_collections.barellama.fleet.plugins.module_utils._record import MARKER

IMAGE = re.compile(r"((?P<registry>[^/]*[.:][^/]*|localhost)/)?(?P<name>(.+/)?ollama/ollama)(?=[:@]|$)")
STATE = "/root/.ollama"
HOME = "/usr/share/ollama"
KEPT = "-before-adoption"
OF_THE_RUNTIME = ("NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES")
NAMED = re.compile(r"[^A-Za-z0-9_.-]+")


def is_of_others(container):
    """Whether a container, as `docker inspect` tells it, runs Ollama and was not made by the role."""
    return bool(IMAGE.match(container["Config"]["Image"])) and not is_ours(container)


def is_ours(container):
    return MARKER in assignments(container["Config"]["Env"] or [])


def place(container):
    """(host, port) that the server is reached at on its host; None where it is not."""
    inside = _inside(container)
    if container["HostConfig"]["NetworkMode"] == "host":
        return inside
    for bound in (container["HostConfig"]["PortBindings"] or {}).get(f"{inside[1]}/tcp") or ():
        if bound["HostPort"].isdigit():
            return bound["HostIp"] or "0.0.0.0", int(bound["HostPort"])
    return None


def _inside(container):
    """(host, port) that the server listens on, as it sees them."""
    return _adoption_env.listens(assignments(container["Config"]["Env"] or []).get("OLLAMA_HOST", "0.0.0.0"))


def plan(seen):
    """Everything that ollama_adoption_info tells of a container; ``seen`` is what ScanDocker.containers returns."""
    inspected, version = seen["container"], seen["version"]
    name = inspected["Name"].lstrip("/")
    host, port = place(inspected) or ("127.0.0.1", 11434)
    carried = _adoption_env.carry(_given(inspected, seen["image"].get("Env") or []))
    volume, directory = _volume(_state(inspected))
    vendor, gpus = _gpus(inspected)
    image = IMAGE.match(inspected["Config"]["Image"])
    limits = inspected["HostConfig"]
    variables = {
        "ollama_method": "docker",
        "ollama_image": f"{image['registry'] or 'docker.io'}/{image['name']}",
        "ollama_container_volume": volume,
        "ollama_container_cpus": (limits.get("NanoCpus") or 0) / 10**9,
        "ollama_container_memory": _size(limits.get("Memory") or 0),
        "ollama_gpu_vendor": vendor,
        "ollama_home": HOME,
        "ollama_models_dir": HOME + "/.ollama/models",
        "ollama_host": host,
        "ollama_port": port,
        "ollama_settings": carried.settings,
        "ollama_extra_env": carried.extra_env,
        **({"ollama_instances": [{"name": "default", "gpus": gpus}]} if gpus else {}),
    }
    told = [f"{key}: {value}" for key, value in variables.items() if not isinstance(value, dict)]
    return {
        "found": "docker",
        "variables": variables,
        "version": version,
        "report": told + carried.lines + _adoption_dropped.lines({**seen, "inside": _inside(inspected)[1]}, vendor),
        "stays": _stays(inspected, volume, directory),
        "goes": [f"container {name}"],
        "drop_in": None,
        "obstacles": _obstacles(seen, carried.left),
        "made": [],
        "files": [],
        "served": [{"name": "default", "url": url(host, port), "container": name.replace(KEPT, ""),
                    **({"version": version} if version else {})}],
        "container": {"name": name.replace(KEPT, ""), "kept": name.replace(KEPT, "") + KEPT, "is_kept": KEPT in name},
        "volume": directory and {"name": volume, "device": directory},
    }


def _given(inspected, image_env):
    """The environment beside what the image has, and what names the devices."""
    standard = assignments(image_env)
    return {name: text for name, text in assignments(inspected["Config"]["Env"]).items()
            if standard.get(name) != text and name not in OF_THE_RUNTIME}


def _state(inspected):
    """The mount that holds models and keys."""
    mounts = [mount for mount in inspected["Mounts"] if mount["Destination"].rstrip("/") == STATE]
    return mounts[0] if mounts else {}


def _store(inspected):
    """Where the server has its models, as it sees it."""
    given = assignments(inspected["Config"]["Env"] or [])
    models = given.get("OLLAMA_MODELS", "").strip().strip("\"'")
    return (models or given.get("HOME", "/root").rstrip("/") + "/.ollama/models").rstrip("/")


def _volume(state):
    """(the volume's name, the directory of the host that it is made of; None where it is a volume already)."""
    if state.get("Type") != "bind":
        return state.get("Name", ""), None
    return NAMED.sub("-", "ollama" + state["Source"])[:128], state["Source"]


def state_directory(container):
    """The directory of the host that holds models and keys; None where it is a volume's, or nothing holds them."""
    return _volume(_state(container))[1]


def _gpus(inspected):
    """(vendor, the GPUs that it may use; none means all)."""
    config = inspected["HostConfig"]
    for asked in config.get("DeviceRequests") or ():
        named = [str(entry).rpartition("=")[2] for entry in asked.get("DeviceIDs") or ()]
        count = asked.get("Count") or 0
        return "nvidia", _named(named) or list(range(max(0, count)))
    if config.get("Runtime") == "nvidia":
        visible = assignments(inspected["Config"]["Env"]).get("NVIDIA_VISIBLE_DEVICES", "all")
        return "nvidia", _named(visible.split(","))
    devices = [device["PathInContainer"] for device in config.get("Devices") or ()]
    return ("amd" if "/dev/kfd" in devices else "none"), []


def _named(devices):
    return [] if "all" in devices else [int(device) if device.isdigit() else device for device in devices if device]


def _size(number):
    power = next((power for power in (3, 2) if number % 1024**power == 0), 1)
    return f"{number // 1024 ** power}{'kmg'[power - 1]}" if number else ""


def _stays(inspected, volume, directory):
    labels = inspected["Config"].get("Labels") or {}
    project = labels.get("com.docker.compose.project.config_files")
    where = f"{directory}, mounted as the volume {volume}," if directory else f"volume {volume}"
    return [f"{where} with all models, none of which is downloaded again"] + (
        [f"{project}: take the service {labels.get('com.docker.compose.service')} out of it, or it starts a second one"]
        if project else [])


def _obstacles(seen, left):
    inspected, name = seen["container"], seen["container"]["Name"].lstrip("/")
    config, state = inspected["HostConfig"], _state(inspected)
    found = [f"{name}: {variable}: {why}; make the container anew without it" for variable, why in left.items()]
    if not seen["version"] and KEPT not in name:
        found.append(f"{name}: does not answer, so there would be nothing to go back to; start it and look again")
    if (inspected["Path"], inspected["Args"]) != ("/bin/ollama", ["serve"]):
        found.append(f"{name}: starts {' '.join([inspected['Path'], *inspected['Args']])}, not /bin/ollama serve")
    if inspected["Config"].get("User") not in (None, "", "0", "root", "0:0", "root:root"):
        found.append(f"{name}: runs as {inspected['Config']['User']}, and its volume would belong to root then; "
                     "make it anew without --user")
    if state.get("Type") not in ("bind", "volume"):
        found.append(f"{name}: has no volume at {STATE}, so its models are gone with the container; give it one first")
    elif _store(inspected) != f"{STATE}/models":
        found.append(f"{name}: has its models in {_store(inspected)}, and ours in {STATE}/models; move them there, and make "
                     "the container anew without OLLAMA_MODELS and HOME")
    if any((each.get("VolumeOptions") or {}).get("Subpath") for each in config.get("Mounts") or ()):
        found.append(f"{name}: has a part of a volume mounted, and ours mounts it whole; make it anew without volume-subpath")
    if seen["owner"]:
        path, uid = seen["owner"]
        found.append(f"{name}: {path} belongs to user {uid}, and ours is root without root's powers; chown -R 0:0 "
                     f"{state['Source']} and look again")
    for mount in inspected["Mounts"]:
        if mount is not state:
            found.append(f"{name}: {mount['Destination']} is mounted too, which the role has no variable for; "
                         "make it anew without")
    if not place(inspected):
        found.append(f"{name}: publishes no port, so nothing on this host could prove that it serves; give it -p")
    return found + _adoption_dropped.obstacles({**seen, "inside": _inside(inspected)[1]})
