# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role gpu_driver on a Debian in the shape of SLES 15 with its zypper, against the mock vendor: packages, versions, locks."""

from __future__ import annotations

import pytest

from .driver_beds import NEWEST, OLDER, Bed, said

SYSTEMS = ("sles15",)
DRIVER = ("nvidia-open-driver-G06", "nvidia-compute-utils-G06", "nvidia-persistenced")


@pytest.fixture(scope="module", name="bed")
def _bed(fleet):
    return Bed.of(fleet)


def locks(bed):
    return bed.nodes["sles15"].sh("sed -n 's/solvable_name: //p' /etc/zypp/locks").split()


def test_it_is_planned_and_installed_with_headers_and_newer_branches_are_locked(bed):
    plan = bed.play({"sles15": {}}, "--check").assert_ok()
    assert "the NVIDIA driver 580 with the open kernel module, from NVIDIA's repository" in said(plan)
    assert "nvidia-open-driver-G06" not in bed.packages("sles15")
    there = bed.converge({"sles15": {}})["sles15"]
    assert {there[name] for name in DRIVER} == {NEWEST}
    assert "kernel-default-devel" in there and bed.has("sles15", "updates/dkms/nvidia.ko")
    bed.nodes["sles15"].sh("zypper -n update")
    assert bed.packages("sles15") == there and "*nvidia-* >= 581" in bed.nodes["sles15"].sh("zypper -n locks")


def test_a_version_that_is_named_stays_through_an_update_of_all(bed):
    bed.converge({"sles15": {"nvidia_version": OLDER, "nvidia_minimum": OLDER}})
    bed.nodes["sles15"].sh("zypper -n addlock mine; zypper -n update")
    there = bed.packages("sles15")
    assert {there[name] for name in DRIVER} == {OLDER} and sorted(locks(bed)) == ["*nvidia-*", "mine"]


def test_without_a_hold_the_role_s_locks_go_and_the_operator_s_stay(bed):
    bed.converge({"sles15": {"nvidia_version": OLDER, "nvidia_minimum": OLDER, "hold": False}})
    assert locks(bed) == ["mine"]


def test_all_apply_tasks_agree_with_the_probe(bed):
    bed.play({"sles15": {"nvidia_version": OLDER, "nvidia_minimum": OLDER, "hold": False}}, fleet_probe=False).assert_unchanged()
