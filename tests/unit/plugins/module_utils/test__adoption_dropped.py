# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _adoption_dropped
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.adoption_samples import seen

TWICE = [{"HostIp": "127.0.0.1", "HostPort": "11434"}, {"HostIp": "", "HostPort": "8080"}]


def lines(vendor="none", **changes):
    return [line.removeprefix("not carried over: ") for line in _adoption_dropped.lines({**seen(**changes), "inside": 11434}, vendor)]


def obstacles(**changes):
    return "\n".join(_adoption_dropped.obstacles({**seen(**changes), "inside": 11434}))


def test_a_plain_docker_run_has_nothing_to_lose():
    assert (lines(), obstacles()) == ([], "")


@pytest.mark.parametrize(("changes", "line"), [
    ({"HostConfig__CapAdd": ["CAP_SYS_ADMIN"]}, "CapAdd ['CAP_SYS_ADMIN']"),
    ({"HostConfig__ShmSize": 1 << 30}, "ShmSize 1073741824"),
    ({"HostConfig__SecurityOpt": ["seccomp=unconfined"]}, "SecurityOpt ['seccomp=unconfined']"),
    ({"HostConfig__Sysctls": {"net.core.somaxconn": "1"}}, "Sysctls ['net.core.somaxconn']"),
    ({"HostConfig__MemoryReservation": 5}, "MemoryReservation 5"),
    ({"HostConfig__MemorySwap": -1}, "MemorySwap -1"),
    ({"HostConfig__CpusetMems": "0"}, "CpusetMems '0'"),
    ({"HostConfig__SomethingNew": True}, "SomethingNew true"),
    ({"HostConfig__RestartPolicy": {"Name": "always"}}, "restart policy always; ours is unless-stopped"),
    ({"HostConfig__LogConfig": {"Type": "splunk", "Config": {"splunk-token": "geheim"}}},
     "log driver splunk with splunk-token; ours is json-file, 3 files of 100m"),
    ({"HostConfig__LogConfig": {"Type": "json-file", "Config": {"max-size": "1g"}}},
     "log driver json-file with max-size; ours is json-file, 3 files of 100m"),
    ({"HostConfig__GroupAdd": ["44"]}, "GroupAdd ['44']"),
    ({"HostConfig__Devices": [{"PathOnHost": "/dev/nvidia0", "PathInContainer": "/dev/nvidia0"}]}, "device /dev/nvidia0"),
    ({"HostConfig__DeviceRequests": [{}, {}]}, "all requests of devices but the first"),
    ({"HostConfig__NetworkMode": "host"}, "network mode host; ours publishes its port"),
    ({"HostConfig__PortBindings": {"11434/tcp": TWICE[:1], "80/tcp": TWICE[1:]}},
     "port 0.0.0.0:8080 to 80/tcp, at which no Ollama listens"),
    ({"Config__Hostname": "llm"}, "Hostname 'llm'"),
    ({"Config__StopTimeout": 60}, "StopTimeout"),
    ({"Config__Healthcheck": {"Test": ["CMD", "curl", "-H", "geheim"]}}, "Healthcheck"),
    ({"Config__Labels": {"org.opencontainers.image.version": "24.04", "com.docker.compose.service": "llm",
                         "traefik.auth": "geheim"}}, "label traefik.auth"),
    ({"NetworkSettings__Networks": {"ai": {}}, "networks": {"ai": {"ollama"}}}, "network ai"),
    ({"NetworkSettings__Networks": {"bridge": {"IPAMConfig": {"IPv4Address": "172.17.0.9"}}}},
     "address 172.17.0.9 in network bridge"),
])
def test_what_is_lost_without_harm_is_a_line(changes, line):
    assert lines(**changes) == [line]
    assert obstacles(**changes) == ""


@pytest.mark.parametrize("changes", [
    {"HostConfig__RestartPolicy": {"Name": "unless-stopped"}},
    {"HostConfig__LogConfig": {"Type": "json-file", "Config": {"max-size": "100m", "max-file": "3"}}},
    {"HostConfig__Memory": 1 << 30, "HostConfig__MemorySwap": 2 << 30},
    {"HostConfig__ReadonlyRootfs": True, "HostConfig__CapDrop": ["ALL"], "HostConfig__SecurityOpt": ["no-new-privileges"]},
    {"vendor": "amd", "HostConfig__GroupAdd": ["video"],
     "HostConfig__Devices": [{"PathOnHost": "/dev/kfd", "PathInContainer": "/dev/kfd"}]},
])
def test_what_ours_has_too_is_no_loss(changes):
    assert lines(**changes) == []


@pytest.mark.parametrize(("changes", "words"), [
    ({"HostConfig__PortBindings": {"11434/tcp": TWICE}}, "ollama: is published at 0.0.0.0:8080 too, and ours is published once"),
    ({"HostConfig__Privileged": True}, "is privileged"),
    ({"HostConfig__AutoRemove": True}, "is gone once it is stopped (--rm)"),
    ({"HostConfig__ExtraHosts": ["a:10.0.0.1"]}, "has ExtraHosts, for which the role has no variable"),
    ({"NetworkSettings__Networks": {"ai": {}}, "networks": {"ai": {"ollama", "webui"}}}, "webui can reach it in the network ai"),
])
def test_what_serving_depends_on_is_an_obstacle(changes, words):
    assert words in obstacles(**changes)
