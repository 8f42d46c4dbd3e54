# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils import _instances
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

DEFAULTS = {
    "host": "127.0.0.1",
    "port": "11434",
    "home": "/usr/share/ollama",
    "models": "/srv/models",
    "settings": {"no_cloud": True, "num_parallel": 2},
}


def test_an_instance_is_completed_from_what_all_share():
    assert _instances.complete([{"name": "default"}], DEFAULTS) == [
        {
            "name": "default",
            "unit": "ollama.service",
            "container": "ollama",
            "label": "barellama.fleet.ollama.default",
            "host": "127.0.0.1",
            "port": 11434,
            "address": "127.0.0.1:11434",
            "url": "http://127.0.0.1:11434",
            "endpoint": {"name": "default", "url": "http://127.0.0.1:11434", "unit": "ollama.service"},
            "settings": {"no_cloud": True, "num_parallel": 2},
            "env_file": "/etc/ollama/default.env",
            "home": "/usr/share/ollama",
            "models": "/srv/models",
            "log": "/usr/share/ollama/.ollama/logs/default.log",
            "gpus": [],
            "visible": {},
        }
    ]


def test_an_instance_overrides_what_all_share():
    own = {"name": "gpu1", "host": "::", "port": 11500, "settings": {"num_parallel": 8, "vulkan": False}}
    (instance,) = _instances.complete([own], DEFAULTS)
    assert instance["unit"] == "ollama-gpu1.service"
    assert instance["container"] == "ollama-gpu1"
    assert instance["address"] == "[::]:11500"
    assert instance["env_file"] == "/etc/ollama/gpu1.env"
    assert instance["endpoint"] == {"name": "gpu1", "url": "http://[::1]:11500", "unit": "ollama-gpu1.service"}
    assert instance["settings"] == {"no_cloud": True, "num_parallel": 8, "vulkan": False}


@pytest.mark.parametrize(
    "method, process",
    [
        ("systemd", {"unit": "ollama-a.service"}),
        ("podman", {"unit": "ollama-a.service"}),
        ("docker", {"container": "ollama-a"}),
        ("launchd", {"label": "barellama.fleet.ollama.a"}),
    ],
)
def test_an_endpoint_names_what_runs_the_instance(method, process):
    (instance,) = _instances.complete([{"name": "a"}], {**DEFAULTS, "method": method, "version": "0.34.4"})
    assert instance["endpoint"] == {"name": "a", "url": "http://127.0.0.1:11434", "version": "0.34.4", **process}


@pytest.mark.parametrize(
    "shared, own, pruning",
    [
        ({}, {}, [None, True, True]),
        ({"num_parallel": 2}, {"noprune": False}, [None, False, True]),
        ({"noprune": False}, {}, [False, False, False]),
        ({"noprune": True}, {"noprune": False}, [True, False, True]),
    ],
)
def test_only_the_first_instance_prunes_the_store_that_all_share(shared, own, pruning):
    instances = [{"name": "a"}, {"name": "b", "port": 2, "settings": own}, {"name": "c", "port": 3}]
    completed = _instances.complete(instances, {**DEFAULTS, "settings": shared})
    assert [instance["settings"].get("noprune") for instance in completed] == pruning


ROOT = "ollama_instances"
NO_NAME = "is not a name of lower-case letters, digits and -, at most 32; for example gpu0"
BAD = [
    ("none", [], f"{ROOT}: [] is not a list of instances; for example [{{name: default}}]"),
    ("text", "default", f"{ROOT}: 'default' is not a list of instances; for example [{{name: default}}]"),
    ("entry", ["default"], f"{ROOT}[0]: 'default' is not an instance; for example {{name: default}}"),
    ("no name", [{}], f"{ROOT}[0].name: nothing {NO_NAME}"),
    ("bad name", [{"name": "a/../b"}], f"{ROOT}[0].name: 'a/../b' {NO_NAME}"),
    ("long name", [{"name": "a" * 33}], f"{ROOT}[0].name: '{'a' * 33}' {NO_NAME}"),
    ("slip", [{"name": "a", "prot": 1}], f"{ROOT}[a]: 'prot' is not part of an instance; did you mean port?"),
    ("far", [{"name": "a", "xyzzy": 1}],
     f"{ROOT}[a]: 'xyzzy' is not part of an instance; it has name, host, port, gpus, settings"),
    ("number", [{"name": "a", 5: 1}], f"{ROOT}[a]: 5 is not part of an instance; it has name, host, port, gpus, settings"),
    ("26", [{"name": "a", "port": "11434 "}],
     f"{ROOT}[a].port: '11434 ' is not a whole number; write it without quotes, for example 11434"),
    ("24", [{"name": "a", "host": "::1]:5"}], f"{ROOT}[a].host: '::1]:5' is not an address; "
     "write an IP address, for example 127.0.0.1"),
    ("24", [{"name": "a", "host": "h:5"}],
     f"{ROOT}[a].host: 'h:5' has a port in it; write the address alone and set {ROOT}[a].port"),
    ("settings", [{"name": "a", "settings": "x"}],
     f"{ROOT}[a].settings: 'x' is not a dictionary; for example {{num_parallel: 4}}"),
    ("same name", [{"name": "a"}, {"name": "a", "port": 1}],
     f"{ROOT}[a]: the name 'a' is there twice; each needs its own"),
    ("same port", [{"name": "a"}, {"name": "b"}],
     f"{ROOT}[b].port: 11434 is also the port of {ROOT}[a]; give each instance its own, for example 11435"),
    ("same port, other address", [{"name": "a", "port": 5}, {"name": "b", "port": "5", "host": "::1"}],
     f"{ROOT}[b].port: 5 is also the port of {ROOT}[a]; give each instance its own, for example 6"),
]


@pytest.mark.parametrize("instances, message", [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_a_bad_instance_is_told_in_these_words(instances, message):
    assert _instances.problems(instances, DEFAULTS) == [message]
    with pytest.raises(FleetError) as caught:
        _instances.complete(instances, DEFAULTS)
    assert str(caught.value) == message


def test_a_bad_shared_address_is_told_under_the_name_of_its_variable():
    found = _instances.default_problems({"host": "*", "port": 0})
    assert found == [
        "ollama_host: '*' is not an address; write an IP address, for example 127.0.0.1",
        "ollama_port: 0 is out of range, and Ollama would silently use its default; write 1 to 65535",
    ]
