# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_verdict import unusable

NVIDIA = {"loaded": True, "loaded_version": "580.95.05", "loaded_flavour": "open", "installed": True, "libraries": "580.95.05",
          "built_for": [], "dkms": []}
AMD = {"loaded": True, "loaded_version": None, "loaded_flavour": "kernel", "installed": True, "libraries": None, "built_for": [], "dkms": []}
L4 = {"vendor": "nvidia", "bus_id": "0000:01:00.0", "driver": "nvidia", "generation": "Ada", "compute": "8.9", "answers": True, "mig": None,
      "recovery": None, "fabric": None, "virtual": False}
RADEON = {**L4, "vendor": "amd", "driver": "amdgpu", "generation": "RDNA 3", "compute": "gfx1100"}
NODES = {"nvidia": {"/dev/nvidia0": (0o666, 0, 0, 1.0)}, "amd": {"/dev/kfd": (0o660, 0, 105, 1.0)}}
OFF = {"driver": None, "answers": False}
GONE = {"loaded": False, "loaded_version": None, "loaded_flavour": None}


def verdict(gpu, driver=(), **more):
    host = {"kernel": "6.1", "account": None, "nodes": NODES, "nvswitches": 0, "nvidia_smi": (0, ""), "key_enrolled": None,
            "drivers": {"nvidia": {**NVIDIA, **dict(driver)}, "amd": {**AMD, **dict(driver)}}, **more}
    return unusable(gpu, host)


@pytest.mark.parametrize(("gpu", "driver", "more"), [
    (L4, {}, {}), (RADEON, {}, {}), ({**L4, "virtual": True}, {}, {}), (L4, {"loaded_version": "550.54.15"}, {}), (L4, {"loaded_version": "595.80"}, {}),
    ({**L4, "generation": "Volta"}, {"loaded_version": "550.54.15"}, {}), ({**L4, "generation": "Pascal"}, {"loaded_version": "570.1"}, {}),
    ({**L4, "answers": False}, {}, {"nvidia_smi": None}), ({**L4, "mig": {"enabled": True, "devices": [1]}}, {}, {}),
    ({**L4, "mig": {"enabled": False, "devices": []}}, {}, {}), ({**L4, "fabric": "Completed"}, {}, {"nvswitches": 4}),
    ({**L4, "fabric": "Not Started"}, {}, {}), ({**L4, "answers": False}, {}, {"nvidia_smi": (15, "GPU0000:02:00.0: Unknown Error")}),
    ({**RADEON, "compute": "gfx1151"}, {}, {}), (RADEON, {"loaded_version": "6.14.14"}, {}), (RADEON, {}, {"account": ("ollama", 995, {105})}),
    (L4, {}, {"account": ("ollama", 995, {995})}), (RADEON, {}, {"account": ("root", 0, {0})}),
])
def test_what_ollama_can_use(gpu, driver, more):
    assert verdict(gpu, driver, **more) is None


