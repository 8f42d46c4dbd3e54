# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _gpu_cards as cards
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gpu_bed import garbage

PCI_IDS = """#
0001  SafeNet
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t744c  Navi 31 [Radeon RX 7900 XT/7900 XTX]
\t\t1da2 e471  NITRO+ RX 7900 XTX Vapor-X
10de  NVIDIA Corporation
\t1b38  GP102GL [Tesla P40]

# A remark.
\t2230  GA102GL [RTX A6000] (rev. a1)
1102  Creative Labs
\t2684  SB of another vendor
"""


@pytest.mark.parametrize(("text", "found"), [
    ("00000000:0C:00.0", "0000:0c:00.0"), ("0000:c4:00.1", "0000:c4:00.1"), ("0000000F:01:00.0", "000f:01:00.0"),
    ("handle for GPU0000:02:00.0: Unknown Error", "0000:02:00.0"), ("[N/A]", None), ("", None), ("01:00.0", None), ("0000:01:00.9", None),
])
def test_bus_id(text, found):
    assert cards.bus_id(text) == found


@pytest.mark.parametrize(("device", "compute", "name"), [
    ("0x1180", None, "Kepler or older"), ("0x1381", None, "Maxwell"), ("0x17fd", None, "Maxwell"), ("0x15f8", None, "Pascal"),
    ("0x1b80", None, "Pascal"), ("0x1db6", None, "Volta"), ("0x1e81", None, "Turing"), ("0x1eb8", None, "Turing"),
    ("0x20b5", None, "Ampere"), ("0x2187", None, "Turing"), ("0x2236", None, "Ampere"), ("0x2330", None, "Hopper"),
    ("0x2484", None, "Ampere"), ("0x26b9", None, "Ada"), ("0x2901", None, "Blackwell"), ("0x2b85", None, "Blackwell"),
    ("0x3182", None, "Blackwell"), ("0x2330", "6.1", "Pascal"), ("", "3.7", "Kepler or older"), ("", "7.2", "Volta"),
    ("", "8.7", "Ampere"), ("", "12.1", "Blackwell"), ("", None, None),
])
def test_generation_of_nvidia(device, compute, name):
    assert cards.generation("nvidia", device, compute) == name


@pytest.mark.parametrize(("compute", "name"), [
    ("gfx906", "Vega"), ("gfx908", "CDNA"), ("gfx90a", "CDNA 2"), ("gfx942", "CDNA 3"), ("gfx950", "CDNA 4"), ("gfx1012", "RDNA"),
    ("gfx1030", "RDNA 2"), ("gfx1103", "RDNA 3"), ("gfx1151", "RDNA 3.5"), ("gfx1201", "RDNA 4"), ("gfx1300", None), (None, None),
])
def test_generation_of_amd(compute, name):
    assert cards.generation("amd", "0x744c", compute) == name


def configuration(*capabilities, listed=True):
    """256 bytes, with (place, next, capability) of each."""
    config = bytearray(256)
    config[6], config[0x34] = 0x10 * listed, capabilities[0][0] if capabilities else 0
    for place, following, content in capabilities:
        config[place:place + len(content) + 1] = bytes([content[0], following]) + content[1:]
    return bytes(config)


@pytest.mark.parametrize(("config", "virtual"), [
    (configuration((0x68, 0xd0, b"\5"), (0xd0, 0, b"\x09\x1bVF")), True), (configuration((0x68, 0, b"\5"), (0xd0, 0, b"\x09\x1bVF")), False),
    (configuration((0x40, 0x40, b"\5")), False), (configuration((0xfe, 0xff, b"\x09")), False), (configuration(), False),
    (configuration((0xd0, 0, b"\x09\x14\1\0")), False), (configuration((0xd0, 0, b"\x09\x1bVF"), listed=False), False),
    (b"\xff" * 256, False), (configuration((0x68, 0, b"\x09\x1bVF"))[:64], None), (b"", None),
])
def test_a_virtual_card_has_a_mark(config, virtual):
    assert cards.is_virtual(config) is virtual


@pytest.mark.parametrize(("vendor", "device", "name"), [
    ("1002", "744c", "Radeon RX 7900 XT/7900 XTX"), ("10de", "1b38", "Tesla P40"), ("10de", "2230", "GA102GL [RTX A6000] (rev. a1)"),
    ("10de", "2684", None), ("10de", "e471", None), ("8086", "1b38", None),
])
def test_model(vendor, device, name):
    assert cards.model(PCI_IDS, vendor, device) == name
    assert cards.model("", vendor, device) is None


def test_what_is_no_list_of_devices_names_none():
    for text in garbage(1, PCI_IDS):
        name = cards.model(text, "10de", "1b38")
        assert name is None or "\n" not in name
        assert cards.bus_id(text) is None or len(cards.bus_id(text)) == 12 or int(cards.bus_id(text)[:8], 16) > 0xFFFF
