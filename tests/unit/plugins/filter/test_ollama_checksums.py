# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.barellama.fleet.plugins.filter.ollama_checksums import ollama_checksums

RELEASES = {
    "0.34.4": {
        "ollama-linux-amd64.tar.zst": {"sha256": "a" * 64},
        "ollama-linux-arm64.tar.zst": {"sha256": "b" * 64},
        "ollama-linux-amd64-rocm.tar.zst": {"sha256": "c" * 64},
        "ollama-windows-amd64.zip": {"sha256": "e" * 64},
    },
    "0.13.0": {"ollama-linux-amd64.tgz": {"sha256": "d" * 64}},
}


@pytest.mark.parametrize(
    ("version", "sums"),
    [
        ("0.34.4", {"amd64": "a" * 64, "arm64": "b" * 64, "amd64-rocm": "c" * 64}),
        ("0.13.0", {"amd64": "d" * 64}),
        ("0.99.0", {}),
    ],
)
def test_only_the_linux_archives_of_the_version_count(version, sums):
    assert ollama_checksums(version, RELEASES) == sums


def test_a_version_that_is_none_is_refused_as_one_line():
    with pytest.raises(AnsibleFilterError, match="is not a full version"):
        ollama_checksums("latest", RELEASES)
