# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._inputs_container_runtime import problems
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated


@pytest.mark.parametrize(("name", "value", "words"), [
    ("toolkit_version", "1.17.8", None), ("toolkit_version", "1.20.0", None), ("toolkit_version", "2.0.0", None),
    ("toolkit_version", "1.17.7", "CVE-2025-23266"), ("toolkit_version", "1.9.0", "CVE-2025-23266"),
    ("toolkit_version", 1.2, "quote X.Y.Z"), ("toolkit_version", "1.20", "quote X.Y.Z"), ("toolkit_version", "1.20.0-1", "quote X.Y.Z"),
    ("toolkit_version", "", "quote X.Y.Z"), ("toolkit_version", "latest", "quote X.Y.Z"),
    ("repositories", {}, None), ("repositories", {"toolkit": {"url": "https://mirror.example", "key": "x"}}, None),
    ("repositories", [], "not a dictionary"), ("repositories", {"toolkit": "https://mirror.example"}, "not a dictionary"),
    ("repositories", {"tolkit": {}}, "did you mean toolkit?"), ("repositories", {"docker": {"key_ulr": "x"}}, "did you mean key_url?"),
    ("repositories", {"docker": {"url": 5}}, "container_runtime_repositories.docker.url: 5 is no address"),
    ("repositories", {"docker": {"key_fingerprints": ["A"]}}, "docker.key_fingerprints: ['A'] is not a list of whole fingerprints"),
    ("engine", "docker", None), ("source", "vendors", "did you mean vendor?"),
    ("engine", "dokcer", "container_runtime_engine (by default ollama_method): 'dokcer' is none of docker, podman, none; "),
    ("gpu_vendor", "intel", "container_runtime_gpu_vendor (by default ollama_gpu_vendor): 'intel' is none of nvidia, amd, none; "),
    ("daemon", {}, None), ("daemon", {"debug": True, "features": {"x": None}}, None), ("daemon", [], "not a dictionary"),
    ("daemon", {"hosts": ["tcp://0.0.0.0:2375"]}, "container_runtime_daemon.hosts: is what the unit"), ("daemon", {1: 2}, "quote it"),
])
def test_one_line_for_what_is_wrong(name, value, words):
    found = problems({f"container_runtime_{name}": value})
    assert [words in line for line in found] == [True] if words else found == []


def test_what_docker_is_told_is_not_lost_on_podman():
    assert problems({"container_runtime_engine": "podman", "container_runtime_daemon": {"debug": True}})
    assert problems({"container_runtime_engine": "podman", "container_runtime_daemon": {}}) == []


@pytest.mark.parametrize("name", [
    "container_runtime_engine", "container_runtime_toolkit_version", "container_runtime_repositories", "container_runtime_daemon",
])
def test_whatever_a_variable_is_given_the_answer_is_a_list_of_lines(name):
    for value in generated(name):
        assert all("\n" not in line and len(line) < 700 for line in problems({name: value}))
