# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""The GPUs of a host and what Ollama makes of them, put together from the kernel's files and the vendors' tools. Reads only."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils import _gpu_amd as amd
from ansible_collections.barellama.fleet.plugins.module_utils import _gpu_nvidia as nvidia
from ansible_collections.barellama.fleet.plugins.module_utils import _gpu_tuning
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_cards import generation, model
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import ELSEWHERE, MODULES, parse_modinfo, reasons
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_kernel import GIVEN_AWAY
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_system import distribution, system
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_verdict import unusable
from ansible_collections.barellama.fleet.plugins.module_utils._mok import CONFIGURATION, place, state

UNKNOWN = dict.fromkeys(("index", "model", "uuid", "compute", "memory_total", "memory_free", "persistence", "mig", "nvlinks",
                         "recovery", "fabric"))
SHOWN = ("index", "vendor", "model", "pci_id", "bus_id", "uuid", "generation", "compute", "memory_total", "memory_free", "driver", "virtual",
         "persistence", "mig", "nvlinks", "usable", "why")


def look(kernel, tools, account=None, tuning=False):
    """(gpus, host), the two facts.

    ``account``: name, uid and gids of the servers' user, None where nobody asks for it. ``tuning``: whether it is asked what GPUs are set to.
    """
    cards = [card for card in kernel.cards if card["driver"] != GIVEN_AWAY]
    vendors = sorted({card["vendor"] for card in cards})
    host = {
        "kernel": kernel.release,
        "account": account,
        "drivers": {vendor: _driver(kernel, tools, vendor) for vendor in vendors},
        "nodes": kernel.nodes if cards and account else {},
        "nvswitches": kernel.nvswitches,
        "nvidia_smi": None,
        "restart_required": bool(cards) and kernel.has("/run/reboot-required"),
        **_secure_boot(kernel, tools, bool(cards)),
    }
    known = {}
    if "nvidia" in vendors and kernel.nvidia_version:
        host["nvidia_smi"], known = _nvidia(kernel, tools, cards)
    if "amd" in vendors and kernel.is_loaded(MODULES["amd"]):
        known.update(_amd(kernel, tools, cards))
    host["gpus"] = gpus = _numbered([_gpu(card, known.get(card["slot"]), kernel) for card in cards])
    settings = _gpu_tuning.look(tools) if tuning and host["nvidia_smi"] else {}
    for gpu in gpus:
        gpu["tuning"] = settings.get(gpu["bus_id"])
        gpu["why"] = unusable(gpu, host)
        gpu["usable"] = gpu["why"] is None
    return [{key: gpu[key] for key in (*SHOWN, *(["tuning"] if tuning else []))} for gpu in gpus], {
        **{key: host[key] for key in ("drivers", "nvswitches", "secure_boot", "key_enrolled", "key_queued", "mok")},
        "elsewhere": kernel.elsewhere,
        "system": system(kernel) if cards else None,
        "passed_through": [card["slot"] for card in kernel.cards if card["driver"] == GIVEN_AWAY],
        "reboot": list(reasons(host)),
        "notes": [*kernel.notes, *_notes(kernel, host)],
    }


def _gpu(card, told, kernel):
    numbers = (card["vendor_id"], card["device"][2:])
    gpu = {**UNKNOWN, **(told or {}), "vendor": card["vendor"], "bus_id": card["slot"], "driver": card["driver"], "virtual": card["virtual"],
           "pci_id": ":".join(numbers), "answers": bool(told) and told.get("index") is not None}
    gpu["generation"] = generation(card["vendor"], card["device"], gpu["compute"])
    gpu["model"] = gpu["model"] or model(kernel.pci_ids, *numbers)
    return gpu


def _numbered(gpus):
    """Those that their driver does not number come after the others of their vendor, in the order of the bus."""
    for vendor in {gpu["vendor"] for gpu in gpus}:
        mine = [gpu for gpu in gpus if gpu["vendor"] == vendor]
        taken = {gpu["index"] for gpu in mine}
        free = (number for number in range(len(taken) + len(mine)) if number not in taken)
        for gpu in mine:
            gpu["index"] = next(free) if gpu["index"] is None else gpu["index"]
    return gpus


