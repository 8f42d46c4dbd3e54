# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml

from ansible_collections.barellama.fleet.plugins.module_utils._compose import render
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.container_samples import HOME, INSTANCE, OPTIONS

WHOLE = """\
# Written by the role barellama.fleet.ollama. Change the inventory, not this file.
name: barellama-ollama
services:
  default:
    container_name: ollama
    image: "docker.io/ollama/ollama:0.34.4"
    restart: unless-stopped
    env_file: [/etc/ollama/default.env]
    ports: ["127.0.0.1:11434:11434"]
    user: "11434:11434"
    volumes:
      - type: bind
        source: /usr/share/ollama/.ollama
        target: /usr/share/ollama/.ollama
        bind:
          create_host_path: false
          selinux: z
    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    security_opt: [no-new-privileges]
    healthcheck:
      test: [CMD, env, "OLLAMA_HOST=127.0.0.1:11434", /bin/ollama, ps]
      interval: "30s"
      timeout: "10s"
      retries: 3
      start_period: "60s"
    logging:
      driver: json-file
      options:
        max-size: "100m"
        max-file: "3"
"""
CDI = '["/etc/cdi"]'
GROUPS = "render:x:992:\nvideo:x:44:"


def project(*instances, **options):
    text = render([{**INSTANCE, **instance} for instance in instances or [{}]], {**OPTIONS, **options})
    return yaml.safe_load(text)


def service(instance=None, **options):
    return project(instance or {}, **options)["services"]["default"]


def devices(gpus=(), **options):
    return service({"gpus": list(gpus)}, **options)["deploy"]["resources"]["reservations"]["devices"]


def test_an_operator_can_read_it():
    assert render([INSTANCE], OPTIONS) == WHOLE


def test_every_instance_is_a_service_of_its_own():
    second = {"name": "gpu1", "container": "ollama-gpu1", "port": 11435, "env_file": "/etc/ollama/gpu1.env"}
    services = project({}, second)["services"]
    assert list(services) == ["default", "gpu1"]
    assert services["gpu1"]["ports"] == ["127.0.0.1:11435:11434"]
    assert services["default"] == project()["services"]["default"]


def test_a_volume_is_used_as_root_without_privileges_and_belongs_to_nobodys_project():
    found = project(volume="ollama")
    assert found["volumes"] == {"ollama": {"external": True}}
    default = found["services"]["default"]
    assert default["volumes"] == [{"type": "volume", "source": "ollama", "target": "/root/.ollama"}]
    assert "user" not in default and default["cap_drop"] == ["ALL"] and default["read_only"] is True


def test_limits_are_there_when_they_are_wanted():
    assert {"cpus", "mem_limit"}.isdisjoint(service())
    limited = service(cpus=2.5, memory="16g")
    assert (limited["cpus"], limited["mem_limit"]) == (2.5, "16g")


@pytest.mark.parametrize("look, gpus, expected", [
    (CDI, [], {"driver": "cdi", "device_ids": ["nvidia.com/gpu=all"]}),
    (CDI, ["0", "2"], {"driver": "cdi", "device_ids": ["nvidia.com/gpu=0", "nvidia.com/gpu=2"]}),
    (CDI, ["GPU-8f"], {"driver": "cdi", "device_ids": ["nvidia.com/gpu=GPU-8f"]}),
    ("[]", [], {"driver": "nvidia", "count": "all"}),
    ("[]", ["0"], {"driver": "nvidia", "device_ids": ["0"]}),
    ("", ["GPU-8f", "MIG-1"], {"driver": "nvidia", "device_ids": ["GPU-8f", "MIG-1"]}),
])
def test_nvidias_gpus_come_by_specification_or_from_an_older_engine_by_reservation(look, gpus, expected):
    assert devices(gpus, vendor="nvidia", look=look) == [{**expected, "capabilities": ["gpu"]}]


def test_amds_devices_come_with_the_groups_that_may_use_them_by_number():
    found = service(vendor="amd", look=GROUPS)
    assert found["devices"] == ["/dev/kfd:/dev/kfd", "/dev/dri:/dev/dri"]
    assert found["group_add"] == ["992", "44"] and "deploy" not in found
    assert "group_add" not in service(vendor="amd", look="")


def test_without_a_vendor_no_gpu_is_asked_for():
    assert {"deploy", "devices", "group_add"}.isdisjoint(service({"gpus": ["0"]}, look=CDI))


@pytest.mark.parametrize("name", ["0", "1e3", "on", "null", "a-b"])
def test_names_that_yaml_would_read_as_something_else_stay_texts(name):
    assert list(project({"name": name, "models": f"{HOME}/on"})["services"]) == [name]


def test_compose_replaces_nothing_in_a_text():
    assert '"/srv/a$$b"' in render([{**INSTANCE, "models": "/srv/a$b"}], OPTIONS)
