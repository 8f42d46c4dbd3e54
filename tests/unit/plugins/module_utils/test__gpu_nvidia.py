# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _gpu_nvidia as nvidia
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gpu_bed import garbage

ONE, TWO = "GPU-37037c3f-65c8-ec4d-24a9-420204ad8026", "GPU-00000000-65c8-ec4d-24a9-420204ad8026"
NEW, OLD, OLDEST = nvidia.FIELDS
ROW = f"0, {ONE}, NVIDIA H200, 143771, 143000, 00000000:83:00.0, 9.0, Enabled, Disabled, Enabled, Reboot, Completed\n"
LIST = f"""GPU 0: NVIDIA H200 (UUID: {ONE})
  MIG 1c.3g.71gb  Device  0: (UUID: MIG-11111111-2222-3333-4444-555555555555)
  MIG 1g.18gb     Device  3: (UUID: MIG-GPU-11111111-2222-3333-4444-555555555555/7/0)
GPU 1: NVIDIA H200 (UUID: {TWO})
"""
LINKS = f"GPU 0: NVIDIA A100 (UUID: {ONE})\n\t Link 0: 25 GB/s\n\t Link 1: <inactive>\n\t Link 2: 26.562 GB/s\nGPU 1: NVIDIA A100 (UUID: {TWO})\n"
INFORMATION = f"Model: \t\t NVIDIA A10G\nIRQ:   \t\t 42\nGPU UUID: \t {ONE}\nBus Location: \t 0000:00:1e.0\n"
TOLD = {"index": 0, "uuid": ONE, "model": "NVIDIA H200", "memory_total": 143771 << 20, "memory_free": 143000 << 20, "compute": "9.0",
        "persistence": True, "mig": {"enabled": False, "pending": True}, "recovery": "Reboot", "fabric": "Completed"}
LATER = dict.fromkeys(("compute", "persistence", "mig", "recovery", "fabric"))


def test_the_command_asks_for_its_fields_without_head_and_units():
    assert nvidia.query(OLDEST) == (
        "nvidia-smi", "--query-gpu=index,uuid,name,memory.total,memory.free,pci.bus_id", "--format=csv,noheader,nounits")


def test_fields_are_asked_for_from_new_to_old():
    assert set(NEW) > set(OLD) > set(OLDEST) and all("driver_version" not in fields for fields in nvidia.FIELDS)


def test_a_row_tells_a_gpu():
    assert nvidia.parse_query(ROW, NEW) == {"0000:83:00.0": TOLD}
    assert nvidia.parse_query(ROW.rpartition(", Reboot")[0], OLD) == {"0000:83:00.0": {**TOLD, "recovery": None, "fabric": None}}
    short = f"3, {TWO}, Tesla K80, 11441 MiB, 11000 MiB, 0000:83:00.0"
    assert nvidia.parse_query(short, OLDEST)["0000:83:00.0"] == {
        "index": 3, "uuid": TWO, "model": "Tesla K80", "memory_total": 11441 << 20, "memory_free": 11000 << 20, **LATER}


@pytest.mark.parametrize("nothing", ["[N/A]", "N/A", "[Not Supported]", "[Requested functionality has been deprecated]", "[GPU requires reset]", ""])
def test_each_way_to_tell_nothing_is_nothing(nothing):
    row = ", ".join(["0", *[nothing] * 4, "00000000:01:00.0", *[nothing] * 6])
    assert nvidia.parse_query(row, NEW) == {
        "0000:01:00.0": {**dict.fromkeys(("uuid", "model", "memory_total", "memory_free")), **LATER, "index": 0}}


@pytest.mark.parametrize("output", ["", "No devices were found\n", ROW.replace(", Completed", ""), ROW.replace("00000000:83:00.0", "[N/A]"),
                                    'Field "compute_cap" is not a valid field to query.\n'])
def test_lines_of_another_shape_are_passed_over(output):
    assert nvidia.parse_query(output, NEW) == {}


def test_mig_devices():
    assert nvidia.parse_list(LIST) == {
        0: [{"profile": "1c.3g.71gb", "uuid": "MIG-11111111-2222-3333-4444-555555555555"},
            {"profile": "1g.18gb", "uuid": "MIG-GPU-11111111-2222-3333-4444-555555555555/7/0"}],
        1: [],
    }
    assert nvidia.parse_list("  MIG 1g.18gb  Device 3: (UUID: MIG-1)\n") == {}


def test_links():
    assert nvidia.parse_links(LINKS) == {0: 2, 1: 0}
    assert nvidia.parse_links("\t Link 0: 25 GB/s\n") == {}


def test_information():
    assert nvidia.parse_information(INFORMATION) == {"model": "NVIDIA A10G", "uuid": ONE}
    assert nvidia.parse_information(INFORMATION.replace(ONE, "GPU-????????-????-????-????-????????????"))["uuid"] is None
    assert nvidia.parse_information("") == {"model": None, "uuid": None}


@pytest.mark.parametrize(("text", "flavour"), [
    ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\n", "open"),
    ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.163.01  Thu\n", "proprietary"), ("", None),
])
def test_flavour_of_what_is_loaded(text, flavour):
    assert nvidia.parse_driver(text) == flavour


@pytest.mark.parametrize(("answer", "words"), [
    (None, None), ((0, "GPU 0"), None), ((9, ""), "status 9"), ((15, "\n  first \nsecond"), "first"),
    ((18, "Failed to initialize NVML: Driver/library version mismatch\n"), "Failed to initialize NVML: Driver/library version mismatch"),
])
def test_refusal(answer, words):
    assert nvidia.refusal(answer) == words


def test_garbage_tells_nothing_that_is_not_of_its_type():
    for text in garbage(2, ROW * 2):
        for fields in nvidia.FIELDS:
            for where, gpu in nvidia.parse_query(text, fields).items():
                assert isinstance(where, str) and set(gpu) == set(TOLD)
                assert all(isinstance(gpu[key], (int, type(None))) for key in ("index", "memory_total", "memory_free"))
        assert all(not name or isinstance(name, str) for name in nvidia.parse_information(text).values())
        assert nvidia.parse_driver(text) in ("open", "proprietary", None) and nvidia.refusal((1, text))
    for text in garbage(3, LIST):
        assert all(device["uuid"].startswith("MIG-") for devices in nvidia.parse_list(text).values() for device in devices)
    for text in garbage(4, LINKS):
        assert all(isinstance(index, int) and count >= 0 for index, count in nvidia.parse_links(text).items())


@pytest.mark.parametrize("output, found", [
    ("4242\n77\n", {"4242", "77"}), ("", set()), ("[N/A]\n", None), ("4242\n[Not Supported]\n", None),
    ("No running processes found\n", None),
])
def test_processes_are_known_where_every_line_is_one(output, found):
    assert nvidia.parse_processes(output) == found
