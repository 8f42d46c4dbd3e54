# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Which GPUs an instance may use: by UUID or index, resolved where the host's GPUs are known, and no two the same.

``known`` are the GPUs of the host as ``gpu_facts`` tells them, of which index, uuid, vendor and, where they are told, usable, why and
bus_id matter; empty when nobody looked.
``vendor`` is the one that the operator named: nvidia, amd, none, or nothing where nobody asks.
"""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

PER_GPU = "per_gpu"
VISIBLE = {"nvidia": "CUDA_VISIBLE_DEVICES", "amd": "ROCR_VISIBLE_DEVICES"}
CHOOSING = ("cuda_visible_devices", "rocr_visible_devices", "hip_visible_devices", "gpu_device_ordinal")
INDEX = re.compile(r"[0-9]{1,3}", re.ASCII)
UUID = re.compile(r"(GPU|MIG)-[0-9A-Za-z/-]+", re.ASCII)
UNIQUE_ID = re.compile(r"0x([0-9a-fA-F]{16})", re.ASCII)  # as rocm-smi prints it
MOST = 64
RULE = "is not a list of GPUs; for example [0] or ['GPU-8f2a...'], 2 for the first two, or all"


def layout(known, vendor, port):
    """One instance for every GPU that Ollama can use; name and port follow the index, so that they stay when others come or go."""
    return [
        {"name": f"gpu{gpu['index']}", "port": port + int(gpu["index"]), "gpus": [gpu.get("uuid") or str(gpu["index"])]}
        for gpu in sorted(_usable(_mine(known, vendor)), key=lambda gpu: int(gpu["index"]))
    ]


def layout_problems(known, vendor):
    mine = _usable(_mine(known, vendor))
    if not mine:
        whose = f" {vendor}" if vendor in VISIBLE else ""
        why = "; ".join(f"{gpu['bus_id']}: {gpu['why']}" for gpu in _mine(known, vendor))
        if why:
            return [f"ollama_instances: per_gpu needs this host's{whose} GPUs, and Ollama can use none: {why}"]
        return [f"ollama_instances: per_gpu needs this host's{whose} GPUs, and none are known; "
                "list the instances, for example [{name: gpu0, gpus: [0]}]"]
    vendors = sorted({gpu["vendor"] for gpu in mine})
    return [] if len(vendors) == 1 else [
        f"ollama_instances: per_gpu found GPUs of {' and '.join(vendors)}; say whose by ollama_gpu_vendor"
    ]


def chosen(instance, known, vendor):
    """The GPUs of an instance that has no problems, as texts: UUIDs where they are known; empty means all."""
    return [_resolved(item, _mine(known, vendor)) or item for item in _items(instance.get("gpus", "all"))]


def visible(gpus, known, vendor, settings):
    """The variables that restrict a process to ``gpus``, those left out that ``settings`` have already.

    An index is nvidia-smi's, by bus and not by speed, which is what CUDA would take; and a GPU that is hidden from
    CUDA or ROCm only comes back through Vulkan (ollama#16508, #17780).
    """
    name = VISIBLE.get(_vendor(known, vendor))
    if not gpus or not name:
        return {}
    found = {name: ",".join(gpus)}
    if name == VISIBLE["nvidia"] and INDEX.fullmatch(gpus[0]):
        found["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    if not {"vulkan", "ggml_vk_visible_devices"} & set(settings):
        found["OLLAMA_VULKAN"] = "0"
    return found


def problems(where, instance, settings, known, vendor):
    """What is wrong with the GPUs of one instance; ``settings`` are its own over the shared ones."""
    if "gpus" not in instance:
        return []
    wanted = instance["gpus"]
    problem = _form_problem(wanted)
    if problem:
        return [f"{where}.gpus: {shown(wanted)} {problem}"]
    items, mine = _items(wanted), _mine(known, vendor)
    strangers = [item for item in items if mine and not _resolved(item, mine)]
    if strangers:
        has = ", ".join(f"{gpu['index']} ({gpu['uuid'] or 'no UUID'})" for gpu in mine)
        return [f"{where}.gpus: {shown(item)} is not a GPU of this host, which has {has}" for item in strangers]
    gpus = chosen(instance, known, vendor)
    if len(set(gpus)) < len(gpus):
        return [f"{where}.gpus: {shown(wanted)} names a GPU twice"]
    if len({_style(gpu) for gpu in gpus}) > 1:
        return [f"{where}.gpus: {shown(wanted)} mixes indexes and UUIDs; use UUIDs, which stay when a card is moved"]
    if gpus and vendor == "none" and not _vendor(known, vendor):
        return [f"{where}.gpus: does not say whose they are; set ollama_gpu_vendor: nvidia or amd"]
    both = [key for key in CHOOSING if gpus and key in settings]
    return [f"{where}.gpus: and the setting {key} both choose the GPUs; keep gpus" for key in both]


def overlaps(named, known, vendor):
    """Instances that share a GPU. ``named`` are (where, instance, settings) that have no problems of their own."""
    found, owners, all_seeing, owned = [], {}, [], []
    for where, instance, settings in named:
        gpus = chosen(instance, known, vendor)
        if gpus:
            owned.append((where, _style(gpus[0])))
        elif not set(CHOOSING) & set(settings):
            all_seeing.append(where)
        found += [f"{where}.gpus: {gpu} is also a GPU of {owners[gpu]}; {_ALLOW}" for gpu in gpus if gpu in owners]
        owners.update((gpu, owners.get(gpu, where)) for gpu in gpus)
    if owned:
        first, style = owned[0]
        found += [f"{where}.gpus: is left out, so it sees those of {first} too; {_ALLOW}" for where in all_seeing]
        found += [f"{where}.gpus: is by {its}, and {first} by {style}, so nobody can tell whether they overlap; "
                  "use UUIDs in both" for where, its in owned if its != style]
    return found


_ALLOW = "give each instance its own, or set ollama_allow_gpu_sharing: true"


def _form_problem(wanted):
    if wanted == "all":
        return None
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        return None if 1 <= wanted <= MOST else "is a number of GPUs out of range; [0] is the first one by its index"
    if isinstance(wanted, (list, tuple)) and not wanted:
        return "names no GPU; leave it out for all of them"
    return None if isinstance(wanted, (list, tuple)) and all(_text(item) for item in wanted) else RULE


def _items(wanted):
    if wanted == "all":
        return []
    return [str(index) for index in range(wanted)] if isinstance(wanted, int) else [_text(item) for item in wanted]


def _text(item):
    """An index or a UUID as text, None for anything else."""
    text = str(item) if isinstance(item, int) and not isinstance(item, bool) else item
    if not isinstance(text, str):
        return None
    if INDEX.fullmatch(text):
        return str(int(text))
    unique = UNIQUE_ID.fullmatch(text)
    return f"GPU-{unique[1].lower()}" if unique else text if UUID.fullmatch(text) else None


def _resolved(item, mine):
    """The UUID of a known GPU, its index where it has none, else None; the beginning of a UUID is enough for CUDA."""
    if item.startswith("MIG-"):
        return item
    if INDEX.fullmatch(item):
        found = [gpu for gpu in mine if str(gpu["index"]) == item]
    else:
        found = [gpu for gpu in mine if (gpu.get("uuid") or "").lower().startswith(item.lower())]
    return (found[0].get("uuid") or str(found[0]["index"])) if len(found) == 1 else None


def _style(gpu):
    return "index" if INDEX.fullmatch(gpu) else "UUID"


def _mine(known, vendor):
    whose = _vendor(known, vendor)
    return [gpu for gpu in known if whose in (None, gpu["vendor"])]


def _usable(gpus):
    return [gpu for gpu in gpus if gpu.get("usable", True)]


def _vendor(known, vendor):
    """Whose GPUs are meant: the vendor that was named, else the only one whose GPUs the host has and Ollama can use."""
    vendors = {vendor} if vendor in VISIBLE else {gpu["vendor"] for gpu in _usable(known)}
    return vendors.pop() if len(vendors) == 1 else None
