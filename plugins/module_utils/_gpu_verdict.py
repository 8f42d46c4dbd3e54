# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Whether Ollama can compute on a GPU, and if not, why and what to do. No I/O.

It drops what it cannot use with a line in its log at most, and computes on the CPU: so this has to be known before.
"""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._gpu_cards import OPEN_ONLY, PROPRIETARY_ONLY, bus_id
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import GRID, MODULES, NAMES, closed, numbers
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_nvidia import MISMATCH, refusal

OLDEST_NVIDIA = 550
OLDEST_BEFORE_VOLTA = 570
NEWEST_BEFORE_TURING = 580
BEFORE_VOLTA = ("Maxwell", "Pascal")
# What Ollama's ROCm 7.2 has libraries for.
TARGETS = ("gfx908", "gfx90a", "gfx942", "gfx950", "gfx1030", "gfx1100", "gfx1101", "gfx1102", "gfx1150", "gfx1151",
           "gfx1200", "gfx1201")
# Parts of a processor. Ollama leaves all but gfx1151 alone unless it is told.
INTEGRATED = ("gfx902", "gfx909", "gfx90c", "gfx1013", "gfx1033", "gfx1035", "gfx1036", "gfx1037", "gfx1103", "gfx1150",
              "gfx1151", "gfx1152", "gfx1153")
OLDEST_AMDGPU = [6, 14]  # of DKMS, came with ROCm 7.0; the kernel's own has no version


def unusable(gpu, host):
    """Why Ollama cannot use ``gpu``, in one line; None where it can. ``host`` is what ``_gpu.py`` puts together."""
    driver = host["drivers"][gpu["vendor"]]
    if gpu["driver"] != MODULES[gpu["vendor"]]:
        return _not_bound(gpu, driver, host)
    return (_nvidia if gpu["vendor"] == "nvidia" else _amd)(gpu, driver, host)


def _not_bound(gpu, driver, host):
    name, module = NAMES[gpu["vendor"]], MODULES[gpu["vendor"]]
    if gpu["virtual"]:
        return f"it is {GRID}; install those with gpu_driver_source: none"
    if gpu["driver"] and driver["installed"]:
        return f"{gpu['driver']} drives it, and the {name} driver is installed; restart the host"
    if gpu["driver"]:
        return f"{gpu['driver']} drives it, and Ollama needs {module}; install the {name} driver, and restart the host"
    if driver["loaded"]:
        return _left_alone(gpu, driver, name, module)
    if driver["installed"]:
        if host["key_enrolled"] is False:
            return (f"Secure Boot is on, and the key that {module} is signed with is not enrolled; set gpu_driver_secure_boot: enroll, "
                    "restart the host, and confirm at its console; or install a signed driver")
        return f"the {name} driver is installed and not loaded; see: modprobe {module}, and journalctl -k -g {module}"
    if driver["dkms"] and not driver["built_for"]:
        return (f"DKMS has the {name} driver {driver['dkms'][0]}, and built it for no kernel; "
                f"install the headers of {host['kernel']}, and run: dkms autoinstall")
    if driver["built_for"]:
        return (f"the {name} driver is built for the kernel {' and '.join(driver['built_for'])}, and {host['kernel']} runs; "
                "restart the host into that one, or install this one's headers and run: dkms autoinstall")
    return f"it has no driver; install the {name} driver"


def _left_alone(gpu, driver, name, module):
    if gpu["generation"] in OPEN_ONLY and driver["loaded_flavour"] == "proprietary":
        return f"{gpu['generation']} works with the open kernel module only, and the proprietary one is loaded; install the open one"
    if gpu["generation"] in PROPRIETARY_ONLY and driver["loaded_flavour"] == "open":
        return f"{gpu['generation']} works with the proprietary kernel module only, and the open one is loaded; install the proprietary one"
    if gpu["generation"] in PROPRIETARY_ONLY and _major(driver) > NEWEST_BEFORE_TURING:
        return (f"{NEWEST_BEFORE_TURING} is the last driver for {gpu['generation']}, and {driver['loaded_version']} is loaded; "
                f"install {NEWEST_BEFORE_TURING}")
    return f"the {name} driver is loaded and left it alone; see: journalctl -k -g {module}"


def _nvidia(gpu, driver, host):
    loaded, words = driver["loaded_version"], refusal(host["nvidia_smi"])
    if words and MISMATCH in words:
        others = driver["libraries"] if driver["libraries"] not in (None, loaded) else "of another version"
        return f"the NVIDIA driver {loaded} is loaded, and its libraries are {others}; restart the host"
    if words and bus_id(words) in (None, gpu["bus_id"]):
        return f"nvidia-smi fails: {words}; see: journalctl -k -g NVRM; then restart the host"
    if host["nvidia_smi"] and not words and not gpu["answers"]:
        return "nvidia-smi does not list it, as if it fell off the bus; see: journalctl -k -g Xid; then restart the host"
    if gpu["recovery"]:
        return f"the driver gave it up and asks for: {gpu['recovery']}; see: journalctl -k -g Xid"
    if _major(driver) < OLDEST_NVIDIA:
        return f"Ollama needs the NVIDIA driver {OLDEST_NVIDIA} or newer, and {loaded} is loaded; upgrade it, and restart the host"
    if gpu["generation"] == "Kepler or older":
        return f"Ollama needs compute capability 5.0, and it has {gpu['compute'] or 'less'}; use another GPU"
    if gpu["generation"] in BEFORE_VOLTA and _major(driver) < OLDEST_BEFORE_VOLTA:
        return (f"Ollama needs the NVIDIA driver {OLDEST_BEFORE_VOLTA} or newer for {gpu['generation']}, and {loaded} is loaded; "
                "upgrade it, and restart the host")
    if gpu["fabric"] not in (None, "Completed") and host["nvswitches"]:
        return "its NVSwitch is not ready; install and start nvidia-fabricmanager of the driver's very version"
    if gpu["mig"] and gpu["mig"]["enabled"] and not gpu["mig"]["devices"]:
        return "MIG is on, and has no devices; make some, or turn it off: nvidia-smi mig -h"
    return _access(host, "nvidia")


def _amd(gpu, driver, host):
    target = gpu["compute"]
    if not gpu["answers"]:
        return "the kernel lists it as no compute node, so /dev/kfd does not serve it; see: journalctl -k -g 'amdgpu|kfd', for missing firmware"
    if driver["loaded_version"] and numbers(driver["loaded_version"]) < OLDEST_AMDGPU:
        return f"Ollama's ROCm 7 needs amdgpu-dkms 6.14 or newer, and {driver['loaded_version']} is loaded; upgrade it, or use the kernel's own"
    if target not in TARGETS:
        also = ", and igpu_enable: true" if target in INTEGRATED else ""
        return (f"Ollama's ROCm has no libraries for {target or 'it'}; set hsa_override_gfx_version in ollama_settings to a near "
                f"one, such as '10.3.0' for gfx1031 to gfx1036{also}, or use another GPU")
    if target in INTEGRATED and target != "gfx1151":
        return f"{target} is part of a processor, which Ollama leaves alone; set ollama_settings.igpu_enable: true to have it tried"
    return _access(host, "amd")


def _access(host, vendor):
    """Why the servers' user may not open the device nodes; None where it may, or nobody named a user that there is."""
    if host["account"] is None:
        return None
    user, uid, gids = host["account"]
    for path, (_mode, _owner, group, *_made) in closed(host["nodes"][vendor], uid, gids):
        return f"user {user} may not open {path}, which is of group {group}; run: usermod -aG {group} {user}; then restart the server"
    return None


def _major(driver):
    return (numbers(driver["loaded_version"]) or [0])[0]
