# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._quadlet import render
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.container_samples import INSTANCE, OPTIONS

WHOLE = """\
# Written by the role barellama.fleet.ollama. Change the inventory, not this file.
# Your own changes belong into ollama.container.d/*.conf.
[Unit]
Description=Ollama (default)
Documentation=https://docs.ollama.com
Wants=network-online.target
After=network-online.target
RequiresMountsFor=/usr/share/ollama/.ollama

[Container]
ContainerName=ollama
Image=docker.io/ollama/ollama:0.34.4
EnvironmentFile=/etc/ollama/default.env
PublishPort=127.0.0.1:11434:11434
User=11434
Group=11434
Volume=/usr/share/ollama/.ollama:/usr/share/ollama/.ollama:z
ReadOnly=true
Tmpfs=/tmp
DropCapability=all
NoNewPrivileges=true
PodmanArgs=--umask=0077
LogDriver=journald
HealthCmd=env OLLAMA_HOST=127.0.0.1:11434 /bin/ollama ps
HealthInterval=30s
HealthTimeout=10s
HealthRetries=3
HealthStartPeriod=60s

[Service]
Restart=always
RestartSec=3

[Install]
WantedBy=multi-user.target
"""


def lines(instance=None, **options):
    return render({**INSTANCE, **(instance or {})}, {**OPTIONS, "engine": "podman", **options}).splitlines()


def values(key, found):
    return [line.partition("=")[2] for line in found if line.startswith(f"{key}=")]


def test_an_operator_can_read_it():
    assert render(INSTANCE, OPTIONS) == WHOLE


def test_without_root_it_is_a_unit_of_the_account_whose_container_root_is_the_account():
    found = lines(rootless=True)
    assert values("WantedBy", found) == ["default.target"]
    for key in ("User", "Group", "UserNS", "After", "RequiresMountsFor"):
        assert not values(key, found), key


def test_a_store_elsewhere_is_mounted_and_waited_for():
    found = lines({"models": "/srv/models"})
    assert values("Volume", found)[1:] == ["/srv/models:/srv/models:z"]
    assert values("RequiresMountsFor", found) == ["/usr/share/ollama/.ollama /srv/models"]


def test_a_volume_is_used_as_root_without_privileges():
    found = lines(volume="ollama")
    assert values("Volume", found) == ["ollama:/root/.ollama"]
    assert not values("User", found) and not values("RequiresMountsFor", found)
    assert values("DropCapability", found) == ["all"]


def test_limits_and_the_umask_are_podmans_arguments():
    assert values("PodmanArgs", lines(cpus=2.5, memory="16g", umask="0027")) == ["--umask=0027", "--cpus=2.5", "--memory=16g"]


@pytest.mark.parametrize("gpus, expected", [
    ([], ["nvidia.com/gpu=all"]), (["0", "GPU-8f"], ["nvidia.com/gpu=0", "nvidia.com/gpu=GPU-8f"]),
])
def test_nvidias_gpus_come_by_specification(gpus, expected):
    assert values("AddDevice", lines({"gpus": gpus}, vendor="nvidia")) == expected


@pytest.mark.parametrize("rootless, expected", [
    (False, ["--group-add=992", "--group-add=44"]), (True, ["--group-add=keep-groups"]),
])
def test_amds_devices_come_with_the_groups_that_may_use_them(rootless, expected):
    found = lines(vendor="amd", look="render:x:992:\nvideo:x:44:", rootless=rootless)
    assert values("AddDevice", found) == ["/dev/kfd", "/dev/dri"]
    assert values("PodmanArgs", found)[:-1] == expected


def test_without_a_vendor_no_gpu_is_asked_for():
    assert not values("AddDevice", lines({"gpus": ["0"]}))
