# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _diagnose_driver as checks
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen

NODE = (0o660, 0, 105, 1)
OPEN = (0o666, 0, 0, 1)
NVIDIA_NODES = {"/dev/nvidia0": OPEN, "/dev/nvidiactl": OPEN, "/dev/nvidia-uvm": OPEN}


def host(vendor="nvidia", driver=None, nodes=None, version="580.95.05", smi=(0, "GPU 0: NVIDIA L4"), gpus=None, others=False):
    """A host with one GPU of a vendor, whose driver is as it should be."""
    driver = driver or {"nvidia": "nvidia", "amd": "amdgpu"}[vendor]
    nodes = {"nvidia": NVIDIA_NODES, "amd": {"/dev/kfd": NODE}}[vendor] if nodes is None else nodes
    return SimpleNamespace(
        vendors={vendor}, gpus=[{"vendor": vendor, "slot": "0000:01:00.0", "driver": driver}] if gpus is None else gpus,
        nodes={"nvidia": {}, "amd": {}, vendor: nodes}, nvidia_version=version, nvidia_smi=smi, has_others=others,
    )


@pytest.mark.parametrize("seen", [
    host(), host("amd"), host(smi=None), host(gpus=[], others=True), SimpleNamespace(vendors=set()),
    host(gpus=[{"vendor": "nvidia", "slot": "a", "driver": "nvidia"}, {"vendor": "nvidia", "slot": "b", "driver": "vfio-pci"}]),
])
def test_drivers_that_are_as_they_should_be_are_not_told(seen):
    assert list(checks.driver(seen)) == []


@pytest.mark.parametrize(("seen", "symptom", "cure"), [
    (host(gpus=[]), "no NVIDIA GPU is on the PCI bus, although ollama_gpu_vendor is nvidia", "lspci -nn"),
    (host(gpus=[{"vendor": "amd", "slot": "a", "driver": None}]), "no NVIDIA GPU is on the PCI bus", "lspci -nn"),
    (host(driver="nouveau"), "the NVIDIA GPU 0000:01:00.0 is driven by nouveau", "install the NVIDIA driver"),
    (host(gpus=[{"vendor": "nvidia", "slot": "01", "driver": None}]), "the NVIDIA GPU 01 has no driver", "modprobe nvidia"),
    (host("amd", driver="radeon"), "the AMD GPU 0000:01:00.0 is driven by radeon", "install the AMD driver"),
    (host("amd", nodes={}), "/dev/kfd is missing, so the AMD GPU cannot be used", "modprobe amdgpu"),
    (host(nodes={"/dev/nvidia0": OPEN, "/dev/nvidiactl": OPEN}), "/dev/nvidia-uvm is missing", "modprobe nvidia_uvm"),
    (host(version="535.309.01"), "the NVIDIA driver 535.309.01 is too old", "upgrade the NVIDIA driver"),
    (host(smi=(18, "Failed to initialize NVML: Driver/library version mismatch")),
     "the loaded NVIDIA driver and its libraries are of two versions", "restart the host"),
    (host(smi=(15, "Unable to determine the device handle\nmore")), "nvidia-smi fails: Unable to determine the device handle", "NVRM"),
    (host(smi=(9, "")), "nvidia-smi fails: status 9", "NVRM"),
])
def test_what_is_wrong_with_a_driver_is_told(seen, symptom, cure):
    (found,) = checks.driver(seen)
    assert found["symptom"].startswith(symptom) and cure in found["cure"] and found["cause"]


def look(node, uid=995, gids=(44, 990), given=True, vendors=("amd",)):
    return SimpleNamespace(
        host=SimpleNamespace(vendors=set(vendors), nodes={"amd": {"/dev/kfd": node}, "nvidia": {}}), account=(uid, set(gids)),
        was_given=lambda path: given, joining=lambda group: f"usermod -aG {group} ollama", restart="restart it",
    )


@pytest.mark.parametrize("seen", [
    look(NODE, gids=(44, 105)), look(OPEN), look((0o600, 995, 0, 1)), look(NODE, uid=0, gids=()), look(NODE, given=False),
    look(NODE, vendors=()), look(NODE, vendors=["nvidia"]),
])
def test_devices_that_may_be_opened_are_not_told(seen):
    assert list(checks.devices(seen)) == []


@pytest.mark.parametrize(("seen", "cure"), [
    (look(NODE), "usermod -aG 105 ollama; then restart it: restart it"), (look((0o640, 0, 105, 1), gids=[105]), "usermod -aG 105"),
    (look((0o660, 0, 0, 1)), "let the driver's udev rules give it to the group render"), (look((0o066, 995, 105, 1)), "usermod -aG 105"),
])
def test_devices_that_may_not_be_opened_are_told(seen, cure):
    (found,) = checks.devices(seen)
    assert found["symptom"] == "permission denied on /dev/kfd" and "the server runs as user 995" in found["cause"]
    assert found["cure"].startswith(cure)


def test_a_process_without_an_account_is_not_seen():
    with pytest.raises(Unseen):
        list(checks.devices(SimpleNamespace(account=None)))


def engine(method, **found):
    return list(checks.engine(SimpleNamespace(method=method, engine=found)))


def test_engines_that_are_as_they_should_be_are_not_told():
    assert engine("systemd") == engine("launchd") == []
    assert engine("docker", state="running", version="20.10", compose="2.26.1") == []
    assert engine("podman", state="running", version="4.4.0") == []


@pytest.mark.parametrize(("method", "found", "symptom", "cure"), [
    ("docker", {"state": "absent"}, "Docker is not there", "install Docker Engine"),
    ("podman", {"state": "absent"}, "Podman is not there", "install the distribution's podman"),
    ("docker", {"state": "stopped"}, "Docker does not answer", "start it: systemctl enable --now docker"),
    ("docker", {"state": "running", "compose": "absent"}, "Docker Compose is missing", "install Docker's package docker-compose-plugin"),
    ("docker", {"state": "running", "compose": "the program docker-compose 1.29.2"},
     "Docker Compose is too old: the program docker-compose 1.29.2", "install Docker's package docker-compose-plugin"),
    ("docker", {"state": "running", "compose": "2.17.3"}, "Docker Compose is too old: 2.17.3", "install Docker's package docker-compose-plugin"),
    ("podman", {"state": "running", "version": "4.3.1"}, "Podman 4.3.1 cannot run units of containers", "upgrade it"),
])
def test_what_is_wrong_with_an_engine_is_told(method, found, symptom, cure):
    (told,) = engine(method, **found)
    assert told["symptom"] == symptom and told["cure"].startswith(cure)
