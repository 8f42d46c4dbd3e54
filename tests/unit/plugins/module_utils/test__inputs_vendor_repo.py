# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._inputs_vendor_repo import problems

FINGERPRINT = "0218 2E60 104F CDC2 6EAE  1B85 97A5 D4CB 8793 F200"
APT = {"vendor_repo_name": "cuda", "vendor_repo_state": "present", "vendor_repo_url": "https://mirror.example/cuda", "vendor_repo_suites": ["./"],
       "vendor_repo_components": [], "vendor_repo_key_url": "https://mirror.example/key.asc", "vendor_repo_key": "",
       "vendor_repo_key_fingerprints": [FINGERPRINT], "vendor_repo_pins": []}


@pytest.mark.parametrize("other", [
    {},
    {"vendor_repo_suites": [], "vendor_repo_url": "file:///srv/repo"},
    {"vendor_repo_suites": ["noble"], "vendor_repo_components": ["main"]},
    {"vendor_repo_manager": "apt"},
    {"vendor_repo_suites": [], "vendor_repo_manager": "zypper"},
    {"vendor_repo_suites": [], "vendor_repo_manager": "dnf", "vendor_repo_pins": [{"packages": ["x"], "version": "1"}]},
    {"vendor_repo_key_url": "", "vendor_repo_key": "-----BEGIN"},
    {"vendor_repo_pins": [{"packages": ["nvidia-*", "libnvidia*"], "version": "580.105.08*", "priority": 1002}]},
    {"vendor_repo_pins": [{"packages": ["x"], "origin": "a.example"}]},
    {"vendor_repo_state": "absent", "vendor_repo_url": "", "vendor_repo_key_fingerprints": []},
])
def test_what_is_fine(other):
    assert problems({**APT, **other}) == []


@pytest.mark.parametrize(("name", "value", "said"), [
    ("name", "", "is not a name of letters"),
    ("name", "../cuda", "is not a name of letters"),
    ("name", "a.b", "is not a name of letters"),
    ("url", "mirror.example", "is not an address"),
    ("url", "https://mirror.example/a b", "is not an address"),
    ("url", "https://mirror.example/a\nTrusted: yes", "is not an address"),
    ("key_url", "", "give either it or vendor_repo_key, by which"),
    ("key_url", "key.asc", "is not an address that a host can ask"),
    ("key_url", "file:///srv/key.asc", "is not an address that a host can ask"),
    ("key", "-----BEGIN", "give either it or vendor_repo_key, not both"),
    ("key_fingerprints", [], "is empty; name the keys"),
    ("key_fingerprints", ["8793F200"], "anybody can make a key with the same short id"),
    ("suites", ["stable\nTrusted: yes"], "is not the name of a suite"),
    ("suites", ["stable"], "is empty; for example [main]"),
    ("manager", "zypper", "apt alone has suites, and has always some; vendor_repo_manager is zypper"),
    ("components", ["main"], "a flat repository, whose suite ends in /, has none"),
    ("pins", ["nvidia-*"], "names no packages"),
    ("pins", [{"packages": ["a"], "versoin": "1"}], "versoin is not one of packages, version, origin, priority; did you mean version?"),
    ("pins", [{"packages": ["a"], "version": "1", "origin": "b"}], "either to a version or to an origin"),
    ("pins", [{"packages": ["a\nPin: origin b"], "version": "1"}], "is not the name of a package"),
    ("pins", [{"packages": ["a"], "version": "1\n"}], "is no version"),
    ("pins", [{"packages": ["a"], "version": "1", "priority": "high"}], "priority 'high' is not a number"),
])
def test_what_is_wrong_is_told_in_one_line_with_the_variable_s_name(name, value, said):
    (line,) = problems({**APT, f"vendor_repo_{name}": value})
    assert line.startswith("vendor_repo_") and said in line and "\n" not in line


def test_zypper_takes_no_pins_of_a_repository():
    zypper = {**APT, "vendor_repo_suites": [], "vendor_repo_manager": "zypper", "vendor_repo_pins": [{"packages": ["x"], "version": "1"}]}
    assert problems(zypper) == ["vendor_repo_pins: zypper takes none of a repository; lock packages instead: zypper addlock"]
