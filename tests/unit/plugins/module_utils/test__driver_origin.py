# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _driver_origin as origin
from ansible_collections.barellama.fleet.plugins.module_utils._driver_table import SYSTEMS


@pytest.mark.parametrize(("system", "version", "named"), [
    ("debian 13", "", "nvidia-driver-cuda=580.*"), ("debian 13", "580.178.04", "nvidia-driver-cuda=580.178.04-*"),
    ("el 8", "", "nvidia-driver-cuda-580.*"), ("el 8", "580.178.04", "nvidia-driver-cuda-580.178.04-*"),
    ("sles 15", "", "nvidia-driver-cuda<581"), ("sles 15", "580.178.04", "nvidia-driver-cuda=580.178.04"),
])
def test_each_manager_is_told_the_version_in_its_own_way(system, version, named):
    assert origin.exactly("nvidia-driver-cuda", SYSTEMS[system], "vendor", "580", version) == named
    assert origin.exactly("nvidia-driver-cuda", SYSTEMS[system], "distro", "580", version) == "nvidia-driver-cuda"


@pytest.mark.parametrize(("version", "lock"), [("", "*nvidia-* >= 581"), ("580.178.04", "*nvidia-* > 580.178.04")])
def test_a_lock_is_of_what_is_newer_alone(version, lock):
    assert origin.lock("580", version) == lock
    assert list(origin.other_locks([lock], [lock])) == list(origin.other_locks([], [])) == []
    assert list(origin.other_locks([lock], [])) == [f"zypper has the lock {lock}, which is not wanted"]
    assert list(origin.other_locks(["*nvidia-* >= 596"], [lock])) == [
        "zypper has the lock *nvidia-* >= 596, which is of another version", f"zypper has no lock {lock}"]
