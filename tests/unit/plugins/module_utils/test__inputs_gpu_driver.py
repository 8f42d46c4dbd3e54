# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._inputs_gpu_driver import problems
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.driver_bed import WANTED, wanted
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.mok_samples import HASH, pair

KEY, CERTIFICATE = pair()


def test_what_the_tests_take_for_granted_is_right():
    assert problems(WANTED) == [] and problems({}) == []


@pytest.mark.parametrize(("name", "value", "words"), [
    ("source", "vendors", "gpu_driver_source: 'vendors' is none of vendor, distro, none; did you mean vendor?"),
    ("source", None, "gpu_driver_source: nothing is none of "),
    ("vendor", "intel", "gpu_driver_vendor: 'intel' is none of auto, nvidia, amd; for example 'auto'"),
    ("nvidia_branch", 999, "gpu_driver_nvidia_branch: 999 is none of auto, 550, 570, 580, "),
    ("hold", "ja", "gpu_driver_hold: 'ja' is neither true nor false; "),
    ("persistence", 2, "gpu_driver_persistence: 2 is neither true nor false; "),
    ("nvidia_branch", "535", "gpu_driver_nvidia_branch: '535' is none of "),
    ("nvidia_flavour", "closed", "gpu_driver_nvidia_flavour: 'closed' is none of auto, open, proprietary; "),
    ("nvidia_version", "580", "gpu_driver_nvidia_version: '580' is no version of NVIDIA's driver; "),
    ("nvidia_version", 580.1, "gpu_driver_nvidia_version: 580.1 is no version of NVIDIA's driver; "),
    ("nvidia_minimum", "x", "gpu_driver_nvidia_minimum: 'x' is no version of NVIDIA's driver; "),
    ("nvidia_repository", "mirror", "gpu_driver_nvidia_repository: 'mirror' is no URL; "),
    ("nvidia_repository", "file:///srv/repos", "gpu_driver_nvidia_repository: 'file:///srv/repos' is no URL; "),
    ("nvidia_key_fingerprints", ["3BF863CC"], "gpu_driver_nvidia_key_fingerprints: ['3BF863CC'] is not a list of whole fingerprints"),
    ("amd_key_fingerprints", "x", "gpu_driver_amd_key_fingerprints: "),
    ("amd", "none", "gpu_driver_amd: 'none' is none of inbox, dkms; "),
    ("amd_release", "30.30", "gpu_driver_amd_release: '30.30' is none of 30.10.2, "),
    ("secure_boot", "off", "gpu_driver_secure_boot: 'off' is none of require_signed, enroll, ignore; "),
    ("reboot_policy", "always", "gpu_driver_reboot_policy: 'always' is none of never, report, reload, reboot; "),
    ("drain_command", "balancer drain", "gpu_driver_drain_command: 'balancer drain' is no list of a command's words; for example "),
    ("undrain_command", ["balancer", 1], "gpu_driver_undrain_command: ['balancer', 1] is no list of a command's words; for example "),
    ("serial", "all", "gpu_driver_serial: 'all' is no number of hosts; for example "),
    ("serial", 0, "gpu_driver_serial: 0 is no number of hosts; for example "),
    ("expected", True, "gpu_driver_expected: true is no number of GPUs; "),
    ("expected", -1, "gpu_driver_expected: -1 is no number of GPUs; "),
    ("expected", "two", "gpu_driver_expected: 'two' is no number of GPUs; "),
])
def test_each_variable_by_itself(name, value, words):
    line = problems(wanted(**{name: value}))[0]
    assert line.startswith(words) and "\n" not in line and "; " in line


@pytest.mark.parametrize(("name", "value"), [("nvidia_branch", 580), ("expected", "2"), ("hold", "no"), ("persistence", "False")])
def test_texts_and_numbers_that_say_what_is_meant_are_taken(name, value):
    assert problems(wanted(**{name: value})) == []


@pytest.mark.parametrize(("choice", "words"), [
    ({"nvidia_branch": "595", "nvidia_version": "580.178.04"}, "gpu_driver_nvidia_version: '580.178.04' is not of the branch 595, "),
    ({"secure_boot": "enroll"}, "gpu_driver_mok_password_hash: gpu_driver_secure_boot is enroll, and the console will ask for a password; "),
    ({"mok_password_hash": "secret"}, "gpu_driver_mok_password_hash: it is no hash of a password; "),
    ({"mok_key": KEY}, "gpu_driver_mok_key: it goes with gpu_driver_mok_certificate; "),
    ({"mok_certificate": CERTIFICATE}, "gpu_driver_mok_key: it goes with gpu_driver_mok_certificate; "),
    ({"mok_certificate": KEY, "mok_key": KEY}, "gpu_driver_mok_certificate: it is no certificate in PEM"),
    ({"mok_certificate": CERTIFICATE, "mok_key": pair(1)[0]}, "gpu_driver_mok_key: it does not belong to the certificate"),
    ({"mok_certificate": 5}, "gpu_driver_mok_certificate, gpu_driver_mok_key, gpu_driver_mok_password_hash: one of them is no text; "),
    ({"drain_command": ["balancer"]}, "gpu_driver_undrain_command: it is empty, and gpu_driver_drain_command is not; "),
    ({"undrain_command": ["balancer"]}, "gpu_driver_drain_command: it is empty, and gpu_driver_undrain_command is not; "),
    ({"source": "distro", "nvidia_version": "580.178.04"}, "gpu_driver_nvidia_version: '580.178.04' is for NVIDIA's repository, "),
])
def test_variables_against_each_other(choice, words):
    (line,) = problems(wanted(**choice))
    assert line.startswith(words)
    assert not any(secret in line for secret in ("secret", *KEY.splitlines()))
    assert problems(wanted(nvidia_branch="580", nvidia_version="580.178.04")) == []
    assert problems(wanted(secure_boot="enroll", mok_password_hash=HASH, mok_certificate=CERTIFICATE, mok_key=KEY)) == []
