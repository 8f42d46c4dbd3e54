# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml

from ansible_collections.barellama.fleet.plugins.module_utils._inputs import problems as all_problems
from ansible_collections.barellama.fleet.plugins.module_utils._inputs_method import FOLLOWED, problems

DEFAULTS = yaml.safe_load((pathlib.Path(__file__).parents[4] / "roles/ollama/defaults/main.yml").read_text(encoding="utf-8"))
SET = {
    "ollama_hardening": "strict",
    "ollama_umask": "0027",
    "ollama_gpu_vendor": "nvidia",
    "ollama_release_archive": "/var/tmp/ollama.tar.zst",
    "ollama_release_verify": True,
    "ollama_release_overlays": ["mlx"],
    "ollama_container_volume": "ollama",
    "ollama_container_cpus": 4,
    "ollama_container_memory": "16g",
    "ollama_container_rootless": True,
}
CONTAINER = {name for name in SET if name.startswith("ollama_container_")}
RELEASE = {name for name in SET if name.startswith("ollama_release_")}
VAIN = {
    "systemd": CONTAINER,
    "docker": {*RELEASE, "ollama_hardening", "ollama_umask", "ollama_container_rootless"},
    "podman": {*RELEASE, "ollama_hardening"},
    "launchd": {*RELEASE, *CONTAINER, "ollama_hardening", "ollama_gpu_vendor"},
}


@pytest.mark.parametrize("method", VAIN)
@pytest.mark.parametrize("name", SET)
def test_what_a_method_does_not_follow_is_refused_and_what_it_follows_is_not(method, name):
    told = problems({"ollama_method": method, name: SET[name]})
    if name not in VAIN[method]:
        assert told == []
        return
    assert len(told) == 1
    assert told[0].startswith(f"{name}: ")
    assert f"where ollama_method is {method}, only with " in told[0]


def test_the_line_names_the_value_the_methods_and_the_cure():
    assert problems({"ollama_method": "docker", "ollama_umask": "0027"}) == [
        "ollama_umask: '0027' has no effect where ollama_method is docker, only with systemd, podman or launchd; leave it out"
    ]


@pytest.mark.parametrize("method", VAIN)
def test_the_defaults_of_the_role_are_never_refused(method):
    assert problems({**DEFAULTS, "ollama_release_overlays": [], "ollama_method": method}) == []
    assert {name: default for name, (default, _methods) in FOLLOWED.items()} == {name: DEFAULTS[name] for name in FOLLOWED}


@pytest.mark.parametrize("changed", [
    {"ollama_container_cpus": "0"}, {"ollama_container_cpus": 0.0}, {"ollama_container_rootless": "false"},
    {"ollama_method": "docker", "ollama_gpu_vendor": "amd", "ollama_release_overlays": ["rocm"]},
    {"ollama_method": "nonsense", "ollama_umask": "0027"}, {"ollama_method": ["docker"]}, {},
])
def test_what_says_nothing_is_let_through(changed):
    assert problems({"ollama_method": "systemd", **changed}) == []


def test_it_is_among_the_rules_of_the_role():
    told = all_problems({"ollama_version": "0.34.4", "ollama_method": "podman", "ollama_hardening": "strict"}, "ollama")
    assert [line.split(":")[0] for line in told] == ["ollama_hardening"]
