# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What can be wrong with gpu_driver_tuning, without a look at the host; and how its keys name GPUs."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._gpu_cards import BUS_ID, bus_id
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown, truth

NAME = "gpu_driver_tuning"
GPU = re.compile(r"GPU(-[0-9a-f]{4,12}){5}", re.ASCII | re.IGNORECASE)
PROFILE = re.compile(r"[1-9]g\.[1-9]\d{0,2}gb([+-][a-z]+(\.[a-z]+)?){0,2}", re.ASCII)
# What is set is kept by the driver alone: without its persistence it goes with the last that uses the GPU.
FLEETING = ("power_limit", "clocks", "memory_clocks")


def gpu_of(key):
    """The GPU that a key means, as gpu_facts writes its UUID or its place on the bus; None where it is neither."""
    if isinstance(key, str) and GPU.fullmatch(key):
        return f"GPU{key[3:].lower()}"
    return bus_id(key) if isinstance(key, str) and BUS_ID.fullmatch(key) else None


def problems(variables):
    """All that is wrong, one line each."""
    tuning = variables.get(NAME, {})
    if not isinstance(tuning, dict):
        return [f"{NAME}: {shown(tuning)} is no dictionary; for example {{'0000:01:00.0': {{power_limit: 300}}}}"]
    lines = [line for key, values in tuning.items() for line in _of_gpu(key, values)] + list(_twice(tuning))
    if not lines and truth(variables.get("gpu_driver_persistence")) is False:
        fleeting = sorted({name for values in tuning.values() for name in values} & set(FLEETING))
        lines += [f"{NAME}: {name} would go with the last that uses the GPU, as gpu_driver_persistence is false; leave out one of them"
                  for name in fleeting]
    return lines


def _of_gpu(key, values):
    where = f"{NAME}: {shown(key)}"
    if gpu_of(key) is None:
        yield (f"{where} is neither a GPU's UUID nor its place on the PCI bus; see: nvidia-smi --query-gpu=uuid,pci.bus_id --format=csv; "
               "for example '0000:01:00.0', in quotes")
    elif not isinstance(values, dict) or not values:
        yield f"{where} has {shown(values) if values else 'nothing'} to be set; for example power_limit: 300"
    else:
        for name, value in values.items():
            known = RULES.get(name)
            if known is None:
                yield f"{where}: {shown(name)} is none of {', '.join(RULES)}{did_you_mean(str(name), RULES) or '; leave it out'}"
            elif not known[0](value):
                yield f"{where}: {name}: {shown(value)} is {known[1]}"


def _twice(tuning):
    keys = {}
    for key in tuning:
        if gpu_of(key):
            keys.setdefault(gpu_of(key), []).append(key)
    for same in keys.values():
        if len(same) > 1:
            yield f"{NAME}: {' and '.join(map(shown, same))} are the same GPU; write one of them"


def _is_power(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value < 10**4


def _is_span(value):
    numbers = isinstance(value, (list, tuple)) and len(value) == 2 and all(isinstance(each, int) and not isinstance(each, bool) for each in value)
    return numbers and 0 < value[0] <= value[1] < 10**5


def _is_profiles(value):
    return isinstance(value, (list, tuple)) and len(value) <= 8 and all(isinstance(each, str) and PROFILE.fullmatch(each) for each in value)


RULES = {
    "power_limit": (_is_power, "no number of watts; for example 300"),
    "clocks": (_is_span, "not the least and the most in MHz; for example [210, 1500]"),
    "memory_clocks": (_is_span, "not the least and the most in MHz; for example [405, 9501]"),
    "ecc": (lambda value: isinstance(value, bool), "neither true nor false"),
    "mig": (_is_profiles, "no list of at most 8 profiles of MIG; for example ['3g.40gb', '3g.40gb'], or [] to turn MIG off"),
}
