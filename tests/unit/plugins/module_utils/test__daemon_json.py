# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _daemon_json as daemon_json
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError


@pytest.mark.parametrize(("content", "value"), [
    (None, {}), (b"", {}), (b" \n", {}), (b"{}", {}), (b'{"debug": true}\n', {"debug": True}), ('{"labels": ["ä"]}'.encode(), {"labels": ["ä"]}),
])
def test_what_docker_reads_is_read(content, value):
    assert daemon_json.parse(content) == value


@pytest.mark.parametrize(("content", "words"), [
    (b'{"debug": true,\n "dns": [,]}', "line 2, column 10"),
    (b'{"debug": true', "line 1, column 15"),
    (b"{'debug': true}", "line 1, column 2"),
    (b"[]", "no object"), (b"null", "no object"), (b"7", "no object"),
    (b'{"debug": NaN}', "NaN is no JSON"),
    (b'{"debug": true, "debug": false}', "'debug' is in it twice"),
    (b'{"features": {"cdi": true, "cdi": false}}', "'cdi' is in it twice"),
    (b'{"a": "\xff"}', "byte 7 is no UTF-8"),
    (b"[" * 100_000, "daemon.json"),
])
def test_what_docker_cannot_read_is_one_line_that_says_where(content, words):
    with pytest.raises(FleetError) as caught:
        daemon_json.parse(content)
    assert words in str(caught.value) and "/etc/docker/daemon.json" in str(caught.value) and "nothing was changed" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("found", "wanted", "merged"), [
    ({}, {}, {}),
    ({"a": 1}, {}, {"a": 1}),
    ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
    ({"features": {"containerd-snapshotter": True}}, {"features": {"cdi": True}}, {"features": {"containerd-snapshotter": True, "cdi": True}}),
    ({"features": True}, {"features": {"cdi": True}}, {"features": {"cdi": True}}),
    ({"dns": ["192.0.2.1"]}, {"dns": ["192.0.2.2"]}, {"dns": ["192.0.2.2"]}),
    ({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": None}}, {"b": {"d": 3}}),
    ({}, {"a": {"b": None}}, {"a": {}}),
])
def test_what_nobody_mentions_stays(found, wanted, merged):
    before = dict(found)
    assert daemon_json.merge(found, wanted) == merged
    assert found == before
    assert daemon_json.merge(merged, wanted) == merged


@pytest.mark.parametrize(("found", "merged", "lines"), [
    ({"a": 1}, {"a": 1}, []),
    ({}, {"debug": True}, ["debug is nothing, not true"]),
    ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b is 1, not 2"]),
    ({"a": 1}, {}, ["a is 1, not nothing"]),
    ({"a": {"b": 1}}, {}, ["a is a dictionary, not nothing"]),
    ({}, {"a": {"b": 1}}, ["a.b is nothing, not 1"]),
    ({}, {"a": {}}, ["a is nothing, not a dictionary"]),
    ({"a": 1}, {"a": {"b": 1}}, ["a is 1, not a dictionary"]),
    ({"a": 1}, {"a": True}, ["a is 1, not true"]),
    ({"a": [1]}, {"a": [True]}, ["a is [1], not [true]"]),
    ({}, {"registry-token": "word"}, ["registry-token is nothing, not '***'"]),
])
def test_each_change_is_told(found, merged, lines):
    assert list(daemon_json.changes(found, merged)) == lines


def test_it_is_written_so_that_people_can_read_it_and_it_reads_the_same():
    value = {"z": {"ä": [1, "b"]}, "a": True}
    assert daemon_json.parse(daemon_json.text(value).encode()) == value
    assert list(daemon_json.parse(daemon_json.text(value).encode())) == ["z", "a"]
    assert daemon_json.digest({"a": 1, "b": 2}) == daemon_json.digest({"b": 2, "a": 1}) != daemon_json.digest({"a": 1})


@pytest.mark.parametrize(("vendor", "version", "keys"), [
    ("nvidia", "20.10.24", daemon_json.LEGACY), ("nvidia", "24.0.7", daemon_json.LEGACY), ("nvidia", "25.0.0", daemon_json.CDI),
    ("nvidia", "26.1.5", daemon_json.CDI), ("nvidia", "28.1.1", daemon_json.CDI), ("nvidia", "28.2.0", {}), ("nvidia", "29.0", {}),
    ("amd", "24.0", {}), ("amd", "26.1.5", daemon_json.CDI), ("none", "26.1.5", {}), ("nvidia", None, {}),
])
def test_docker_is_told_what_its_version_needs(vendor, version, keys):
    assert daemon_json.for_gpus(vendor, version) == keys