@pytest.mark.parametrize(("gpu", "driver", "more", "words"), [
    ({**L4, "driver": "nouveau"}, {"installed": False}, {}, "nouveau drives it, and Ollama needs nvidia; install the NVIDIA driver"),
    ({**L4, "driver": "nouveau"}, {}, {}, "nouveau drives it, and the NVIDIA driver is installed; restart the host"),
    ({**L4, **OFF}, {**GONE, "installed": False}, {}, "it has no driver; install the NVIDIA driver"),
    ({**RADEON, **OFF}, {**GONE, "installed": False}, {}, "it has no driver; install the AMD driver"),
    ({**L4, **OFF}, {**GONE, "installed": False, "dkms": ["580.95.05"]}, {},
     "DKMS has the NVIDIA driver 580.95.05, and built it for no kernel; install the headers of 6.1"),
    ({**L4, **OFF}, {**GONE, "installed": False, "dkms": ["1.2"], "built_for": ["6.2"]}, {},
     "the NVIDIA driver is built for the kernel 6.2, and 6.1 runs; "),
    ({**L4, **OFF, "virtual": True}, {**GONE, "installed": False}, {}, "it is a virtual GPU (vGPU), which needs the GRID driver"),
    ({**L4, **OFF, "virtual": True}, {}, {}, "it is a virtual GPU (vGPU), which needs the GRID driver"),
    ({**L4, **OFF}, GONE, {}, "the NVIDIA driver is installed and not loaded; see: modprobe nvidia"),
    ({**L4, **OFF}, GONE, {"key_enrolled": False}, "Secure Boot is on, and the key that nvidia is signed with is not enrolled; "),
    ({**L4, **OFF, "generation": "Blackwell"}, {"loaded_flavour": "proprietary"}, {}, "Blackwell works with the open kernel module only"),
    ({**L4, **OFF, "generation": "Volta"}, {}, {}, "Volta works with the proprietary kernel module only"),
    ({**L4, **OFF, "generation": "Pascal"}, {"loaded_flavour": "proprietary", "loaded_version": "595.80"}, {},
     "580 is the last driver for Pascal, and 595.80 is loaded; install 580"),
    ({**L4, **OFF}, {}, {}, "the NVIDIA driver is loaded and left it alone; see: journalctl -k -g nvidia"),
    (L4, {"libraries": None}, {"nvidia_smi": (18, "Failed to initialize NVML: Driver/library version mismatch")},
     "the NVIDIA driver 580.95.05 is loaded, and its libraries are of another version; restart the host"),
    (L4, {}, {"nvidia_smi": (-9, "it gave no answer for 30 seconds")}, "nvidia-smi fails: it gave no answer for 30 seconds; see: "),
    ({**L4, "answers": False}, {}, {}, "nvidia-smi does not list it, as if it fell off the bus; "),
    ({**L4, "recovery": "Drain and Reset"}, {}, {}, "the driver gave it up and asks for: Drain and Reset; "),
    (L4, {"loaded_version": "535.309.01"}, {}, "Ollama needs the NVIDIA driver 550 or newer, and 535.309.01 is loaded; "),
    ({**L4, "generation": "Pascal"}, {"loaded_version": "560.35"}, {}, "Ollama needs the NVIDIA driver 570 or newer for Pascal, and 560.35 is loaded; "),
    ({**L4, "generation": "Maxwell", "compute": None}, {"loaded_version": "550.1"}, {}, "Ollama needs the NVIDIA driver 570 or newer for Maxwell"),
    ({**L4, "generation": "Kepler or older", "compute": "3.7"}, {}, {}, "Ollama needs compute capability 5.0, and it has 3.7; use another GPU"),
    ({**L4, "fabric": "In Progress"}, {}, {"nvswitches": 4}, "its NVSwitch is not ready; "),
    ({**L4, "mig": {"enabled": True, "devices": []}}, {}, {}, "MIG is on, and has no devices; "),
    (L4, {}, {"account": ("ollama", 995, {995}), "nodes": {"nvidia": {"/dev/nvidia0": (0o660, 0, 44, 1.0)}}},
     "user ollama may not open /dev/nvidia0, which is of group 44; run: usermod -aG 44 ollama; "),
    ({**RADEON, "answers": False}, {}, {}, "the kernel lists it as no compute node, so /dev/kfd does not serve it; "),
    (RADEON, {"loaded_version": "6.12.12"}, {}, "Ollama's ROCm 7 needs amdgpu-dkms 6.14 or newer, and 6.12.12 is loaded; "),
    ({**RADEON, "compute": "gfx906"}, {}, {}, "Ollama's ROCm has no libraries for gfx906; "),
    ({**RADEON, "compute": None}, {}, {}, "Ollama's ROCm has no libraries for it; "),
    ({**RADEON, "compute": "gfx1150"}, {}, {}, "gfx1150 is part of a processor, which Ollama leaves alone; "),
    (RADEON, {}, {"account": ("ollama", 995, {44})}, "user ollama may not open /dev/kfd, which is of group 105; run: usermod -aG 105 ollama; "),
])
def test_what_ollama_cannot_use_is_told_with_its_cure_in_one_line(gpu, driver, more, words):
    why = verdict(gpu, driver, **more)
    assert why.startswith(words) and "\n" not in why and "; " in why
