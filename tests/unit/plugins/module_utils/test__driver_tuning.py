# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._driver_plan import plan
from ansible_collections.barellama.fleet.plugins.module_utils._driver_tuning import tuning
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.driver_bed import gpu, host, wanted

UUID, PLACE = "GPU-37037c3f-65c8-ec4d-24a9-420204ad8026", "0000:01:00.0"
READ = {"power_limit": 400.0, "power_min": 100.0, "power_max": 400.0, "ecc": True, "ecc_pending": True, "processes": []}
WHOLE = {"enabled": False, "pending": False, "devices": []}
CUT = {"enabled": True, "pending": True, "devices": [{"profile": "3g.40gb", "uuid": "MIG-1"}, {"profile": "1g.10gb", "uuid": "MIG-2"}]}


def card(mig=None, told=None, **others):
    read = {**READ, **(told or {})} if told is not False else None
    return {**gpu("Ampere", where=PLACE, usable=True), "uuid": UUID, "persistence": True, "mig": mig, "tuning": read, **others}


def told(cards, values, key=UUID, **more):
    return tuning(cards, host(**more), wanted(tuning={key: values}))


def test_nothing_is_asked_of_a_host_that_wants_nothing():
    nothing = {"set": [], "refusals": [], "differs": []}
    assert tuning([card()], host(), wanted()) == nothing
    assert tuning([], {**host(), "system": None}, wanted()) == nothing


@pytest.mark.parametrize(("key", "name"), [
    (UUID, UUID), (UUID.upper(), UUID), (PLACE, "00000000:01:00.0"), ("00000000:01:00.0", "00000000:01:00.0"),
])
def test_what_is_set_is_text_for_nvidia_smi(key, name):
    values = {"power_limit": 287.5, "clocks": [210, 1500], "memory_clocks": [405, 405], "ecc": False, "mig": ["3g.40gb", "1g.10gb"]}
    assert told([card(WHOLE)], values, key)["set"] == [
        {"id": name, "power_limit": "287.5", "clocks": "210,1500", "memory_clocks": "405,405", "ecc": "Disabled", "mig": "Enabled",
         "profiles": "1g.10gb,3g.40gb"}]
    nothing = dict.fromkeys(("power_limit", "clocks", "memory_clocks", "ecc", "profiles"), "")
    assert told([card(WHOLE)], {"mig": []}, key)["set"] == [{"id": name, **nothing, "mig": "Disabled"}]


def test_a_domain_of_five_digits_keeps_them():
    assert told([card(bus_id="10000:81:00.0")], {"ecc": True}, "00010000:81:00.0")["set"][0]["id"] == "00010000:81:00.0"


@pytest.mark.parametrize(("gpus", "values", "key", "more", "words"), [
    ([card()], {"ecc": True}, "0000:02:00.0", {}, f"this host has no GPU 0000:02:00.0; it has {PLACE} ({UUID}); correct the key"),
    ([card()], {"ecc": True}, UUID.replace("3", "4"), {}, f"this host has no GPU {UUID.replace('3', '4')}; it has {PLACE} ({UUID}); correct the key"),
    ([], {"ecc": True}, UUID, {}, f"this host has no GPU {UUID}; it has none; correct the key"),
    ([gpu("RDNA 3")], {"ecc": True}, UUID, {}, f"this host has no GPU {UUID}; it has {PLACE}; correct the key"),
    ([], {"ecc": True}, PLACE, {"passed_through": [PLACE]}, f"{PLACE} is given to virtual machines; set it there"),
    ([gpu("RDNA 3")], {"power_limit": 300}, PLACE, {}, f"{PLACE} is AMD's, whose GPUs are not tuned here; leave it out"),
    ([card()], {"power_limit": 401}, UUID, {}, f"{PLACE} takes a power_limit from 100 to 400, and 401 is wanted; write one in between"),
    ([card()], {"power_limit": 99.5}, UUID, {}, f"{PLACE} takes a power_limit from 100 to 400, and 99.5 is wanted; write one in between"),
    ([card(told={"power_limit": None})], {"power_limit": 300}, UUID, {}, f"{PLACE} has no limit of power that could be set; leave out power_limit"),
    ([card(told={"ecc": None})], {"ecc": False}, UUID, {}, f"{PLACE} has no ECC that could be set; leave out ecc"),
    ([card()], {"mig": ["1g.10gb"]}, UUID, {}, f"{PLACE} has no MIG; leave out mig"),
    ([card(CUT, {"processes": [7, 8]})], {"mig": ["7g.80gb"]}, UUID, {},
     f"{PLACE} is to have other MIG devices, and processes compute on it (7, 8); stop them first, or leave out mig"),
    ([card(WHOLE, {"processes": [7]})], {"mig": ["7g.80gb"]}, UUID, {}, f"{PLACE} is to have other MIG devices, and processes compute on it (7); "),
    ([card()], {"ecc": True}, UUID, {"container": True}, "this is a container, and its machine's GPUs are set there; leave it out here"),
])
def test_what_cannot_be_set_is_told_in_one_line_with_what_to_do(gpus, values, key, more, words):
    (line,) = told(gpus, values, key, **more)["refusals"]
    assert line.startswith(f"gpu_driver_tuning: {words}") and "\n" not in line
    assert line in plan(gpus, host(**more), wanted(source="none", tuning={key: values}))["refusals"]


