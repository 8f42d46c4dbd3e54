# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _adoption_container
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.adoption_samples import CONTAINER, container, seen


def planned(**changes):
    return _adoption_container.plan(seen(**changes))


def test_a_container_made_by_docker_run():
    found = planned()
    assert found["obstacles"] == []
    assert found["variables"] == {
        "ollama_method": "docker", "ollama_image": "docker.io/ollama/ollama", "ollama_container_volume": "ollama",
        "ollama_container_cpus": 0, "ollama_container_memory": "", "ollama_gpu_vendor": "none",
        "ollama_home": "/usr/share/ollama", "ollama_models_dir": "/usr/share/ollama/.ollama/models",
        "ollama_host": "127.0.0.1", "ollama_port": 11434, "ollama_settings": {"num_parallel": 4}, "ollama_extra_env": {},
    }
    assert found["container"] == {"name": "ollama", "kept": "ollama-before-adoption", "is_kept": False}
    assert found["served"] == [
        {"name": "default", "url": "http://127.0.0.1:11434", "container": "ollama", "version": "0.32.15"}]


def test_one_that_a_killed_run_has_put_aside():
    found = planned(Name="/ollama-before-adoption", version="")
    assert found["obstacles"] == []
    assert found["container"] == {"name": "ollama", "kept": "ollama-before-adoption", "is_kept": True}


@pytest.mark.parametrize(("image", "name"), [
    ("ollama/ollama", "docker.io/ollama/ollama"),
    ("docker.io/ollama/ollama:latest", "docker.io/ollama/ollama"),
    ("mirror.example:5000/hub/ollama/ollama@sha256:aa", "mirror.example:5000/hub/ollama/ollama"),
    ("localhost/ollama/ollama:rocm", "localhost/ollama/ollama"),
])
def test_image(image, name):
    assert planned(Config__Image=image)["variables"]["ollama_image"] == name


def test_whose_a_container_is():
    assert _adoption_container.is_of_others(CONTAINER) and not _adoption_container.is_ours(CONTAINER)
    for image in ("ghcr.io/open-webui/open-webui:ollama", "myollama/ollama-proxy", "postgres:16"):
        assert not _adoption_container.is_of_others(container(Config__Image=image))
    ours = container(Config__Env=["BARELLAMA_DEFINITION=ab"])
    assert _adoption_container.is_ours(ours) and not _adoption_container.is_of_others(ours)


@pytest.mark.parametrize(("changes", "place"), [
    ({"HostConfig__PortBindings": {"11434/tcp": [{"HostIp": "", "HostPort": "8080"}]}}, ("0.0.0.0", 8080)),
    ({"HostConfig__NetworkMode": "host"}, ("0.0.0.0", 11434)),
    ({"HostConfig__NetworkMode": "host", "Config__Env": ["OLLAMA_HOST=127.0.0.1:9"]}, ("127.0.0.1", 9)),
    ({"HostConfig__PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "81"}]},
      "Config__Env": ["OLLAMA_HOST=http://0.0.0.0"]}, ("0.0.0.0", 81)),
])
def test_place(changes, place):
    variables = planned(**changes)["variables"]
    assert (variables["ollama_host"], variables["ollama_port"]) == place


@pytest.mark.parametrize(("changes", "vendor", "gpus"), [
    ({"HostConfig__DeviceRequests": [{"Driver": "", "Count": -1, "DeviceIDs": None}]}, "nvidia", None),
    ({"HostConfig__DeviceRequests": [{"Driver": "nvidia", "Count": 2, "DeviceIDs": None}]}, "nvidia", [0, 1]),
    ({"HostConfig__DeviceRequests": [{"Count": 0, "DeviceIDs": ["1", "GPU-8f2a"]}]}, "nvidia", [1, "GPU-8f2a"]),
    ({"HostConfig__DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=all"]}]}, "nvidia", None),
    ({"HostConfig__DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=1"]}]}, "nvidia", [1]),
    ({"HostConfig__Runtime": "nvidia"}, "nvidia", None),
    ({"HostConfig__Runtime": "nvidia", "Config__Env": ["NVIDIA_VISIBLE_DEVICES=0"]}, "nvidia", [0]),
    ({"HostConfig__Devices": [{"PathInContainer": "/dev/kfd"}, {"PathInContainer": "/dev/dri"}]}, "amd", None),
])
def test_gpus(changes, vendor, gpus):
    variables = planned(**changes)["variables"]
    assert variables["ollama_gpu_vendor"] == vendor
    assert variables.get("ollama_instances") == (gpus and [{"name": "default", "gpus": gpus}])
    assert "NVIDIA_VISIBLE_DEVICES" not in variables["ollama_extra_env"]


