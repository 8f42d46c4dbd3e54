# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._inputs import problems as all_problems
from ansible_collections.barellama.fleet.plugins.module_utils._inputs_container import problems

GOOD = {
    "ollama_method": "docker",
    "ollama_image": "docker.io/ollama/ollama",
    "ollama_image_digest": "",
    "ollama_container_volume": "",
    "ollama_container_cpus": 0,
    "ollama_container_memory": "",
    "ollama_container_rootless": False,
    "ollama_uid": 11434,
    "ollama_home": "/usr/share/ollama",
    "ollama_models_dir": "/usr/share/ollama/.ollama/models",
    "ollama_host": "127.0.0.1",
    "ollama_port": 11434,
    "ollama_instances": [{"name": "default"}],
}
EXAMPLE = "for example docker.io/ollama/ollama"
TAGGED = "has a tag or digest; write the name alone, since the tag follows ollama_version, and a digest belongs into ollama_image_digest"
CPUS = "is not a number of processors; for example 4, or 0 for all"
MEMORY = "is not a size with k, m or g behind it; for example 16g, or '' for all"
BASE = "is not an image with its digest; for example docker.io/ollama/ollama@sha256: and 64 hexadecimal digits"
VOLUME = "is not the name of a volume, of letters, digits and _ . -; for example ollama"
NAME = "is a name, and a container's port is opened on an address; for example 127.0.0.1"
BRIDGE = ("is not reached by Podman's bridge, which has IPv4 only; for example 127.0.0.1, or set "
          "ollama_container_rootless: true")
ROOTLESS = {"ollama_method": "podman", "ollama_container_rootless": True}

BAD = [
    ({"ollama_image": "docker.io/ollama/ollama:0.34.4"}, f"ollama_image: 'docker.io/ollama/ollama:0.34.4' {TAGGED}"),
    ({"ollama_image": "ollama/ollama@sha256:ab"}, f"ollama_image: 'ollama/ollama@sha256:ab' {TAGGED}"),
    ({"ollama_image": "https://docker.io/ollama/ollama"},
     f"ollama_image: 'https://docker.io/ollama/ollama' has a scheme, which no image has; {EXAMPLE}"),
    ({"ollama_image": "ollama/ollama"},
     f"ollama_image: 'ollama/ollama' names no registry, and engines guess differently; {EXAMPLE}"),
    ({"ollama_image": "docker.io/Ollama"}, f"ollama_image: 'docker.io/Ollama' is not the name of an image; {EXAMPLE}"),
    ({"ollama_image": ""}, f"ollama_image: '' is not the name of an image; {EXAMPLE}"),
    ({"ollama_image": None}, f"ollama_image: nothing is not the name of an image; {EXAMPLE}"),
    ({"ollama_image_digest": "a" * 64},
     f"ollama_image_digest: '{'a' * 60}...' is not a digest; write sha256: and 64 hexadecimal digits, as "
     "`docker images --digests` shows them"),
    ({"ollama_image_models": "models"}, "ollama_image_models: 'models' is not an absolute path inside the image; for example /models"),
    ({"ollama_image_models": "/a b"}, "ollama_image_models: '/a b' is not an absolute path inside the image; for example /models"),
    ({"ollama_bake_image": "baked"}, f"ollama_bake_image: 'baked' names no registry, and engines guess differently; {EXAMPLE}"),
    ({"ollama_bake_from": "docker.io/ollama/ollama:0.34.4"}, f"ollama_bake_from: 'docker.io/ollama/ollama:0.34.4' {BASE}"),
    ({"ollama_bake_from": 5}, f"ollama_bake_from: 5 {BASE}"),
    ({"ollama_bake_from": "sha256:ab"}, f"ollama_bake_from: 'sha256:ab' {BASE}"),
    ({"ollama_container_volume": "/srv/ollama"},
     "ollama_container_volume: '/srv/ollama' is a path; leave it empty, and ollama_home and ollama_models_dir are mounted"),
    ({"ollama_container_volume": "a b"}, f"ollama_container_volume: 'a b' {VOLUME}"),
    ({"ollama_container_volume": None}, f"ollama_container_volume: nothing {VOLUME}"),
    ({"ollama_container_volume": "v.volume"}, f"ollama_container_volume: 'v.volume' {VOLUME}"),
    ({"ollama_container_volume": "v", "ollama_models_dir": "/srv/m"},
     "ollama_models_dir: '/srv/m' is not used, since models are in the volume 'v'; leave one of them out"),
    ({"ollama_container_cpus": "all"}, f"ollama_container_cpus: 'all' {CPUS}"),
    ({"ollama_container_cpus": True}, f"ollama_container_cpus: true {CPUS}"),
    ({"ollama_container_cpus": -1}, f"ollama_container_cpus: -1 {CPUS}"),
    ({"ollama_container_cpus": float("nan")}, f"ollama_container_cpus: nan {CPUS}"),
    ({"ollama_container_cpus": 0.01},
     "ollama_container_cpus: 0.01 is less than a server starts with; for example 4, or 0 for all"),
    ({"ollama_container_memory": "16"}, f"ollama_container_memory: '16' {MEMORY}"),
    ({"ollama_container_memory": "16 GB"}, f"ollama_container_memory: '16 GB' {MEMORY}"),
    ({"ollama_container_memory": 16}, f"ollama_container_memory: 16 {MEMORY}"),
    ({**ROOTLESS, "ollama_port": 80},
     "ollama_port: 80 is root's to open, and ollama_container_rootless is set; give one from 1024 up"),
    ({**ROOTLESS, "ollama_uid": 70000},
     "ollama_uid: 70000 leaves no numbers for what is inside a rootless container; give one up to 65533, for example 11434"),
    ({"ollama_host": "gpu1.example.com"}, f"ollama_host: 'gpu1.example.com' {NAME}"),
    ({"ollama_instances": [{"name": "default", "host": "gpu1"}]}, f"ollama_instances[default].host: 'gpu1' {NAME}"),
    ({"ollama_method": "podman", "ollama_host": "::1"}, f"ollama_host: '::1' {BRIDGE}"),
]


