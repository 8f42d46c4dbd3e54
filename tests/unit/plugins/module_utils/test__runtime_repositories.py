# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _inputs_vendor_repo
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_repositories as repositories

DEBIAN = {"system": ("debian", [13]), "codename": "trixie", "machine": "x86_64", "manager": "apt"}
UBUNTU = {"system": ("ubuntu", [24, 4]), "codename": "noble", "machine": "aarch64", "manager": "apt"}
ROCKY = {"system": ("el", [9, 6]), "codename": "", "machine": "aarch64", "manager": "dnf"}
FEDORA = {"system": ("fedora", [44]), "codename": "", "machine": "x86_64", "manager": "dnf"}


@pytest.mark.parametrize(("found", "docker", "suites", "toolkit"), [
    (DEBIAN, "/linux/debian", ["trixie"], "/stable/deb/amd64"), (UBUNTU, "/linux/ubuntu", ["noble"], "/stable/deb/arm64"),
    (ROCKY, "/linux/rhel/9/aarch64/stable", [], "/stable/rpm/aarch64"), (FEDORA, "/linux/fedora/44/x86_64/stable", [], "/stable/rpm/x86_64"),
])
def test_each_distribution_has_its_own_place(found, docker, suites, toolkit):
    made = repositories.docker(found, {})
    assert made["url"].endswith(docker) and made["suites"] == suites and made["key_url"].endswith("/gpg")
    made = repositories.toolkit(found, {}, "1.20.0")
    assert made["url"].endswith(toolkit) and made["pins"][0]["version"] == "1.20.0-1" and len(made["pins"][0]["packages"]) == 4


@pytest.mark.parametrize("found", [DEBIAN, UBUNTU, ROCKY, FEDORA])
def test_the_role_vendor_repo_accepts_all_of_it(found):
    for made in (repositories.docker(found, {}), repositories.toolkit(found, {}, "1.20.0")):
        assert _inputs_vendor_repo.problems({f"vendor_repo_{name}": value for name, value in made.items()}) == []


def test_a_mirror_has_its_own_address_and_key():
    made = repositories.toolkit(DEBIAN, {"url": "https://mirror.example/toolkit", "key": "words", "key_fingerprints": ["A"]}, "1.20.0")
    assert (made["url"], made["key"], made["key_url"], made["key_fingerprints"]) == ("https://mirror.example/toolkit", "words", "", ["A"])
    assert made["suites"] == ["./"]
