# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _adoption_docker
from ansible_collections.barellama.fleet.plugins.module_utils._adoption_docker import ScanDocker
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.adoption_samples import Server
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.adoption_samples import container as sample


def container(name, image, env=(), networks=("bridge",), **changes):
    return sample(Name=f"/{name}", Config__Image=image, Config__Env=["OLLAMA_HOST=0.0.0.0:11434", *env], **changes,
                  HostConfig__PortBindings={"11434/tcp": [{"HostIp": "", "HostPort": "8080"}]},
                  NetworkSettings__Networks=dict.fromkeys(networks, {}))


class Docker:
    """Answers as docker does; ``containers`` are what it has."""

    def __init__(self, *containers, status=0):
        self.containers = containers
        self.status = status
        self.engines = set()

    def __call__(self, command, environ_update, handle_exceptions):
        words = command[1:]
        self.engines.add(command[0])
        if self.status:
            return self.status, "", "Cannot connect to the Docker daemon"
        if words[0] == "ps":
            return 0, "".join(f"id{number}\n" for number, _each in enumerate(self.containers)), ""
        if words[0] == "image":
            return 0, json.dumps([{"Config": {"Env": ["A=1"]}}]), ""
        assert words == ["inspect", "--type=container", *(f"id{number}" for number, _each in enumerate(self.containers))]
        return 0, json.dumps(self.containers), ""


def test_those_of_others_are_told_with_who_shares_their_networks():
    docker = Docker(container("llm", "ollama/ollama:1", networks=("ai",)), container("webui", "webui", networks=("ai",)),
                    container("ollama", "ollama/ollama:1", env=["BARELLAMA_DEFINITION=ab"]))
    found, ours = ScanDocker(docker, Server).containers()
    assert ours and [each["container"]["Name"] for each in found] == ["/llm"]
    assert found[0]["networks"]["ai"] == {"llm", "webui"}
    assert (found[0]["image"], found[0]["version"], found[0]["owner"]) == ({"Env": ["A=1"]}, "0.32.15", None)


def test_one_that_does_not_run_has_no_version():
    found, ours = ScanDocker(Docker(container("llm", "ollama/ollama", State={"Running": False})), Server).containers()
    assert not ours and found[0]["version"] == ""


def test_no_containers():
    assert ScanDocker(Docker(), Server).containers() == ([], False)


def test_a_host_without_docker():
    def missing(_command, **_options):
        raise FileNotFoundError(2, "No such file or directory", "docker")

    assert ScanDocker(missing, Server).containers() == ([], False)


def test_a_docker_that_does_not_answer_may_have_containers():
    with pytest.raises(FleetError, match="^cannot look at containers: docker says Cannot connect to the Docker daemon; "):
        ScanDocker(Docker(status=1), Server).containers()


def test_a_mounted_directory_that_is_not_roots_is_told(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    owners = {str(tmp_path) + "/": 0, str(tmp_path / "models"): 1000}
    monkeypatch.setattr(_adoption_docker.os, "stat", lambda path: SimpleNamespace(st_uid=owners[path]))
    monkeypatch.setattr(_adoption_docker.os.path, "exists", lambda path: path in owners)
    mounts = [{"Type": "bind", "Source": str(tmp_path), "Destination": "/root/.ollama"}]
    (found,), _ours = ScanDocker(Docker(container("llm", "ollama/ollama", Mounts=mounts)), Server).containers()
    assert found["owner"] == (str(tmp_path / "models"), 1000)


@pytest.mark.parametrize(("status", "names"), [(0, ["llm"]), (125, [])])
def test_containers_of_podman_are_named(status, names):
    docker = Docker(container("llm", "docker.io/ollama/ollama:1"), container("webui", "webui"), status=status)
    podman = [dict(each, Name=each["Name"].lstrip("/")) for each in docker.containers]  # as Podman writes it
    docker.containers = podman
    assert ScanDocker(docker, Server).of_podman() == names and (status or docker.engines == {"podman"})
