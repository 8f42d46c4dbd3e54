# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Whether a model will fit into the memory of a host. No I/O."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

GB = 10**9
# What is left free on each GPU by the runner (its default for LLAMA_ARG_FIT_TARGET), and what its driver takes there.
LEFT_FREE, DRIVER = 1 << 30, 1 << 29
# The guide: machines of 8, 16 and 32 GB for models of 7, 13 and 33 billion weights, which are quantized to four bits.
# What larger ones have more is their weights alone, of somewhat less than five bits.
GUIDE = ((0, 0), (7, 8), (13, 16), (33, 32))
BEYOND = 0.61
SIZE = re.compile(r"(?:^|[-_:.])(?:(\d{1,3})x)?(\d{1,5}(?:\.\d{1,3})?)([bm])(?![a-z0-9])")
# Bytes that each weight takes beyond that in wider formats.
WIDER = ((re.compile(r"(?:fp|bf|f)16"), 1.5), (re.compile(r"q8|fp8|int8"), 0.5), (re.compile(r"fp32|f32"), 3.5))
FORM = "give what ollama_gguf_info returns as memory, a number of bytes, or a name with its size, such as llama3.3:70b"


def needed_for(name):
    """Bytes of memory by the size in a model's name, from the guide; FleetError where it names none."""
    path, _colon, tag = name.lower().rpartition(":") if ":" in name.rpartition("/")[2] else (name.lower(), "", "")
    found = SIZE.search(tag) or SIZE.search(path.rpartition("/")[2])
    if not found:
        raise FleetError(f"{shown(name)} does not tell how large the model is; {FORM}")
    billions = int(found.group(1) or 1) * float(found.group(2)) / (1 if found.group(3) == "b" else 1000)
    wider = next((extra for pattern, extra in WIDER if pattern.search(tag or path)), 0)
    return int((_guided(billions) + billions * wider) * GB)


def _guided(billions):
    """Gigabytes, between the points of the guide and beyond them."""
    for (low, less), (high, more) in zip(GUIDE, GUIDE[1:]):
        if billions <= high:
            return less + (billions - low) * (more - less) / (high - low)
    last, most = GUIDE[-1]
    return most + (billions - last) * BEYOND


def fit(wanted, vram=(), ram=0):
    """Where a model goes: ``gpu``, ``partly`` (on GPUs and in the host's memory), ``cpu`` or ``no``.

    ``wanted`` is an estimate, a number of bytes or a model's name; ``vram`` is what is free on each GPU and ``ram``
    what the host has available, in bytes.
    """
    need, on_each_gpu, kept_back = _need(wanted)
    gpus = [_bytes(free, "vram") for free in (vram if isinstance(vram, (list, tuple)) else [vram])]
    ram = _bytes(ram, "ram")
    usable = sorted((free - kept_back for free in gpus if free > kept_back), reverse=True)
    spread = need + on_each_gpu * max(0, len(usable) - 1)
    if usable and (need <= usable[0] or spread <= sum(usable)):
        fits = "gpu"
    elif usable and spread <= sum(usable) + ram:
        fits = "partly"
    else:
        fits = "cpu" if need <= ram else "no"
    return {"fits": fits, "need": need, "free": {"vram": sum(gpus), "vram_usable": sum(usable), "ram": ram},
            "line": _line(fits, need, gpus, sum(usable), ram)}


def _line(fits, need, gpus, usable, ram):
    where = {"gpu": "fits on the GPU", "partly": "fits only partly on the GPU, the rest is slow", "no": "does not fit",
             "cpu": "fits into the host's memory only, which is slow" if gpus else "fits into the host's memory"}[fits]
    on_gpus = f"{_gb(usable)} usable of {_gb(sum(gpus))} free on {len(gpus)} GPU{'s' if len(gpus) > 1 else ''}, " if gpus else ""
    return f"{where}: needs about {_gb(need)}, there are {on_gpus}{_gb(ram)} of memory"


def _need(wanted):
    """(bytes altogether, bytes of it that each further GPU costs again, bytes of each GPU that cannot be used)."""
    if isinstance(wanted, dict) and {"total", "overhead"} <= set(wanted):
        return _bytes(wanted["total"], "total"), _bytes(wanted["overhead"], "overhead"), LEFT_FREE + DRIVER
    if isinstance(wanted, str) and not wanted.isdecimal():
        return needed_for(wanted), 0, 0  # the guide is for whole machines: what they keep back is in it
    if isinstance(wanted, (int, float, str)) and not isinstance(wanted, bool):
        return _bytes(wanted, "the need"), 0, LEFT_FREE + DRIVER
    raise FleetError(f"ollama_fits cannot take {shown(wanted)} as a need; {FORM}")


def _bytes(value, what):
    """A count of bytes, also when a template made a text of it."""
    try:
        count = -1 if isinstance(value, bool) else int(value)
    except (TypeError, ValueError, OverflowError):
        count = -1
    if not 0 <= count < 1 << 63:
        raise FleetError(f"{what} must be a number of bytes, not {shown(value)}")
    return count


def _gb(count):
    return f"{count / GB:.1f} GB"
