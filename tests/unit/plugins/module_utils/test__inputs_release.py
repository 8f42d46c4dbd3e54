# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._inputs_release import problems

GOOD = {"ollama_version": "0.34.4", "ollama_release_url": "https://github.com/ollama/ollama/releases/download"}
TABLE = {"0.34.4": {}, "0.34.5": {"ollama-linux-amd64-rocm.tar.zst": {}}, "0.34.4-rc1": {}, "0.17.0": {}, "0.29.1": {}}
SUM = "a" * 64
OLD = "install 0.30.0 or newer, or set ollama_allow_insecure_release: true to run it unsupported"
NOT_FULL = 'is not a full version; write X.Y.Z without a v, for example "0.34.4"'
FLOATING = 'is a floating version, which no second run can repeat; write X.Y.Z, for example "0.34.4"'
UNKNOWN = (
    "ollama_version: '0.99.0' has no sha256 in this collection's table; set ollama_release_checksums (amd64, arm64), "
    "or ollama_release_trust_own_checksums: true to believe the release's own sha256sum.txt"
)
NO_WEB = "is not a web address; for example https://mirror.example.com/ollama"

# The ids are the rows of the table of bad inputs that these messages answer.
BAD = [
    ("1", {"ollama_version": "latest"}, f"ollama_version: 'latest' {FLOATING}"),
    ("1", {"ollama_version": "stable"}, f"ollama_version: 'stable' {FLOATING}"),
    ("2", {"ollama_version": "v0.17"}, f"ollama_version: 'v0.17' {NOT_FULL}"),
    ("2", {"ollama_version": "v0.34.4"}, f"ollama_version: 'v0.34.4' {NOT_FULL}"),
    ("2", {"ollama_version": "0.34.4\n"}, f"ollama_version: '0.34.4\\x0a' {NOT_FULL}"),
    ("2", {"ollama_version": None}, f"ollama_version: nothing {NOT_FULL}"),
    ("3", {"ollama_version": "0.17.0"},
     "ollama_version: '0.17.0' is below the security floor 0.17.1 "
     f"(CVE-2026-7482: a model file can read the server's memory); {OLD}"),
    ("3", {"ollama_version": "0.29.1"},
     f"ollama_version: '0.29.1' is not supported, since Ollama was another product before 0.30; {OLD}"),
    ("4", {"ollama_version": "0.99.0"}, UNKNOWN),
    ("4", {"ollama_version": "0.99.0", "ollama_release_checksums": {"amd64-rocm": SUM}}, UNKNOWN),
    ("5", {"ollama_version": 0.20},
     'ollama_version: 0.2 is a number to YAML, which reads 0.20 as 0.2; quote a full version, for example "0.34.4"'),
    ("6", {"ollama_version": "0.34.4-rc1"},
     "ollama_version: '0.34.4-rc1' is a pre-release; choose a release, or set ollama_allow_prerelease: true"),
    ("7", {"ollama_release_checksums": {"amd64": "a" * 63}},
     f"ollama_release_checksums.amd64: '{'a' * 60}...' is not a sha256 (63 characters); "
     "write 64 hexadecimal digits in lower case, in quotes"),
    ("7", {"ollama_release_checksums": None},
     "ollama_release_checksums: nothing is not a dictionary; for example {amd64: <64 hexadecimal digits>}"),
    ("7", {"ollama_release_checksums": {"arm64": 5}},
     "ollama_release_checksums.arm64: 5 is not a sha256; write 64 hexadecimal digits in lower case, in quotes"),
    ("8", {"ollama_release_checksums": {"amd64": "md5:abc"}},
     "ollama_release_checksums.amd64: 'md5:abc' has a prefix; "
     "only a sha256 is taken, as its 64 hexadecimal digits alone"),
    ("9", {"ollama_release_checksums": {"amd46": SUM}},
     "ollama_release_checksums: 'amd46' is not an architecture; there are amd64, arm64, amd64-rocm, amd64-mlx, "
     "arm64-jetpack5, arm64-jetpack6; did you mean amd64?"),
    ("9", {"ollama_release_overlays": ["rocm"]},
     "ollama_release_overlays: ollama-linux-amd64-rocm.tar.zst of 0.34.4 has no sha256 in this collection's table; "
     "set ollama_release_checksums (amd64-rocm, from the release's sha256sum.txt), or "
     "ollama_release_trust_own_checksums: true to believe that file as it comes"),
    ("9", {"ollama_release_overlays": ["rocm"], "ollama_release_url": "http://mirror/x", "ollama_allow_http_release": True,
           "ollama_release_trust_own_checksums": True},
     "ollama_release_overlays: ollama-linux-amd64-rocm.tar.zst of 0.34.4 has no known sha256, and one that comes over "
     "plain HTTP proves nothing; set ollama_release_checksums (amd64-rocm)"),
    ("9", {"ollama_release_overlays": ["jetpack6"], "ollama_release_checksums": {"amd64-rocm": SUM}},
     "ollama_release_overlays: ollama-linux-arm64-jetpack6.tar.zst of 0.34.4 has no sha256 in this collection's table; "
     "set ollama_release_checksums (arm64-jetpack6, from the release's sha256sum.txt), or "
     "ollama_release_trust_own_checksums: true to believe that file as it comes"),
    ("9", {"ollama_release_checksums": SUM},
     f"ollama_release_checksums: '{'a' * 60}...' is not a dictionary; for example {{amd64: <64 hexadecimal digits>}}"),
    ("10", {"ollama_release_url": "http://mirror/x"},
     "ollama_release_url: 'http://mirror/x' is plain HTTP; use https, or set ollama_allow_http_release: true "
     "(the sha256 is still required)"),
    ("10", {"ollama_version": "0.99.0", "ollama_release_url": "http://mirror/x", "ollama_allow_http_release": True,
            "ollama_release_trust_own_checksums": True},
     "ollama_version: '0.99.0' has no known sha256, and one that comes over plain HTTP proves nothing; "
     "set ollama_release_checksums (amd64, arm64)"),
    ("11", {"ollama_release_url": "https://me:hunter2@mirror/x"},
     "ollama_release_url: 'https://***@mirror/x' has credentials in it, which logs would show; "
     "remove them, and let the mirror admit hosts by address"),
    ("12", {"ollama_release_url": "file:///srv/x"}, f"ollama_release_url: 'file:///srv/x' {NO_WEB}"),
    ("12", {"ollama_release_url": "https://a b"}, f"ollama_release_url: 'https://a b' {NO_WEB}"),
    ("12", {"ollama_release_url": "https://[x"}, f"ollama_release_url: 'https://[x' {NO_WEB}"),
    ("12", {"ollama_release_archive": "file:///x"},
     "ollama_release_archive: 'file:///x' is not an absolute path on the host; "
     "for example /var/tmp/ollama-linux-amd64.tar.zst"),
]


