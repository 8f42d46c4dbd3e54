# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._inputs_gpu_tuning import gpu_of, problems
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated

UUID = "GPU-37037c3f-65c8-ec4d-24a9-420204ad8026"
PLACE = "0000:01:00.0"


def of(tuning, **others):
    return problems({"gpu_driver_tuning": tuning, **others})


@pytest.mark.parametrize("tuning", [
    {}, {UUID: {"power_limit": 300}}, {PLACE: {"power_limit": 287.5}}, {"00000000:C1:00.0": {"clocks": [210, 1500], "memory_clocks": [405, 405]}},
    {UUID.upper(): {"ecc": False}}, {UUID: {"mig": []}, PLACE: {"mig": ["3g.40gb", "1g.10gb+me", "1g.24gb-me", "1g.24gb+me.all"]}},
])
def test_what_is_right(tuning):
    assert of(tuning) == []


@pytest.mark.parametrize(("key", "gpu"), [
    (UUID, UUID), (UUID.upper(), UUID), (PLACE, PLACE), ("00000000:0C:00.0", "0000:0c:00.0"), ("00010000:81:00.0", "10000:81:00.0"),
    ("01:00.0", None), ("0", None), (0, None), (60.0, None), ("GPU-37037c3f", None), (UUID.replace("GPU", "MIG"), None), (f"{UUID}\n", None),
    (f"{PLACE} ", None), ("", None), (None, None),
])
def test_keys(key, gpu):
    assert gpu_of(key) == gpu


@pytest.mark.parametrize(("tuning", "words"), [
    ([], "[] is no dictionary; "),
    ({60.0: {"ecc": True}}, "60.0 is neither a GPU's UUID nor its place on the PCI bus; "),  # what YAML makes of 0000:01:00.0 without quotes
    ({"0": {"ecc": True}}, "'0' is neither "),
    ({UUID: {}}, f"'{UUID}' has nothing to be set; "),
    ({UUID: 300}, f"'{UUID}' has 300 to be set; "),
    ({UUID: {"power": 300}}, f"'{UUID}': 'power' is none of power_limit, clocks, memory_clocks, ecc, mig; "),
    ({UUID: {"power_limits": 300}}, f"'{UUID}': 'power_limits' is none of power_limit, clocks, memory_clocks, ecc, mig; did you mean power_limit?"),
    *(({UUID: {"power_limit": value}}, f"'{UUID}': power_limit: ") for value in ("300", "300 W", True, 0, -5, 10**6, None, float("nan"), [300])),
    *(({UUID: {name: value}}, f"'{UUID}': {name}: ") for name in ("clocks", "memory_clocks")
      for value in (1500, "210,1500", [1500], [1500, 210], [0, 1], [210, True], [210, 1500.5], [1, 2, 3], {"min": 1})),
    *(({UUID: {"ecc": value}}, f"'{UUID}': ecc: ") for value in ("on", 1, None)),
    *(({UUID: {"mig": value}}, f"'{UUID}': mig: ") for value in ("3g.40gb", ["3g.40gb'; reboot"], ["3g"], ["0g.5gb"], [19], False, ["1g.5gb"] * 9)),
    ({PLACE: {"ecc": True}, "00000000:01:00.0": {"power_limit": 300}}, f"'{PLACE}' and '00000000:01:00.0' are the same GPU; "),
])
def test_what_is_wrong_is_told_in_one_line_with_what_to_do(tuning, words):
    (line,) = of(tuning)
    assert line.startswith(f"gpu_driver_tuning: {words}") and "\n" not in line and ("; " in line or "neither" in line)


def test_what_would_not_last_is_refused():
    (line,) = of({UUID: {"power_limit": 300, "ecc": True}}, gpu_driver_persistence=False)
    assert line.startswith("gpu_driver_tuning: power_limit would go with the last that uses the GPU, ")
    assert of({UUID: {"power_limit": 300}}, gpu_driver_persistence="no")
    assert of({UUID: {"ecc": True}}, gpu_driver_persistence=False) == []


def test_any_value_is_told_or_taken():
    for value in generated(61):
        for tuning in (value, {UUID: value}, {UUID: {"mig": value, "clocks": value, "power_limit": value}}):
            assert all("\n" not in line for line in of(tuning))