def _driver(kernel, tools, vendor):
    module, built = MODULES[vendor], kernel.modules(vendor)
    loaded, version = kernel.is_loaded(module), kernel.module_version(module)
    file = built.pop(kernel.release, None)
    on_disk = parse_modinfo((file and tools.out("modinfo", file)) or "")
    flavours = {"loaded_flavour": nvidia.parse_driver(kernel.text("/proc/driver/nvidia/version")),
                "installed_flavour": on_disk["flavour"]}
    if vendor == "amd":
        flavours = {"loaded_flavour": ("dkms" if version else "kernel") if loaded else None,
                    "installed_flavour": file and ("kernel" if "/kernel/" in file else "dkms")}
    return {
        "loaded": loaded, "loaded_version": version, "installed": bool(file), "installed_version": on_disk["version"], **flavours,
        "libraries": kernel.libraries() if vendor == "nvidia" else None, "built_for": sorted(built), "dkms": kernel.dkms(vendor),
    }


def _nvidia(kernel, tools, cards):
    """(nvidia-smi's answer, slot -> what is known); where it does not answer, the driver's own files do."""
    answer, known = None, {}
    for fields in nvidia.FIELDS:
        answer = tools.limited(*nvidia.query(fields))
        if answer and answer[0] == 0:
            known = nvidia.parse_query(answer[1], fields)
        if not answer or answer[0] != nvidia.UNKNOWN_FIELD:
            break
    if any(gpu["mig"] for gpu in known.values()):
        slices = nvidia.parse_list(_words(tools.limited("nvidia-smi", "-L")))
        for gpu in known.values():
            gpu["mig"] = gpu["mig"] and {**gpu["mig"], "devices": slices.get(gpu["index"], [])}
    if len(known) > 1:
        links = nvidia.parse_links(_words(tools.limited("nvidia-smi", "nvlink", "--status")))
        for gpu in known.values():
            gpu["nvlinks"] = links.get(gpu["index"])
    for card in cards:
        if card["vendor"] == "nvidia" and card["slot"] not in known:
            known[card["slot"]] = nvidia.parse_information(kernel.text(f"/proc/driver/nvidia/gpus/{card['slot']}/information"))
    return answer, known


def _amd(kernel, tools, cards):
    """Slot -> what is known: from the kernel's files, and what only tools name from the first that is there."""
    nodes = kernel.compute_nodes()
    named = amd.parse_amd_smi(_words(tools.limited(*amd.AMD_SMI))) or amd.parse_rocm_smi(_words(tools.limited(*amd.ROCM_SMI)))
    found = {}
    for card in cards:
        if card["vendor"] == "amd":
            told, node = named.get(card["slot"], {}), nodes.get(card["slot"], {})
            found[card["slot"]] = {**told, **node, "compute": node.get("compute") or told.get("compute"), **kernel.memory(card["slot"])}
    return found


def _secure_boot(kernel, tools, asked):
    """Its state and, where it is on, whether the key that DKMS signs with is enrolled, or waits to be."""
    enabled, found, mok = kernel.secure_boot, None, None
    if asked and enabled:
        key, certificate = place(distribution(kernel)["id"], "\n".join(kernel.texts(*CONFIGURATION)))
        mok = {"key": key, "certificate": certificate, "digest": kernel.digest(certificate)}
        answer = tools.limited("mokutil", "--test-key", kernel.root + certificate) if mok["digest"] else None
        found = answer and state(answer[1])
    return {"secure_boot": enabled, "key_enrolled": None if not found else found == "enrolled", "key_queued": found == "queued", "mok": mok}


def _notes(kernel, host):
    if kernel.elsewhere:
        yield f"this is {ELSEWHERE[kernel.elsewhere]}; nothing is known of its GPU here"
    if kernel.nvidia_version and "nvidia" in host["drivers"] and host["nvidia_smi"] is None:
        yield "nvidia-smi is not on this host, so memory and compute capability of its NVIDIA GPUs are not known"


def _words(answer):
    return answer[1] if answer and answer[0] == 0 else ""
