# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._adoption_docker import ScanDocker
from ansible_collections.barellama.fleet.plugins.module_utils._client import Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError


def container(name, image, running=True, env=(), networks=("bridge",)):
    return {
        "Name": f"/{name}", "Image": "sha256:aa", "State": {"Running": running},
        "Config": {"Image": image, "Env": ["OLLAMA_HOST=0.0.0.0:11434", *env]},
        "HostConfig": {"NetworkMode": "bridge", "PortBindings": {"11434/tcp": [{"HostIp": "", "HostPort": "8080"}]}},
        "NetworkSettings": {"Networks": dict.fromkeys(networks, {})},
    }


class Docker:
    """Answers as docker does; ``containers`` are what it has."""

    def __init__(self, *containers, status=0):
        self.containers = containers
        self.status = status

    def __call__(self, command, environ_update, handle_exceptions):
        words = command[1:]
        if self.status:
            return self.status, "", "Cannot connect to the Docker daemon"
        if words[0] == "ps":
            return 0, "".join(f"id{number}\n" for number, _each in enumerate(self.containers)), ""
        if words[0] == "image":
            return 0, json.dumps([{"Config": {"Env": ["A=1"]}}]), ""
        assert words == ["inspect", "--type=container", *(f"id{number}" for number, _each in enumerate(self.containers))]
        return 0, json.dumps(self.containers), ""


class Server:
    def __init__(self, url, timeout):
        self.url = url

    def version(self):
        if self.url != "http://127.0.0.1:8080":
            raise Unreachable("no connection")
        return "0.32.15"


def test_those_of_others_are_told_with_who_shares_their_networks():
    docker = Docker(container("llm", "ollama/ollama:1", networks=("ai",)), container("webui", "webui", networks=("ai",)),
                    container("ollama", "ollama/ollama:1", env=["BARELLAMA_DEFINITION=ab"]))
    found, ours = ScanDocker(docker, Server).containers()
    assert ours and [each["container"]["Name"] for each in found] == ["/llm"]
    assert found[0]["networks"]["ai"] == {"llm", "webui"}
    assert (found[0]["image_env"], found[0]["version"]) == (["A=1"], "0.32.15")


def test_one_that_does_not_run_has_no_version():
    found, ours = ScanDocker(Docker(container("llm", "ollama/ollama", running=False)), Server).containers()
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
