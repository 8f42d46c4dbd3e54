# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Power, clocks, ECC and MIG of NVIDIA's GPUs: what is to be set, what of it cannot be, and what differs. No I/O.

It follows from gpu_driver_tuning, which has been checked, and from what gpu_facts told with ``tuning``.
"""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import NAMES
from ansible_collections.barellama.fleet.plugins.module_utils._inputs_gpu_tuning import NAME, gpu_of


def tuning(gpus, host, wanted):
    """What to do about it, as plain data.

    set       for each GPU its ``id``, as nvidia-smi takes it, and as text what is to be set: power_limit, clocks, memory_clocks, ecc, mig
              (Enabled, Disabled) and its profiles
    refusals  lines; what the driver has to tell for them may be told only when it is loaded
    differs   lines on what is not as wanted. Locked clocks are not among them: no driver tells them
    """
    asked = {gpu_of(key): values for key, values in wanted[NAME].items()}
    if asked and host["system"] and host["system"]["container"]:
        return {"set": [], "differs": [], "refusals": [f"{NAME}: this is a container, and its machine's GPUs are set there; leave it out here"]}
    found = {name: next((gpu for gpu in gpus if name in (gpu["bus_id"], _low(gpu.get("uuid")))), None) for name in asked}
    refusals = [line for name, gpu in found.items() if gpu is None for line in _not_here(name, gpus, host)]
    refusals += _twice(found)
    there = [(gpu, asked[name]) for name, gpu in found.items() if gpu]
    return {
        "set": [_settings(name, values) for name, values in asked.items()],
        "refusals": refusals + [f"{NAME}: {gpu['bus_id']} {line}" for gpu, values in there for line in _impossible(gpu, values)],
        "differs": [f"the GPU {gpu['bus_id']} {line}" for gpu, values in there if gpu.get("tuning") for line in _differing(gpu, values)],
    }


def _settings(name, values):
    """nvidia-smi's own form of a place on the bus has a longer domain, and capitals."""
    profiles, (domain, _colon, rest) = sorted(values.get("mig", [])), name.partition(":")
    return {
        "id": name if name.startswith("GPU-") else f"{int(domain, 16):08X}:{rest.upper()}",
        "power_limit": f"{values['power_limit']:g}" if "power_limit" in values else "",
        **{key: ",".join(map(str, values.get(key, []))) for key in ("clocks", "memory_clocks")},
        "ecc": _state(values["ecc"]) if "ecc" in values else "",
        "mig": _state(bool(profiles)) if "mig" in values else "",
        "profiles": ",".join(profiles),
    }


def _not_here(name, gpus, host):
    if name in host["passed_through"]:
        yield f"{NAME}: {name} is given to virtual machines; set it there"
    elif not (name.startswith("GPU-") and any(gpu["vendor"] == "nvidia" and not gpu.get("uuid") for gpu in gpus)):
        here = ", ".join(f"{gpu['bus_id']} ({gpu['uuid']})" if gpu.get("uuid") else gpu["bus_id"] for gpu in gpus)
        yield f"{NAME}: this host has no GPU {name}; it has {here or 'none'}; correct the key"


def _twice(found):
    for name, gpu in found.items():
        if gpu and name != gpu["bus_id"] and gpu["bus_id"] in found:
            yield f"{NAME}: {name} and {gpu['bus_id']} are the same GPU; write one of them"


def _impossible(gpu, values):
    """What this GPU cannot be set to, or not now."""
    told, mig = gpu.get("tuning"), gpu.get("mig")
    if gpu["vendor"] != "nvidia":
        yield f"is {NAMES[gpu['vendor']]}'s, whose GPUs are not tuned here; leave it out"
    elif told:
        limit, least, most = values.get("power_limit"), told["power_min"], told["power_max"]
        if limit is not None and None in (told["power_limit"], least, most):
            yield "has no limit of power that could be set; leave out power_limit"
        elif limit is not None and not least <= limit <= most:
            yield f"takes a power_limit from {least:g} to {most:g}, and {limit:g} is wanted; write one in between"
        if "ecc" in values and told["ecc"] is None:
            yield "has no ECC that could be set; leave out ecc"
        if values.get("mig") and mig is None:
            yield "has no MIG; leave out mig"
        if told["processes"] and list(_mig(mig, values)):
            yield (f"is to have other MIG devices, and processes compute on it ({', '.join(map(str, told['processes']))}); "
                   "stop them first, or leave out mig")


def _differing(gpu, values):
    told = gpu["tuning"]
    if gpu["persistence"] is False:
        yield "is not kept ready by its driver, so that what is set would go with the last that uses it"
    if "power_limit" in values and told["power_limit"] is not None and abs(told["power_limit"] - values["power_limit"]) >= 1:
        yield f"has a limit of {told['power_limit']:g} W, and {values['power_limit']:g} W is wanted"
    if "ecc" in values and told["ecc_pending"] is not values["ecc"]:
        yield f"has ECC {_state(not values['ecc']).lower()}, and it is to be {_state(values['ecc']).lower()}"
    yield from _mig(gpu["mig"], values)


def _mig(mig, values):
    """What of MIG differs. Where the mode waits for a restart, its devices wait with it."""
    if mig is None or "mig" not in values:
        return
    profiles, there = sorted(values["mig"]), sorted(device["profile"] for device in mig.get("devices", []))
    if mig["pending"] is not bool(profiles):
        yield f"has MIG {_state(mig['pending']).lower()}, and it is to be {_state(bool(profiles)).lower()}"
    elif mig["enabled"] and profiles and there != profiles:
        yield f"has the MIG devices {', '.join(there) or 'none'}, and {', '.join(profiles)} are wanted"


def _state(on):
    return "Enabled" if on else "Disabled"


def _low(uuid):
    return uuid and f"GPU{uuid[3:].lower()}"
