# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._driver_restart import restart
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import ASKED
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.driver_bed import host

MISMATCH = "the NVIDIA driver 550 is loaded, and 580 is installed"
NOUVEAU = "the NVIDIA driver is installed, and nouveau drives the GPU"
BEFORE = {"boot_id": "before", "reasons": [MISMATCH]}


@pytest.mark.parametrize(("reasons", "policy", "more", "local", "do"), [
    ([], "reboot", {}, False, "none"),
    ([], "report", {"restarted": BEFORE}, False, "forget"),
    ([MISMATCH], "never", {}, False, "refuse"),
    ([MISMATCH], "report", {}, False, "report"),
    ([MISMATCH], "reload", {}, False, "reload"),
    ([MISMATCH], "reboot", {}, False, "reboot"),
    ([MISMATCH], "reboot", {"restarted": {**BEFORE, "reasons": ["another"]}}, False, "reboot"),
    # The record is written first: where the restart itself did not come about, it is still to be done.
    ([MISMATCH], "reboot", {"restarted": {**BEFORE, "boot_id": "now"}}, False, "reboot"),
    ([MISMATCH], "reboot", {"restarted": BEFORE}, False, "refuse"),
    ([MISMATCH, "another"], "report", {"restarted": BEFORE}, False, "refuse"),
    # The distribution's reason is another each time, though it reads the same.
    ([ASKED], "reboot", {"restarted": {**BEFORE, "reasons": [ASKED]}}, False, "reboot"),
    ([ASKED], "report", {"restarted": {**BEFORE, "reasons": [ASKED]}}, False, "report"),
    ([ASKED], "reload", {}, False, "report"),
    ([NOUVEAU], "reload", {}, False, "report"),
    ([NOUVEAU, MISMATCH], "reload", {}, False, "reload"),
    ([MISMATCH], "reboot", {}, True, "report"),
    ([MISMATCH], "reload", {}, True, "reload"),
    ([MISMATCH], "reboot", {"container": True}, False, "report"),
    ([MISMATCH], "reload", {"container": True}, False, "report"),
    ([MISMATCH], "never", {"container": True}, False, "refuse"),
])
def test_a_restart_is_done_once_where_it_is_allowed_and_can_be(reasons, policy, more, local, do):
    told = restart(host(reboot=reasons, **more), policy, local)
    assert (told["do"], told["reasons"]) == (do, reasons)
    assert all(reason in told["said"] for reason in reasons[:1]) and bool(told["said"]) == bool(reasons)


@pytest.mark.parametrize(("reasons", "waits"), [
    ([], False), ([ASKED], False), (["MIG of the GPU 0000:01:00.0 is to be turned on: "], False), ([MISMATCH], True), ([ASKED, NOUVEAU], True),
])
def test_a_driver_waits_for_a_restart_that_is_its_own(reasons, waits):
    told = restart(host(reboot=reasons), "report", False)
    assert told["waits"] is waits and ("compute on the CPU" in told["said"]) is waits


def test_a_host_without_gpus_has_nothing_to_restart_for():
    assert restart({"reboot": [], "system": None}, "reboot", False)["do"] == "none"


@pytest.mark.parametrize(("more", "local", "advised"), [({}, False, True), ({}, True, False), ({"container": True}, False, False)])
def test_a_restart_from_here_is_advised_only_where_it_would_be_done(more, local, advised):
    said = restart(host(reboot=[MISMATCH], **more), "report", local)["said"]
    assert ("gpu_driver_reboot_policy: reboot" in said) is advised and "; do it" in said
