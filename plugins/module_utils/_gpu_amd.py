# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What the kernel and AMD's tools say of AMD GPUs, in the forms of ROCm 4 to 7. No I/O."""

from __future__ import annotations

import json
import re

from ansible_collections.barellama.fleet.plugins.module_utils._gpu_cards import bus_id

AMD_SMI = ("amd-smi", "static", "--json")
ROCM_SMI = ("rocm-smi", "--showproductname", "--showbus", "--json")
TARGET = re.compile(r"gfx[1-9][0-9a-f]{2,3}", re.ASCII)


def parse_node(text):
    """Bus id, gfx target and unique id of a node of the kernel's compute topology; None for one that is no GPU."""
    told = {key: int(value) for key, value in re.findall(r"^(\w+) (\d{1,20})$", text, re.MULTILINE | re.ASCII)}
    version, place = told.get("gfx_target_version", 0), told.get("location_id", 0)
    if not version:
        return None
    # As PCI packs bus, device and function; what is above them numbers the partitions of one card.
    where = f"{told.get('domain', 0) & 0xFFFFFFFF:04x}:{place >> 8 & 255:02x}:{place >> 3 & 31:02x}.{place & 7}"
    unique = told.get("unique_id", 0)
    return {"bus_id": where, "compute": _target(version), "uuid": f"GPU-{unique:016x}" if unique else None}


def parse_amd_smi(output):
    """Bus id -> model and gfx target, from ``amd-smi static --json``: a list, or since 7.x one below gpu_data."""
    told = _json(output)
    told = told.get("gpu_data") if isinstance(told, dict) else told
    found = {}
    for gpu in told if isinstance(told, list) else []:
        where = bus_id(_text(gpu, "bus", "bdf") or "")
        if where:
            found[where] = _card(_text(gpu, "asic", "market_name"), _text(gpu, "asic", "target_graphics_version"))
    return found


def parse_rocm_smi(output):
    """The same, from ``rocm-smi --json``, whose keys change their letters' case between versions."""
    told = _json(output)
    found = {}
    for card in told.values() if isinstance(told, dict) else ():
        values = {key.lower(): value for key, value in card.items()} if isinstance(card, dict) else {}
        where = bus_id(_text(values, "pci bus") or "")
        if where:
            found[where] = _card(_text(values, "card series"), _text(values, "gfx version"))
    return found


def _card(name, target):
    return {"model": None if name in (None, "N/A", "") else name, "compute": target if TARGET.fullmatch(target or "") else None}


def _target(version):
    """The name of a target that the kernel numbers: 110000 is gfx1100, 90010 is gfx90a."""
    name = f"gfx{version // 10000}{version // 100 % 100:x}{version % 100:x}"
    return name if TARGET.fullmatch(name) else None


def _text(tree, *keys):
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree if isinstance(tree, str) else None


def _json(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