@pytest.mark.parametrize("changed, expected", BAD, ids=[expected[:60] for _, expected in BAD])
def test_what_is_wrong_is_told_in_one_line(changed, expected):
    assert problems({**GOOD, **changed}) == [expected]


@pytest.mark.parametrize("changed", [
    {}, {"ollama_image": "localhost:5000/mirror/ollama"}, {"ollama_image": "registry.example.com/ollama__gpu/ollama-x"},
    {"ollama_image": "mirror:5000/ollama"}, {"ollama_image_digest": "sha256:" + "a" * 64},
    {"ollama_image_models": "/models"}, {"ollama_bake_from": "docker.io/ollama/ollama@sha256:" + "a" * 64},
    {"ollama_bake_from": "sha256:" + "a" * 64},
    {"ollama_container_volume": "ollama_data-1.x"}, {"ollama_container_cpus": 2.5}, {"ollama_container_cpus": "4"},
    {"ollama_container_memory": "512m"}, ROOTLESS, {**ROOTLESS, "ollama_host": "::1"}, {"ollama_host": "::1"},
    {"ollama_host": "localhost"}, {"ollama_method": "systemd", "ollama_host": "gpu1.example.com"},
    {"ollama_instances": "per_gpu"}, {"ollama_instances": [None]}, {"ollama_host": "not an address"},
])
def test_what_works_is_let_through(changed):
    assert problems({**GOOD, **changed}) == []


def test_nothing_is_wrong_with_nothing():
    assert problems({}) == []


@pytest.mark.parametrize("method, count", [("docker", 0), ("podman", 0), ("systemd", 1)])
def test_an_image_needs_no_sum_of_an_archive(method, count):
    found = all_problems({**GOOD, "ollama_version": "0.39.0", "ollama_method": method}, "ollama", checksums={})
    assert len([line for line in found if "sha256" in line]) == count