@pytest.mark.parametrize("changed, message", [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_a_bad_release_is_told_in_these_words(changed, message):
    assert problems({**GOOD, **changed}, TABLE) == [message]


FINE = [
    {},
    {"ollama_version": "0.34.4-rc1", "ollama_allow_prerelease": True},
    {"ollama_version": "0.17.0", "ollama_allow_insecure_release": "true"},
    {"ollama_version": "0.99.0", "ollama_release_checksums": {"amd64": SUM}},
    {"ollama_version": "0.99.0", "ollama_release_trust_own_checksums": True},
    {"ollama_release_url": "http://mirror:8080", "ollama_allow_http_release": "yes"},
    {"ollama_release_archive": "/var/tmp/x.tar.zst"},
    {"ollama_release_archive": ""},
    {"ollama_release_overlays": ["rocm"], "ollama_release_checksums": {"amd64-rocm": SUM}},
    {"ollama_release_overlays": ["rocm"], "ollama_release_trust_own_checksums": True},
    {"ollama_version": "0.34.5", "ollama_release_overlays": ["rocm"]},
]


@pytest.mark.parametrize("changed", FINE)
def test_what_is_right_or_opted_into_passes(changed):
    assert problems({**GOOD, **changed}, TABLE) == []


def test_a_false_word_from_the_command_line_opts_into_nothing():
    assert problems({**GOOD, "ollama_version": "0.99.0", "ollama_release_trust_own_checksums": "false"}, {}) == [UNKNOWN]


def test_without_a_table_nobody_asks_for_a_checksum():
    assert problems({"ollama_version": "0.99.0"}) == []
