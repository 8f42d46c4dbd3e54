# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _driver_table as table


def test_keys_are_known_by_their_whole_fingerprint():
    for _file, fingerprint in (table.APT_KEY, table.DEBIAN_13_KEY, table.DNF_KEY, table.AMD_KEY):
        assert re.fullmatch("[0-9A-F]{40}", fingerprint)
    assert table.SYSTEMS["debian 13"].key != table.SYSTEMS["debian 12"].key, "Debian 13 refuses the older key"


def test_floors_are_of_branches_that_there_are():
    assert set(table.FLOORS) <= set(table.BRANCHES)
    assert all(floor.startswith(f"{branch}.") for branch, floor in table.FLOORS.items())
    assert {row.branch for row in table.SYSTEMS.values()} <= {*table.FLOORS, ""}, "the branch of nobody's choice gets fixes"


@pytest.mark.parametrize(("told", "names"), [
    (("debian", "13"), ("debian 13", "debian 13")), (("ubuntu", "24.04"), ("ubuntu 24.04", "ubuntu 24.04")),
    (("rocky", "9.6"), ("el 9", "rocky 9")), (("almalinux", "10.1"), ("el 10", "almalinux 10")), (("rhel", "10"), ("el 10", "rhel 10")),
    (("fedora", "44"), ("fedora 44", "fedora 44")), (("", ""), (" ", " ")),
])
def test_systems_go_by_name_and_release_not_by_comparing_texts(told, names):
    assert table.system_of({"id": told[0], "version": told[1]}) == names


@pytest.mark.parametrize("branch", table.BRANCHES)
def test_ubuntu_s_names_lose_the_branch_at_590(branch):
    first, packages = table.vendor_packages(table.SYSTEMS["ubuntu 24.04"], branch, True)
    assert first == [f"nvidia-driver-pinning-{branch}"]
    assert any(branch in name for name in packages) == (int(branch) < 590)


def test_headers_are_of_the_very_kernel_and_of_those_to_come():
    assert table.header_packages("debian 12", "6.1.0-1-arm64", "aarch64") == (["linux-headers-6.1.0-1-arm64"], ["linux-headers-arm64"])
    assert table.header_packages("ubuntu 24.04", "6.8.0-1012-aws", "x86_64") == (["linux-headers-6.8.0-1012-aws"], ["linux-headers-aws"])
    assert table.header_packages("rocky 9", "5.14.0-1.el9.x86_64", "x86_64") == (["kernel-devel-matched-5.14.0-1.el9.x86_64"], ["kernel-devel-matched"])