def test_limits():
    variables = planned(HostConfig__NanoCpus=2500000000, HostConfig__Memory=16 << 30)["variables"]
    assert (variables["ollama_container_cpus"], variables["ollama_container_memory"]) == (2.5, "16g")
    assert planned(HostConfig__Memory=1536 << 20)["variables"]["ollama_container_memory"] == "1536m"


def test_a_compose_project_is_named():
    labels = {"com.docker.compose.project.config_files": "/srv/ai/compose.yaml", "com.docker.compose.service": "llm"}
    assert "/srv/ai/compose.yaml: take the service llm out of it, or it starts a second one" in planned(
        Config__Labels=labels)["stays"]


@pytest.mark.parametrize(("changes", "words"), [
    ({"version": ""}, "does not answer"),
    ({"Args": ["run", "x"]}, "starts /bin/ollama run x, not /bin/ollama serve"),
    ({"Config__User": "1000"}, "runs as 1000"),
    ({"Mounts": []}, "has no volume at /root/.ollama"),
    ({"HostConfig__Mounts": [{"VolumeOptions": {"Subpath": "o"}}]}, "has a part of a volume mounted"),
    ({"Config__Env": ["OLLAMA_MODELS=/root/.ollama/other"]}, "has its models in /root/.ollama/other"),
    ({"Config__Env": ["HOME=/srv"]}, "has its models in /srv/.ollama/models"),
    ({"owner": ("/srv/o/models", 1000)}, "/srv/o/models belongs to user 1000"),
    ({"Mounts": [*CONTAINER["Mounts"], {"Type": "bind", "Source": "/x", "Destination": "/x"}]}, "/x is mounted too"),
    ({"HostConfig__PortBindings": {}}, "publishes no port"),
    ({"Config__Env": ["OLLAMA_ORIGINS=*"]}, "OLLAMA_ORIGINS: * would let every web page use this server"),
])
def test_what_cannot_be_adopted(changes, words):
    assert words in "\n".join(planned(**changes)["obstacles"])


def test_a_mounted_directory_becomes_a_volume_in_its_place():
    found = planned(Mounts=[{"Type": "bind", "Source": "/srv/my models", "Destination": "/root/.ollama"}])
    assert found["obstacles"] == []
    assert found["volume"] == {"name": "ollama-srv-my-models", "device": "/srv/my models"}
    assert found["variables"]["ollama_container_volume"] == "ollama-srv-my-models"
    assert found["stays"][0].startswith("/srv/my models, mounted as the volume ollama-srv-my-models, with all models")
    assert planned()["volume"] is None


def test_what_is_not_carried_over_is_in_the_plan_or_in_its_way():
    found = planned(HostConfig__CapAdd=["SYS_NICE"], HostConfig__Privileged=True, HostConfig__PortBindings={
        "8080/tcp": [{"HostIp": "", "HostPort": "80"}, {"HostIp": "", "HostPort": "81"}]}, Config__Env=["OLLAMA_HOST=:8080"])
    assert "not carried over: CapAdd ['SYS_NICE']" in found["report"]
    assert "is privileged" in "\n".join(found["obstacles"]) and "published at 0.0.0.0:81 too" in "\n".join(found["obstacles"])
