# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _gpu_amd as amd
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gpu_bed import garbage

NODE = "cpu_cores_count 0\nsimd_count 192\nlocation_id 768\ndomain 0\nunique_id 11936128518282651045\ngfx_target_version 110000\n"
GPU = {"gpu": 0, "asic": {"market_name": "AMD Radeon Graphics", "device_id": "0x1586", "target_graphics_version": "gfx1151"},
       "bus": {"bdf": "0000:c4:00.0"}, "vram": {"size": {"value": 32768, "unit": "MB"}}}
STRIX = {"0000:c4:00.0": {"model": "AMD Radeon Graphics", "compute": "gfx1151"}}
OLD_CARD = {"GPU ID": "0x73df", "Card series": "Navi 22", "PCI Bus": "0000:07:00.0", "VRAM Total Memory (B)": "12868124672"}
NEW_CARD = {"Device Name": "Navi 22", "Card Series": "Navi 22", "GFX Version": "gfx1031", "PCI Bus": "0000:07:00.0"}


def test_a_node_of_the_kernels_topology():
    assert amd.parse_node(NODE) == {"bus_id": "0000:03:00.0", "compute": "gfx1100", "uuid": "GPU-a5a5a5a5a5a5a5a5"}
    partition = amd.parse_node(NODE.replace("location_id 768", f"location_id {0x30005D01}").replace("domain 0", "domain 2"))
    assert partition["bus_id"] == "0002:5d:00.1"
    assert amd.parse_node(NODE.replace("unique_id 1", "other 1"))["uuid"] is None


@pytest.mark.parametrize("text", ["", NODE.replace("110000", "0"), "gfx_target_version x\n"])
def test_a_node_that_is_no_gpu(text):
    assert amd.parse_node(text) is None


@pytest.mark.parametrize(("version", "target"), [
    (90010, "gfx90a"), (90402, "gfx942"), (90500, "gfx950"), (100301, "gfx1031"), (110501, "gfx1151"), (120001, "gfx1201"), (7, None)])
def test_targets_by_their_number(version, target):
    assert amd.parse_node(f"gfx_target_version {version}\n")["compute"] == target


@pytest.mark.parametrize("told", [[GPU], {"gpu_data": [GPU]}])
def test_amd_smi_before_and_after_its_list_was_wrapped(told):
    assert amd.parse_amd_smi(json.dumps(told)) == STRIX


@pytest.mark.parametrize(("card", "compute"), [(OLD_CARD, None), (NEW_CARD, "gfx1031")])
def test_rocm_smi_before_and_after_its_keys_changed(card, compute):
    told = json.dumps({"card0": card, "system": {"Driver version": "6.16.13"}})
    assert amd.parse_rocm_smi(told) == {"0000:07:00.0": {"model": "Navi 22", "compute": compute}}


@pytest.mark.parametrize("told", ["", "null", "[]", "{}", '{"gpu_data": 1}', "[1]", '[{"bus": {"bdf": "N/A"}}]', '{"card0": {"PCI Bus": 1}}',
                                  "ERROR: no driver\n"])
def test_tools_that_tell_nothing(told):
    assert amd.parse_amd_smi(told) == amd.parse_rocm_smi(told) == {}


def test_what_a_tool_does_not_know_is_nothing():
    unknown = {**GPU, "asic": {"market_name": "N/A", "target_graphics_version": "N/A"}}
    assert amd.parse_amd_smi(json.dumps([unknown])) == {"0000:c4:00.0": {"model": None, "compute": None}}


def test_garbage_tells_nothing_that_is_not_of_its_type():
    for text in garbage(5, NODE):
        node = amd.parse_node(text)
        assert node is None or amd.bus_id(node["bus_id"]) and (node["compute"] or "gfx").startswith("gfx")
    for parse, sample in ((amd.parse_amd_smi, [GPU]), (amd.parse_rocm_smi, {"card0": NEW_CARD})):
        for text in garbage(6, json.dumps(sample)):
            assert all(set(card) == {"model", "compute"} for card in parse(text).values())
