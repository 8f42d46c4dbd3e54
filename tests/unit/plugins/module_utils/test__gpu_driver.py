# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _gpu_driver as drivers
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gpu_bed import garbage

DEP = "kernel/drivers/platform/x86/nvidia-wmi-ec-backlight.ko.xz:\nupdates/dkms/nvidia-uvm.ko: updates/dkms/nvidia.ko\n"
MODINFO = "filename:       /lib/modules/6.1/nvidia.ko\nversion:        580.95.05\nlicense:        Dual MIT/GPL\nparm:           NVreg:x (int)\n"
NVIDIA = {"loaded": True, "loaded_version": "580.95.05", "loaded_flavour": "open", "installed": True, "installed_version": "580.95.05",
          "installed_flavour": "open", "libraries": "580.95.05", "built_for": [], "dkms": []}
GPU = {"vendor": "nvidia", "bus_id": "0000:01:00.0", "driver": "nvidia", "mig": None, "recovery": None}


def host(gpu=(), driver=(), **more):
    return {"drivers": {"nvidia": {**NVIDIA, **dict(driver)}}, "gpus": [{**GPU, **dict(gpu)}], "kernel": "6.1", "key_queued": False,
            "restart_required": False, **more}


@pytest.mark.parametrize(("line", "vendor", "path"), [
    ("updates/dkms/nvidia.ko.zst:", "nvidia", "updates/dkms/nvidia.ko.zst"), ("extra/nvidia.ko: x", "nvidia", "extra/nvidia.ko"),
    ("nvidia-current.ko:", "nvidia", "nvidia-current.ko"), ("a/nvidia-current-open.ko.xz:", "nvidia", "a/nvidia-current-open.ko.xz"),
    ("nvidia-tesla-535.ko:", "nvidia", "nvidia-tesla-535.ko"), ("a/nvidia-legacy-390xx.ko:", "nvidia", "a/nvidia-legacy-390xx.ko"),
    ("nvidia-current-uvm.ko:", "nvidia", None), ("kernel/a/amdgpu.ko:", "amd", "kernel/a/amdgpu.ko"), ("kernel/a/amdgpu.ko:", "nvidia", None),
    ("updates/amdxcp.ko: amdgpu.ko", "amd", None),
])
def test_the_file_of_a_module(line, vendor, path):
    assert drivers.module_file(f"{DEP}{line}\nkernel/z.ko:\n", vendor) == path


@pytest.mark.parametrize(("output", "version", "flavour"), [
    (MODINFO, "580.95.05", "open"), (MODINFO.replace("Dual MIT/GPL", "NVIDIA"), "580.95.05", "proprietary"),
    ("license:        GPL and additional rights\n", None, None), ("", None, None), ("version:        none\n", None, None),
])
def test_modinfo(output, version, flavour):
    assert drivers.parse_modinfo(output) == {"version": version, "flavour": flavour}


@pytest.mark.parametrize(("versions", "found"), [
    ([], None), (["1"], None), (["1", "550.163.01"], "550.163.01"), (["580.95.05", "580.126.09", "595.80"], "595.80"), (["x", "580.9"], "580.9")])
def test_newest(versions, found):
    assert drivers.newest(versions) == found


def test_numbers():
    assert drivers.numbers("595.80") < drivers.numbers("595.91.07") < drivers.numbers("610.57")
    assert drivers.numbers(None) == drivers.numbers("absent") == []


def test_a_host_that_is_well_needs_no_restart():
    assert list(drivers.reasons(host())) == []
    assert list(drivers.reasons(host({"mig": {"enabled": True, "pending": True}}))) == []
    assert list(drivers.reasons(host({"mig": {"enabled": True, "pending": None}}))) == []
    assert list(drivers.reasons(host({"driver": None}, {"loaded": False, "loaded_version": None, "loaded_flavour": None}))) == []


@pytest.mark.parametrize(("seen", "reason"), [
    (host({"driver": "nouveau"}), "the NVIDIA driver is installed, and nouveau drives the GPU"),
    (host(driver={"installed": False, "built_for": ["6.2", "6.3"]}), "the NVIDIA driver is built for the kernel 6.2 and 6.3, and 6.1 runs"),
    (host(driver={"libraries": "580.126.09"}), "the NVIDIA driver 580.95.05 is loaded, and 580.126.09 is installed"),
    (host(driver={"installed_version": "595.80"}), "the NVIDIA driver 580.95.05 is loaded, and 595.80 is installed"),
    (host(driver={"installed_flavour": "proprietary"}),
     "the open kernel module of the NVIDIA driver is loaded, and the proprietary one is installed"),
    (host({"mig": {"enabled": True, "pending": False}}),
     "MIG of the GPU 0000:01:00.0 is to be turned off: with its reset if nothing uses it, else with a restart"),
    (host({"recovery": "Reboot"}), "the GPU 0000:01:00.0 asks for it: Reboot"),
    (host(key_queued=True), drivers.CONSOLE),
    (host(restart_required=True), "the distribution asks for it: /run/reboot-required"),
])
def test_each_reason_to_restart_is_told_in_one_line(seen, reason):
    assert list(drivers.reasons(seen)) == [reason]


@pytest.mark.parametrize(("seen", "works", "reloads"), [
    (host({"driver": "nouveau"}), False, False), (host(driver={"installed": False, "built_for": ["6.2"]}), False, False),
    (host(driver={"libraries": "580.126.09"}), False, True), (host(driver={"installed_flavour": "proprietary"}), False, True),
    (host({"mig": {"enabled": True, "pending": False}}), True, False), (host({"recovery": "Reboot"}), False, False),
    (host(key_queued=True), False, False), (host(restart_required=True), True, False),
])
def test_what_a_reason_means_for_the_driver(seen, works, reloads):
    (reason,) = drivers.reasons(seen)
    assert (drivers.keeps_working(reason), drivers.goes_with_a_reload(reason)) == (works, reloads)


def test_amd_s_driver_is_not_loaded_anew():
    (reason,) = drivers.reasons({**host({"vendor": "amd", "driver": "amdgpu"}), "drivers": {"amd": {**NVIDIA, "installed_flavour": "dkms"}}})
    assert not drivers.goes_with_a_reload(reason)


def test_device_nodes_that_a_user_may_not_open():
    nodes = {"/dev/kfd": (0o660, 0, 105, 1.0), "/dev/a": (0o666, 0, 0, 1.0), "/dev/b": (0o640, 0, 105, 1.0)}
    assert [path for path, _node in drivers.closed(nodes, 995, {44})] == ["/dev/b", "/dev/kfd"]
    assert [path for path, _node in drivers.closed(nodes, 995, {105})] == ["/dev/b"]
    assert list(drivers.closed(nodes, 0, set())) == []


def test_garbage_tells_nothing_that_is_not_of_its_type():
    for text in garbage(7, MODINFO):
        told = drivers.parse_modinfo(text)
        assert told["flavour"] in ("open", "proprietary", None) and (told["version"] is None or drivers.numbers(told["version"]))
        assert drivers.newest([text]) is None or drivers.numbers(text)
    for text in garbage(8, f"{DEP}updates/nvidia.ko:\n"):
        assert "nvidia" in (drivers.module_file(text, "nvidia") or "nvidia")
