# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""GPUs that a server should compute on and does not. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_log import devices, messages
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen, finding
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import NAMES

HIDING = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
BACKENDS = {"nvidia": "cuda", "amd": "rocm"}
MOST_OF_IT = 0.99  # what rounding leaves of "wholly"


def gpu(look):
    """Whether the server found the GPUs it shall have. ``look.host`` tells which there are."""
    vendors = sorted(look.host.vendors)
    if not vendors or _hidden_on_purpose(look):
        return
    found = devices(look.start_log)
    if found is None:
        raise Unseen("its log does not tell what it computes on; a server with debug: -1 leaves it out")
    used = [device for device in found if device.get("library") != "cpu"]
    there = " and ".join(NAMES[vendor] for vendor in vendors)
    if not used:
        yield finding(f"no GPU is detected, everything is computed on the CPU; there is {there}", *_why(look, vendors))
    elif all(device.get("library") == "Vulkan" for device in used):
        yield finding(f"{there} is used through Vulkan, which is slower", *_why(look, vendors))
    elif len(used) < len(look.given.get("gpus") or []):
        yield finding(f"{len(used)} of {len(look.given['gpus'])} wanted GPUs are detected", *_why(look, vendors))


def offload(look):
    """Whether what is in memory is in the memory of GPUs, where the server found some."""
    if not any(device.get("library") != "cpu" for device in devices(look.start_log) or []):
        return
    for model in look.loaded:
        size, there = model.get("size") or 0, model.get("size_vram") or 0
        if size and there < size * MOST_OF_IT:
            where = f"{100 * (size - there) // size} % of it is on the CPU" if there else "it is on the CPU"
            yield finding(
                f"model {model['name']} is loaded although {where}, and GPUs were detected",
                "with its context it does not fit into the memory that was free on the GPUs, or its option num_gpu says so",
                "give it less context (context_length, num_parallel, kv_cache_type: q8_0), fewer models beside it, "
                "or a smaller one",
            )


def _hidden_on_purpose(look):
    environment = look.environment or {}
    return any(environment.get(name) == "-1" for name in HIDING)


def _why(look, vendors):
    """(cause, cure): the first that the log, the environment or the host tells of."""
    for told in (_from_log, _from_environment, _from_container, _from_host):
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
        if "failure during GPU discovery" in line or "discovery timed out" in line:
            return ("looking for GPUs failed or took longer than 30 s", "restart it once the driver answers at once: "
                    "nvidia-smi for NVIDIA, a ROCm 7 kernel driver for AMD")
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
    return None


def _from_host(look, vendors):
    for vendor in vendors:
        backend, nodes = BACKENDS[vendor], look.host.nodes[vendor]
        if look.backends is not None and not any(name.startswith(backend) for name in look.backends):
            return (f"the release has no {backend} libraries",
                    "set ollama_release_overlays: [rocm]" if vendor == "amd" else "install the release again")
        if not nodes:
            return ("the host has no device node to use it through", "see the finding of check driver")
        if look.started and max(made for _mode, _uid, _gid, made in nodes.values()) > look.started:
            return ("it appeared after the server started, which looks for GPUs once", f"restart it: {look.restart}")
    return None
