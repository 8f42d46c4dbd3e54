# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What the numbers of a PCI card tell without any driver: whose it is, its generation, its name. No I/O."""

from __future__ import annotations

import re
from bisect import bisect_right

VENDORS = {"0x10de": "nvidia", "0x1002": "amd"}
# VGA, 3D (most data-centre cards), other displays (MI100, MI200), processing accelerators (MI300, MI350).
CLASSES = ("0x0300", "0x0302", "0x0380", "0x1200")
SWITCH = ("0x10de", "0x0680")
BUS_ID = re.compile(r"([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", re.ASCII | re.IGNORECASE)
CONFIGURATION = 256  # bytes, of which only root reads more than the first 64
DEVICE = re.compile(r"0x[0-9a-f]{4}", re.ASCII)
# The first device number of each run of one generation.
NVIDIA_RUNS = (
    (0x0000, "Kepler or older"), (0x1340, "Maxwell"), (0x15F0, "Pascal"), (0x1600, "Maxwell"), (0x1AC0, "Pascal"),
    (0x1D81, "Volta"), (0x1E00, "Turing"), (0x2000, "Ampere"), (0x2180, "Turing"), (0x2200, "Ampere"), (0x2300, "Hopper"),
    (0x2400, "Ampere"), (0x2600, "Ada"), (0x2900, "Blackwell"),
)
NVIDIA_CAPABILITIES = (
    ((0, 0), "Kepler or older"), ((5, 0), "Maxwell"), ((6, 0), "Pascal"), ((7, 0), "Volta"), ((7, 5), "Turing"),
    ((8, 0), "Ampere"), ((8, 9), "Ada"), ((9, 0), "Hopper"), ((10, 0), "Blackwell"),
)
PROPRIETARY_ONLY = ("Maxwell", "Pascal", "Volta")
OPEN_ONLY = ("Blackwell",)
AMD_GENERATIONS = (
    ("gfx90[069c]|gfx902", "Vega"), ("gfx908", "CDNA"), ("gfx90a", "CDNA 2"), ("gfx94", "CDNA 3"), ("gfx95", "CDNA 4"),
    ("gfx101", "RDNA"), ("gfx103", "RDNA 2"), ("gfx110", "RDNA 3"), ("gfx115", "RDNA 3.5"), ("gfx120", "RDNA 4"),
)


def bus_id(text):
    """The first PCI address in a text as the kernel writes it, 0000:0c:00.0; None without one."""
    found = BUS_ID.search(text)
    return found and f"{int(found[1], 16):04x}:{found[2]}:{found[3]}.{found[4]}".lower()


def generation(vendor, device, compute):
    """By what the card can compute where that is known, as text such as 8.9 or gfx1100; else by its device number."""
    if vendor == "nvidia":
        known = compute and tuple(map(int, compute.split(".")))
        return _run(NVIDIA_CAPABILITIES, known) if known else _run(NVIDIA_RUNS, int(device, 16)) if DEVICE.fullmatch(device) else None
    return next((name for pattern, name in AMD_GENERATIONS if re.match(pattern, compute or "")), None)


def model(pci_ids, vendor, device):
    """The name of a card in the text of a pci.ids file, its numbers as 10de and 2684; None where it is not in there."""
    section = re.search(rf"^{vendor}  .*\n((?:[\t#].*\n|\n)*)", pci_ids, re.MULTILINE)
    name = section and re.search(rf"^\t{device}  (.*)$", section[1], re.MULTILINE)
    # The chip comes first, and the card in brackets.
    return name and re.sub(r"^.*\[(.*)\]$", r"\1", name[1].strip())


def is_virtual(config):
    """Whether a hypervisor made this card of a part of one, by NVIDIA's mark in its PCI configuration; None where too little of that could be read."""
    if len(config) < CONFIGURATION:
        return None
    place, seen = config[0x34] if config[6] & 0x10 else 0, set()
    while place and place not in seen:
        if config[place] == 9 and config[place + 3:place + 5] == b"VF":  # 9 is a capability of the vendor's own
            return True
        seen.add(place)
        place = config[(place + 1) % CONFIGURATION]
    return False


def _run(runs, value):
    return runs[bisect_right([first for first, _name in runs], value) - 1][1]
