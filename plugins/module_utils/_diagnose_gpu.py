# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""GPUs that a server should compute on and does not. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_driver import devices as closed_nodes
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_driver import driver
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_log import devices, messages
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen, finding
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import NAMES

HIDING = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
BACKENDS = {"nvidia": "cuda", "amd": "rocm"}
MOST_OF_IT = 0.99  # what rounding leaves of "wholly"
TOO_LARGE = ("with its context it does not fit into the memory that was free on the GPUs, or its option num_gpu says so",
             "give it less context (context_length, num_parallel, kv_cache_type: q8_0), fewer models beside it, or a smaller one")


def gpu(look):
    """Whether the server found the GPUs it shall have. ``look.host`` tells which there are."""
    vendors = sorted(look.host.vendors)
    if not vendors or _hidden_on_purpose(look):
        return
    found = devices(look.start_log)
    if found is None:
        raise Unseen("its log does not tell what it computes on; a server with debug: -1 leaves it out")
    used = on_gpus(found)
    there = " and ".join(NAMES[vendor] for vendor in vendors)
    if not used:
        yield finding(f"no GPU is detected, everything is computed on the CPU; there is {there}", *why(look, vendors))
    elif all(device.get("library") == "Vulkan" for device in used):
        yield finding(f"{there} is used through Vulkan, which is slower", *why(look, vendors))
    elif len(used) < len(look.given.get("gpus") or []):
        yield finding(f"{len(used)} of {len(look.given['gpus'])} wanted GPUs are detected", *why(look, vendors))


def offload(look):
    """Whether what is in memory is in the memory of GPUs, where the server found some."""
    if not on_gpus(devices(look.start_log) or []):
        return
    for model in look.loaded:
        where = beside(model)
        if where:
            yield finding(f"model {model['name']} is loaded although {where}, and GPUs were detected", *TOO_LARGE)


def on_gpus(found):
    """Those devices of a server's log that are GPUs."""
    return [device for device in found if device.get("library") != "cpu"]


def beside(model, share=1):
    """How much of a loaded model is beside the GPUs, in words, where less than ``share`` is on them; else None."""
    size, there = model.get("size") or 0, model.get("size_vram") or 0
    if not size or there >= size * share * MOST_OF_IT:
        return None
    return f"{100 * (size - there) // size} % of it is on the CPU" if there else "it is on the CPU"


def _hidden_on_purpose(look):
    environment = look.environment or {}
    return any(environment.get(name) == "-1" for name in HIDING)


def why(look, vendors):
    """(cause, cure) of a server that does not compute on the host's GPUs: the first that anything tells of."""
    for told in (_from_log, _from_driver, _from_environment, _from_container, _from_host, _from_nodes, _from_discovery):
        found = told(look, vendors)
        if found:
            return found
    return ("neither its log nor the host tells why",
            f"set ollama_settings.debug: 2, restart it, and see its log: {look.log_command}")


def _from_log(look, _vendors):
    lines = look.start_log
    for old in messages(lines, "NVIDIA driver too old"):
        return (f"driver {old.get('driver', '')} is too old for {old.get('device') or 'it'}, which needs "
                f"{old.get('required_driver', 'a newer one')}", "upgrade the NVIDIA driver, and restart the host")
    for line in lines:
        if "dropping ROCm device" in line:
            return ("Ollama's ROCm does not support this GPU", "set hsa_override_gfx_version in ollama_settings to the "
                    "nearest supported one, such as '10.3.0', or use another GPU")
        if "dropping integrated GPU" in line:
            return ("Ollama leaves integrated GPUs alone", "set ollama_settings.igpu_enable: true")
        if "AMD driver is too old" in line:
            return ("the AMD driver is older than Ollama's ROCm needs", "install the ROCm 7 kernel driver or a newer kernel")
    return None


def _from_driver(look, vendors):
    if not vendors and not look.host.has_others:
        return ("the host has no GPU on its PCI bus, or has given it to a virtual machine", "see: lspci -nnk")
    for found in driver(look.host):
        return f"{found['symptom']} ({found['cause']})", found["cure"]
    return None


def _from_environment(look, _vendors):
    environment = look.environment or {}
    library = environment.get("OLLAMA_LLM_LIBRARY")
    if library and look.backends is not None and library not in look.backends:
        return (f"OLLAMA_LLM_LIBRARY is {library}, which this release does not have",
                f"leave llm_library out, or choose one of {', '.join(look.backends)}")
    for name in HIDING:
        if environment.get(name):
            return (f"{name} is {environment[name]}, and hides what it does not name",
                    "name GPUs that the host has, by their UUID")
    return None


def _from_container(look, vendors):
    container = look.container
    if container is None:
        return None
    given = container.get("HostConfig", {})
    devices_given = given.get("DeviceRequests") or given.get("Devices")
    if not devices_given and given.get("Runtime") != "nvidia" and "nvidia.com/gpu" not in str(container):
        return ("the container was not given a GPU", f"set ollama_gpu_vendor: {vendors[0]}, and run site.yml again")
    for path, version in sorted(look.host.cdi_versions.items()):
        if look.host.nvidia_version not in (None, version):
            return (f"the container got its GPU by {path}, which is of driver {version}, and {look.host.nvidia_version} is loaded",
                    f"make it anew: nvidia-ctk cdi generate --output={path}; then restart it: {look.restart}")
    return None


def _from_host(look, vendors):
    for vendor in vendors:
        backend, nodes = BACKENDS[vendor], look.host.nodes[vendor]
        if look.backends is not None and not any(name.startswith(backend) for name in look.backends):
            return (f"the release has no {backend} libraries",
                    "set ollama_release_overlays: [rocm]" if vendor == "amd" else "install the release again")
        if look.started and nodes and max(made for _mode, _uid, _gid, made in nodes.values()) > look.started:
            return ("it appeared after the server started, which looks for GPUs once", f"restart it: {look.restart}")
    return None


def _from_nodes(look, _vendors):
    try:
        for found in closed_nodes(look):
            return f"{found['symptom']}: {found['cause']}", found["cure"]
    except Unseen:
        pass
    return None


def _from_discovery(look, _vendors):
    if any("failure during GPU discovery" in line or "discovery timed out" in line for line in look.start_log):
        return ("looking for GPUs failed or took longer than 30 s", "restart it once the driver answers at once: "
                "nvidia-smi for NVIDIA, a ROCm 7 kernel driver for AMD")
    return None
