# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _driver_table as table
from ansible_collections.barellama.fleet.plugins.module_utils._driver_amd import amd
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.driver_bed import gpu, host, wanted

CARDS = [gpu("CDNA 3")]


@pytest.mark.parametrize(("system", "packages"), [
    ("debian 12", ["firmware-amd-graphics"]), ("ubuntu 24.04", ["linux-firmware"]), ("rocky 9.6", ["linux-firmware"]),
    ("rhel 10.1", ["amd-gpu-firmware"]), ("fedora 44", ["amd-gpu-firmware"]),
])
def test_the_kernel_s_own_driver_takes_its_firmware_alone(system, packages):
    planned = amd(CARDS, host(system, {"installed": True}), wanted())
    assert planned["packages"] == planned["desired"] == packages and "repositories" not in planned and "versions" not in planned


@pytest.mark.parametrize("release", table.AMD_RELEASES)
def test_amd_s_own_is_of_one_of_the_releases_that_go_together(release):
    planned = amd(CARDS, host("ubuntu 24.04"), wanted(amd="dkms", amd_release=release))
    (repository,) = planned["repositories"]
    assert repository["url"] == f"https://amd.example/amdgpu/{release}/ubuntu" and repository["suites"] == ["noble"]
    assert planned["versions"] == {"amd": table.AMD_RELEASES[release]} and planned["headers"] == ["linux-headers-6.8.0-31-generic"]


def test_el_has_it_elsewhere():
    (repository,) = amd(CARDS, host("rocky 9.6"), wanted(amd="dkms"))["repositories"]
    assert repository["url"] == "https://amd.example/amdgpu/30.30.4/el/9/main/x86_64" and repository["suites"] == []
