# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils import _settings_kinds as kinds

FOREVER = kinds.duration("forever")
ENDED = kinds.duration("infinite", zero="means no end")

GOOD = [
    (kinds.boolean, True, "1"),
    (kinds.boolean, False, "0"),
    (kinds.on_off, True, "on"),
    (kinds.on_off, False, "off"),
    (kinds.log_level, True, "1"),
    (kinds.log_level, False, "0"),
    (kinds.log_level, 2, "2"),
    (kinds.log_level, -1, "-1"),
    (kinds.whole(1, 9, 3), 1, "1"),
    (kinds.whole(1, 9, 3), 9, "9"),
    (kinds.size_in_bytes, 0, "0"),
    (kinds.size_in_bytes, 2**31, "2147483648"),
    (kinds.sizes_in_mib, 1024, "1024"),
    (kinds.sizes_in_mib, [1024, 0], "1024,0"),
    (FOREVER, "5m", "5m"),
    (FOREVER, "1h30m", "1h30m"),
    (FOREVER, "1.5h", "1.5h"),
    (FOREVER, 0, "0"),
    (FOREVER, "0s", "0s"),
    (FOREVER, 300, "300"),
    (FOREVER, "forever", "-1"),
    (FOREVER, -1, "-1"),
    (FOREVER, "-1m", "-1"),
    (ENDED, "10m", "10m"),
    (ENDED, "infinite", "-1"),
    (kinds.choice("a", "b"), "b", "b"),
    (kinds.matching("a+", "rule"), "aa", "aa"),
    (kinds.devices(uuids=True), 0, "0"),
    (kinds.devices(uuids=True), [0, 1], "0,1"),
    (kinds.devices(uuids=True), "1,0", "1,0"),
    (kinds.devices(uuids=True), ["GPU-8f2a-1", "MIG-GPU-8f2a/1/0"], "GPU-8f2a-1,MIG-GPU-8f2a/1/0"),
    (kinds.devices(uuids=True), -1, "-1"),
    (kinds.devices(uuids=False), "-1", "-1"),
    (kinds.origins, ["https://a.example.com", "http://b:3000"], "https://a.example.com,http://b:3000"),
    (kinds.origins, "https://*.example.com", "https://*.example.com"),
    (kinds.origins, ["chrome-extension://abc"], "chrome-extension://abc"),
    (kinds.hosts, "localhost,.example.com,10.0.0.0/8,::1", "localhost,.example.com,10.0.0.0/8,::1"),
    (kinds.hosts, ["a.example.com:8080", "[::1]:80"], "a.example.com:8080,[::1]:80"),
]


@pytest.mark.parametrize("kind, value, text", GOOD)
def test_a_typed_value_becomes_the_text_that_ollama_reads(kind, value, text):
    assert kind(value) == text


BAD = [
    (kinds.boolean, ["no", "off", "yes", "true", 1, 0, None, ""]),
    (kinds.on_off, ["on", "off", 1]),
    (kinds.log_level, ["debug", 3, -2, 1.0, None]),
    (kinds.whole(1, 9, 3), [0, 10, -1, "3", 3.0, True, None, [3]]),
    (kinds.size_in_bytes, [-1, "1GB", 1.5, True, 2**51]),
    (kinds.sizes_in_mib, [-1, [], [1, "2"], "1024", True, 2**40]),
    (FOREVER, ["5 minutes", "", "-0", "-0s", "5", "m", "5M", "1h 30m", 1.5, True, None, 10**10, "9999999999h", "५m"]),
    (ENDED, [0, -1, "0s", "-5m", "forever", "0"]),
    (kinds.choice("a", "b"), ["c", "A", None, ["a"]]),
    (kinds.matching("a+", "rule"), ["b", "aa\n", "", 1, None]),
    (kinds.devices(uuids=True), [[], "", "a", [0, 0], "0,0", [0, "GPU-8f2a"], [-1, 0], [True], [1.0], 1000, "0, 1", "GPU"]),
    (kinds.devices(uuids=False), [["GPU-8f2a"], "GPU-8f2a", -2]),
    (kinds.origins, ["*", ["*"], ["http://*"], ["http://*:80"], "example.com", [" http://a"], ["http://a b"],
                     ["http://a/b"], ["http://*.a.*"], [], "", 1, [None], ["ftp://a"]]),
    (kinds.hosts, [[], "", "a b", ["a\nb"], [1], "http://a"]),
]


@pytest.mark.parametrize("kind, value", [(kind, value) for kind, values in BAD for value in values])
def test_a_wrong_value_is_refused_with_a_rule(kind, value):
    with pytest.raises(ValueError, match=r"\w"):
        kind(value)


SIZES = [("2GB", 2**31), ("2 gib", 2**31), ("512M", 2**29), ("1T", 2**40), ("7k", 7168), ("lots", 2**31)]


@pytest.mark.parametrize("value, number", SIZES)
def test_a_size_with_a_unit_is_answered_with_its_bytes(value, number):
    with pytest.raises(ValueError, match=f"is not a whole number of bytes; write {number}"):
        kinds.size_in_bytes(value)
