# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._driver_key import PACKAGES
from ansible_collections.barellama.fleet.plugins.module_utils._driver_plan import plan
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import CONSOLE
from ansible_collections.barellama.fleet.plugins.module_utils._mok import certificate_of, digest
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.driver_bed import MOK, gpu, host, wanted
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.mok_samples import HASH, pair

KEY, CERTIFICATE = pair()
ENROLL = {"secure_boot": "enroll", "mok_password_hash": HASH}
FLEET = {**ENROLL, "mok_key": KEY, "mok_certificate": CERTIFICATE}
INSTALLED = {"installed": True, "installed_version": "580.178.04", "libraries": "580.178.04"}
NOT_ENROLLED = "the key that DKMS signs with, /var/lib/dkms/mok.pub, is not enrolled for Secure Boot"


def planned(told=(), **choice):
    return plan([gpu()], host(**{"secure_boot": True, "driver": INSTALLED, "made": {"nvidia": "vendor"}, **dict(told)}), wanted(**choice))


@pytest.mark.parametrize("choice", [ENROLL, FLEET])
@pytest.mark.parametrize("told", [{}, {"key_enrolled": False}, {"key_enrolled": False, "mok": {**MOK, "digest": digest(certificate_of(CERTIFICATE))}}])
def test_a_key_that_is_not_enrolled_is_a_difference(told, choice):
    found = planned(told, **choice)
    assert (found["refusals"], found["differs"], found["enrol"]) == ([], [NOT_ENROLLED], [told.get("mok", MOK)])
    assert set(PACKAGES) <= set(found["desired"])


@pytest.mark.parametrize("told", [{"key_enrolled": True}, {"key_enrolled": False, "key_queued": True, "reboot": [CONSOLE]}])
def test_one_that_is_or_that_waits_is_none(told):
    found = planned(told, **FLEET)
    assert (found["refusals"], found["differs"]) == ([], [])


@pytest.mark.parametrize("policy", ["reboot", "reload", "report"])
def test_a_host_whose_console_needs_a_person_is_not_restarted(policy):
    restart = planned({"key_queued": True, "reboot": [CONSOLE]}, reboot_policy=policy, **FLEET)["restart"]
    assert (restart["do"], restart["waits"]) == ("report", True) and CONSOLE in restart["said"]
    assert "by a person" in restart["said"] and "run gpu.yml" not in restart["said"], "that would not restart it either"


@pytest.mark.parametrize(("system", "told", "choice"), [
    ("debian 13", {"secure_boot": False, "mok": None}, FLEET), ("debian 13", {"secure_boot": None, "mok": None}, FLEET),
    ("debian 13", {}, {**FLEET, "secure_boot": "ignore"}), ("ubuntu 24.04", {}, {**FLEET, "source": "distro"}),
])
def test_no_key_is_touched_where_none_is_needed(system, told, choice):
    found = planned({"system": system, **told, "made": {}}, **choice)
    assert (found["refusals"], found["enrol"]) == ([], []) and not set(PACKAGES) & set(found["desired"])


@pytest.mark.parametrize(("mok", "choice", "words"), [
    ({"digest": "another"}, FLEET, "gpu_driver_mok_certificate: DKMS signs with another key here, /var/lib/dkms/mok.pub, and this role replaces none; "),
    ({"key": "pkcs11:token=x"}, ENROLL, "gpu_driver_secure_boot: DKMS's own configuration has its key in pkcs11:token=x, "),
    ({"certificate": "/etc/$kernelver.der"}, ENROLL, "gpu_driver_secure_boot: DKMS's own configuration has its key in /var/lib/dkms/mok.key, "),
])
def test_what_would_lose_a_key_is_refused(mok, choice, words):
    (line,) = planned({"mok": {**MOK, **mok}}, **choice)["refusals"]
    assert line.startswith(words) and "\n" not in line


def test_amd_s_own_driver_is_signed_too():
    found = plan([gpu("CDNA 3")], host("ubuntu 24.04", secure_boot=True), wanted(amd="dkms", **ENROLL))
    assert (found["refusals"], found["signs"], found["enrol"]) == ([], ["amd"], [MOK])
