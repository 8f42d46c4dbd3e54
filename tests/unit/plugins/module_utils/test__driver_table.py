# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

from fnmatch import fnmatchcase

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _driver_table as table


def test_keys_are_known_by_their_whole_fingerprint():
    for _file, fingerprint in (table.APT_KEY, table.DEBIAN_13_KEY, table.RPM_KEY, table.AMD_KEY):
        assert re.fullmatch("[0-9A-F]{40}", fingerprint)
    assert table.SYSTEMS["debian 13"].key != table.SYSTEMS["debian 12"].key, "Debian 13 refuses the older key"


def test_floors_are_of_branches_that_there_are():
    assert set(table.FLOORS) <= set(table.BRANCHES)
    assert all(floor.startswith(f"{branch}.") for branch, floor in table.FLOORS.items())
    assert {row.branch for row in table.SYSTEMS.values()} <= {*table.FLOORS, ""}, "the branch of nobody's choice gets fixes"


@pytest.mark.parametrize(("told", "names"), [
    (("debian", "13"), ("debian 13", "debian 13")), (("ubuntu", "24.04"), ("ubuntu 24.04", "ubuntu 24.04")),
    (("rocky", "9.6"), ("el 9", "rocky 9")), (("almalinux", "10.1"), ("el 10", "almalinux 10")), (("rhel", "10"), ("el 10", "rhel 10")),
    (("fedora", "44"), ("fedora 44", "fedora 44")), (("", ""), (" ", " ")), (("centos", "8"), ("el 8", "centos 8")),
    (("sles", "15.6"), ("sles 15", "sles 15")), (("sles_sap", "15.10"), ("sles 15", "sles 15")), (("sles", "15.5"), ("sles 15.5", "sles 15.5")),
    (("sles", "15"), ("sles 15.0", "sles 15.0")),
    (("opensuse-leap", "16.0"), ("opensuse-leap 16", "opensuse-leap 16")),
])
def test_systems_go_by_name_and_release_not_by_comparing_texts(told, names):
    assert table.system_of({"id": told[0], "version": told[1]}) == names


@pytest.mark.parametrize(("name", "locked"), [
    ("nvidia-open-driver-G06", True), ("nvidia-persistenced", True), ("libnvidia-ml", True), ("kernel-firmware-nvidia-gspx-G06", True),
    ("kernel-firmware-nvidia", False),  # SUSE's own, whose versions are dates
])
def test_what_zypper_is_told_to_lock_are_the_driver_s_packages(name, locked):
    assert fnmatchcase(name, table.LOCKED) == locked


@pytest.mark.parametrize(("name", "manager"), [("debian", "apt"), ("ubuntu", "apt"), ("rocky", "dnf"), ("fedora", "dnf"), ("sles_sap", "zypper"),
                                               ("opensuse-leap", "zypper"), ("opensuse-tumbleweed", "dnf"), ("", "dnf")])
def test_each_system_has_its_manager_of_packages(name, manager):
    assert table.manager({"id": name}) == manager


@pytest.mark.parametrize("branch", table.BRANCHES)
def test_ubuntu_s_names_lose_the_branch_at_590(branch):
    first, packages = table.vendor_packages(table.SYSTEMS["ubuntu 24.04"], branch, True)
    assert first == [f"nvidia-driver-pinning-{branch}"]
    assert any(branch in name for name in packages) == (int(branch) < 590)


@pytest.mark.parametrize(("name", "kernel", "arch", "exact", "following"), [
    ("sles 15", "6.4.0-150600.23.65-default", "x86_64", "kernel-default-devel=6.4.0-150600.23.65", "kernel-default-devel"),
    ("sles 16", "6.12.0-160000.5-64kb", "aarch64", "kernel-64kb-devel=6.12.0-160000.5", "kernel-64kb-devel"),
    ("debian 12", "6.1.0-1-arm64", "aarch64", "linux-headers-6.1.0-1-arm64", "linux-headers-arm64"),
    ("ubuntu 24.04", "6.8.0-31-generic", "x86_64", "linux-headers-6.8.0-31-generic", "linux-headers-generic"),
    ("ubuntu 24.04", "6.14.0-33-generic", "x86_64", "linux-headers-6.14.0-33-generic", "linux-headers-generic-hwe-24.04"),
    ("ubuntu 26.04", "6.17.0-5-generic", "x86_64", "linux-headers-6.17.0-5-generic", "linux-headers-generic"),
    ("ubuntu 25.10", "6.17.0-5-generic", "x86_64", "linux-headers-6.17.0-5-generic", "linux-headers-generic"),
    ("ubuntu 22.04", "6.8.0-65-lowlatency", "x86_64", "linux-headers-6.8.0-65-lowlatency", "linux-headers-lowlatency-hwe-22.04"),
    ("ubuntu 24.04", "6.8.0-31-generic-64k", "aarch64", "linux-headers-6.8.0-31-generic-64k", "linux-headers-generic-64k"),
    ("ubuntu 24.04", "6.14.0-1012-aws", "x86_64", "linux-headers-6.14.0-1012-aws", "linux-headers-aws"),
])
def test_headers_are_of_the_very_kernel_and_of_those_to_come(name, kernel, arch, exact, following):
    assert table.header_packages(name, kernel, arch, False) == ([exact], [following])
    assert table.header_packages(name, kernel, arch, True) == ([], [following])


def test_headers_of_el_are_named_with_their_release_also_where_some_are_there():
    for there in (False, True):
        assert table.header_packages("rocky 8", "4.18.0-553.el8_10.x86_64", "x86_64", there) == (
            ["kernel-devel-4.18.0-553.el8_10.x86_64"], ["kernel-devel"])
        assert table.header_packages("rocky 9", "5.14.0-1.el9.x86_64", "x86_64", there) == (
            ["kernel-devel-matched-5.14.0-1.el9.x86_64"], ["kernel-devel-matched"])


def test_the_first_kernel_of_each_ubuntu_is_known():
    assert set(table.FIRST_KERNELS) == {name for name in table.SYSTEMS if name.startswith("ubuntu")}