def test_two_keys_of_one_gpu_are_refused():
    twice = {UUID: {"ecc": True}, PLACE: {"power_limit": 300}}
    assert tuning([card()], host(), wanted(tuning=twice))["refusals"] == [
        f"gpu_driver_tuning: {UUID} and {PLACE} are the same GPU; write one of them"]


@pytest.mark.parametrize(("gpus", "values", "key"), [
    ([card(told=False, uuid=None)], {"power_limit": 900, "mig": ["1g.10gb"]}, UUID),  # its driver is not loaded yet
    ([card(told=False)], {"power_limit": 900, "ecc": True}, UUID),
    ([card()], {"mig": []}, UUID),
    ([card(CUT, {"processes": [7]})], {"mig": ["1g.10gb", "3g.40gb"], "power_limit": 300}, UUID),
    ([card({**WHOLE, "pending": True}, {"processes": [7]})], {"mig": ["1g.10gb"]}, UUID),
])
def test_what_is_not_known_yet_or_changes_nothing_is_not_refused(gpus, values, key):
    assert told(gpus, values, key)["refusals"] == []


@pytest.mark.parametrize(("it", "values", "lines"), [
    (card(), {"power_limit": 400, "ecc": True, "clocks": [1, 2], "memory_clocks": [1, 2]}, []),
    (card(), {"power_limit": 399.6}, []),  # drivers keep whole watts
    (card(), {"power_limit": 300}, ["has a limit of 400 W, and 300 W is wanted"]),
    (card(), {"ecc": False}, ["has ECC enabled, and it is to be disabled"]),
    (card(told={"ecc_pending": False}), {"ecc": False}, []),
    (card(persistence=False), {"power_limit": 400},
     ["is not kept ready by its driver, so that what is set would go with the last that uses it"]),
    (card(persistence=None), {"power_limit": 400}, []),
    (card(CUT), {"mig": ["1g.10gb", "3g.40gb"]}, []),
    (card(CUT), {"mig": ["3g.40gb"]}, ["has the MIG devices 1g.10gb, 3g.40gb, and 3g.40gb are wanted"]),
    (card(CUT), {"mig": []}, ["has MIG enabled, and it is to be disabled"]),
    (card({**CUT, "devices": []}), {"mig": ["3g.40gb"]}, ["has the MIG devices none, and 3g.40gb are wanted"]),
    (card(WHOLE), {"mig": ["3g.40gb"]}, ["has MIG disabled, and it is to be enabled"]),
    (card({**WHOLE, "pending": True}), {"mig": ["3g.40gb"]}, []),  # the devices wait with the mode
    (card({**CUT, "pending": False}), {"mig": []}, []),
    (card(), {"mig": []}, []),
    (card(told=False), {"power_limit": 300, "ecc": False}, []),
])
def test_what_differs_is_what_can_be_read(it, values, lines):
    assert told([it], values)["differs"] == [f"the GPU {PLACE} {line}" for line in lines]
