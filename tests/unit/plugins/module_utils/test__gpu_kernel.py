# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _gpu_kernel
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gpu_bed import HOSTS, GpuHost

BARE = {"cards": {}, "files": {}, "commands": []}


@pytest.fixture
def bed(tmp_path):
    return GpuHost(tmp_path, BARE)


def test_a_host_without_anything_has_nothing(bed):
    kernel = bed.kernel
    assert (kernel.cards, kernel.nvswitches, kernel.has_others, kernel.nvidia_version, kernel.release) == ([], 0, False, None, "")
    assert (kernel.nodes, kernel.secure_boot, kernel.compute_nodes(), kernel.pci_ids) == ({"nvidia": {}, "amd": {}}, None, {}, "")
    assert (kernel.modules("nvidia"), kernel.dkms("amd"), kernel.libraries(), kernel.notes) == ({}, [], None, [])
    assert kernel.memory("0000:01:00.0") == {"memory_total": None, "memory_free": None}


def test_cards_are_gpus_of_two_vendors(tmp_path):
    kinds = {"0000:01:00.0": ("10de:2684", "0x030000", "nvidia"), "0000:01:00.1": ("10de:22ba", "0x040300", "snd_hda_intel"),
             "0000:02:00.0": ("1002:74a1", "0x120000", None), "0000:03:00.0": ("1a03:2000", "0x030000", "ast"),
             "0000:04:00.0": ("10de:22a3", "0x068000", None), "0000:05:00.0": ("8086:56a0", "0x030000", "i915")}
    cards = {slot: {"id": number, "class": kind, "driver": driver} for slot, (number, kind, driver) in kinds.items()}
    kernel = GpuHost(tmp_path, {**BARE, "cards": cards}).kernel
    assert kernel.cards == [
        {"vendor": "nvidia", "vendor_id": "10de", "device": "0x2684", "slot": "0000:01:00.0", "driver": "nvidia", "virtual": None},
        {"vendor": "amd", "vendor_id": "1002", "device": "0x74a1", "slot": "0000:02:00.0", "driver": None, "virtual": False},
    ]
    assert kernel.nvswitches == 1


def test_device_nodes_are_those_of_the_vendor(bed):
    for path in ("dev/nvidia0", "dev/nvidiactl", "dev/nvidia-caps/x", "dev/kfd", "dev/dri/renderD128", "dev/dri/renderD129"):
        bed.file(path)
    (bed.root / "dev/kfd").chmod(0o660)
    bed.file("sys/class/drm/renderD128/device/vendor", "0x1002")
    bed.file("sys/class/drm/renderD129/device/vendor", "0x8086")
    assert list(bed.kernel.nodes["nvidia"]) == ["/dev/nvidia0", "/dev/nvidiactl"]
    assert list(bed.kernel.nodes["amd"]) == ["/dev/dri/renderD128", "/dev/kfd"]
    assert bed.kernel.nodes["amd"]["/dev/kfd"][0] == 0o660


def test_modules_on_the_disk_by_kernel(bed):
    bed.file("lib/modules/6.1/modules.dep", "updates/dkms/nvidia.ko:\n")
    bed.file("lib/modules/6.2/modules.dep", "kernel/fs/ext4.ko:\n")
    bed.file("var/lib/dkms/nvidia-current/550.163.01/source")
    bed.file("var/lib/dkms/nvidia-fs/2.17/source")
    assert bed.kernel.modules("nvidia") == {"6.1": f"{bed.root}/lib/modules/6.1/updates/dkms/nvidia.ko"}
    assert bed.kernel.dkms("nvidia") == ["550.163.01"]


@pytest.mark.parametrize("place", ["usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/nvidia/current", "usr/lib64"])
def test_the_libraries_version_wherever_a_distribution_has_them(bed, place):
    bed.file(f"{place}/libnvidia-ml.so.1")
    bed.file(f"{place}/libnvidia-ml.so.550.163.01")
    assert bed.kernel.libraries() == "550.163.01"


@pytest.mark.parametrize(("content", "state"), [("\x06\0\0\0\x01", True), ("\x06\0\0\0\0", False), ("", None)])
def test_secure_boot(bed, content, state):
    bed.file(_gpu_kernel.SECURE_BOOT[1:], content)
    assert bed.kernel.secure_boot is state


def test_compute_nodes_come_in_the_order_of_their_numbers_and_cards_once(bed):
    for number, place in ((0, None), (10, 1024), (2, 768), (3, 768 | 1 << 28)):
        told = f"location_id {place}\ngfx_target_version 90402\n" if place else "cpu_cores_count 4\ngfx_target_version 0\n"
        bed.file(f"sys/class/kfd/kfd/topology/nodes/{number}/properties", told)
    assert {where: node["index"] for where, node in bed.kernel.compute_nodes().items()} == {"0000:03:00.0": 0, "0000:04:00.0": 1}


@pytest.mark.parametrize(("total", "used", "memory"), [
    ("100", "30", (100, 70)), ("100", "", (100, None)), ("x", "1", (None, None)), ("9" * 5000, "1", (None, None))])
def test_memory(bed, total, used, memory):
    bed.file("sys/bus/pci/devices/a/mem_info_vram_total", total)
    bed.file("sys/bus/pci/devices/a/mem_info_vram_used", used)
    assert tuple(bed.kernel.memory("a").values()) == memory


def test_what_cannot_be_read_is_noted_and_no_error(bed, monkeypatch):
    def refuse(path):
        raise FleetError(f"cannot read {path}: Input/output error")
    monkeypatch.setattr(_gpu_kernel, "read", refuse)
    assert bed.kernel.text("/proc/x") == ""
    assert bed.kernel.notes == [f"cannot read {bed.root}/proc/x: Input/output error"]


def test_gpus_may_be_where_no_bus_shows_them(bed):
    bed.file("etc/nv_tegra_release")
    assert bed.kernel.has_others


def test_looking_writes_nothing(tmp_path):
    bed = GpuHost(tmp_path, HOSTS["mixed_vendors"])
    before = sorted((folder, *names, *files) for folder, names, files in os.walk(tmp_path))
    assert bed.kernel.cards and bed.kernel.nodes and bed.kernel.modules("amd")
    assert sorted((folder, *names, *files) for folder, names, files in os.walk(tmp_path)) == before


def test_processes_that_have_memory_on_amds_gpus(bed):
    assert bed.kernel.computing() is None
    (bed.root / "sys/class/kfd/kfd/proc").mkdir(parents=True)
    assert bed.kernel.computing() == set()
    for process, used in (("77", "4096"), ("78", "0"), ("79", "x")):
        bed.file(f"sys/class/kfd/kfd/proc/{process}/vram_42905", f"{used}\n")
    assert bed.kernel.computing() == {"77"}
