# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._inputs import problems, strangers
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated

KNOWN = ["ollama_version", "ollama_port", "ollama_models_dir", "ollama_models_list"]
UNKNOWN = "is not a variable of this collection"

# Row 72 of the table of bad inputs.
STRANGERS = [
    ("ollama", ["ollama_versoin"], [f"ollama_versoin: {UNKNOWN}; did you mean ollama_version?"]),
    ("ollama", ["ollama_xyzzy"], [f"ollama_xyzzy: {UNKNOWN}; see roles/ollama/README.md"]),
    ("ollama", ["ollama_models_lst", "ollama_models_dir", "other_version", "ollama"], []),
    ("ollama_models", ["ollama_models_lst"], [f"ollama_models_lst: {UNKNOWN}; did you mean ollama_models_list?"]),
    ("ollama_models", ["ollama_versoin", "ollama_models_dir"], []),
]


@pytest.mark.parametrize("role, present, messages", STRANGERS)
def test_a_variable_that_nothing_reads_is_told_with_the_nearest_name(role, present, messages):
    assert strangers(present, KNOWN, role) == messages


def test_everything_is_told_at_once():
    variables = {"ollama_version": "latest", "ollama_root": "x", "ollama_host": "0.0.0.0",
                 "ollama_settings": {"num_parallel": 0}, "ollama_extra_env": {"PATH": "x"}}
    found = problems(variables, "ollama", KNOWN, ["ollama_versoin"], {})
    begins = ["ollama_versoin", "ollama_version", "ollama_root", "ollama_host", "ollama_settings", "ollama_extra_env"]
    assert [line.split(":")[0].split(".")[0] for line in found] == begins


def test_the_models_role_has_its_own_rules():
    assert problems({"ollama_models_list": "x", "ollama_version": "latest"}, "ollama_models") == [
        "ollama_models_list: 'x' is not a list; for example ['llama3.2:3b']"
    ]


def test_the_defaults_of_the_roles_are_fine():
    assert problems({"ollama_version": "0.34.4"}, "ollama") == []
    assert problems({}, "ollama_models") == []


@pytest.mark.parametrize("variables, role", [({}, "olama"), ([], "ollama"), ("x", "ollama_models")])
def test_a_wrong_call_is_an_error(variables, role):
    with pytest.raises(FleetError):
        problems(variables, role)


PARAMETERS = {
    "ollama": [
        "ollama_version", "ollama_release_url", "ollama_release_checksums", "ollama_release_trust_own_checksums",
        "ollama_allow_http_release", "ollama_allow_prerelease", "ollama_allow_insecure_release", "ollama_root",
        "ollama_user", "ollama_group", "ollama_home", "ollama_models_dir", "ollama_host", "ollama_port",
        "ollama_allow_unauthenticated_network", "ollama_settings", "ollama_extra_env", "ollama_instances",
        "ollama_method", "ollama_hardening", "ollama_umask", "ollama_uid", "ollama_gid", "ollama_gpu_vendor",
        "ollama_release_overlays", "ollama_health_level", "ollama_health_wait", "ollama_health_vram_share",
        "ollama_health_tokens_per_second", "ollama_allow_gpu_sharing",
    ],
    "ollama_models": ["ollama_models_list", "ollama_models_allowed_registries"],
}


@pytest.mark.parametrize("role, name", [(role, name) for role, names in PARAMETERS.items() for name in names])
def test_whatever_a_variable_is_given_the_answer_is_a_list_of_lines(role, name):
    for value in generated(name):
        others = {"ollama_version": "0.99.0", "ollama_host": "0.0.0.0", "ollama_models_list": ["hf.co/a/b"]}
        found = problems({**others, name: value}, role, checksums={})
        assert all("\n" not in line and len(line) < 700 for line in found)


def test_whatever_an_entry_of_a_list_is_the_answer_is_a_list_of_lines():
    for value in generated("entries"):
        for variables, role in (
            ({"ollama_models_list": [value, {"name": value, "state": value}]}, "ollama_models"),
            ({"ollama_version": "0.34.4", "ollama_instances": [value]}, "ollama"),
            ({"ollama_version": "0.34.4", "ollama_release_checksums": {"amd64": value}}, "ollama"),
        ):
            found = problems(variables, role)
            assert all("\n" not in line and len(line) < 700 for line in found)


@pytest.mark.parametrize("key", ["name", "host", "port", "gpus", "settings"])
def test_whatever_an_instance_is_given_the_answer_is_a_list_of_lines(key):
    for value in generated(key):
        instances = [{"name": "a", key: value}, {"name": "b", "gpus": [0]}]
        found = problems({"ollama_version": "0.34.4", "ollama_gpu_vendor": "amd", "ollama_instances": instances}, "ollama")
        assert all("\n" not in line and len(line) < 700 for line in found)
