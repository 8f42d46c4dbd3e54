# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What NVIDIA's GPUs are set to, and who computes on them. Reads only.

Clocks that are locked are not among it: no query tells them, and clocks.max is what the card can do.
"""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._gpu_cards import bus_id
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_nvidia import field, query, switch

FIELDS = ("pci.bus_id", "power.limit", "power.min_limit", "power.max_limit", "ecc.mode.current", "ecc.mode.pending")
PROCESSES = ("nvidia-smi", "--query-compute-apps=pid,gpu_bus_id", "--format=csv,noheader")
UNIT = "/etc/systemd/system/barellama-gpu-tuning.service"


def look(tools):
    """Bus id -> power_limit, power_min, power_max, ecc, ecc_pending, processes; nothing where nvidia-smi does not answer."""
    status, output = tools.limited(*query(FIELDS)) or (1, "")
    found = parse(output) if status == 0 else {}
    status, output = (tools.limited(*PROCESSES) if found else None) or (1, "")
    using = parse_processes(output) if status == 0 else {}
    return {where: {**values, "processes": using.get(where, [])} for where, values in found.items()}


def parse(output):
    """Bus id -> what is told in lines of FIELDS, None for what is not; lines of another shape are passed over."""
    return dict(filter(None, map(_row, output.splitlines())))


def _row(line):
    values = [field(value.strip()) for value in line.split(", ")]
    where = bus_id(values[0] or "")
    if len(values) != len(FIELDS) or not where:
        return None
    _where, limit, least, most, current, pending = values
    return where, {"power_limit": _watts(limit), "power_min": _watts(least), "power_max": _watts(most),
                   "ecc": switch(current), "ecc_pending": switch(pending)}


def parse_processes(output):
    """Bus id -> the numbers of the processes that compute on that GPU."""
    found = {}
    for line in output.splitlines():
        number, _comma, where = line.partition(", ")
        if re.fullmatch(r"\d{1,9}", number.strip(), re.ASCII) and bus_id(where):
            found.setdefault(bus_id(where), []).append(int(number))
    return found


def _watts(value):
    return float(value) if value and re.fullmatch(r"\d{1,5}(\.\d{1,3})?", value, re.ASCII) else None
