# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate at levels 5 and 6, by every method: a server that lost its GPU says why, and the former one serves again.

The GPUs are the stand-in's. What a host itself tells of the cause is seen on a node with a GPU's files; all causes are in the unit tests
of `_health_gpu.py`.
"""

from __future__ import annotations

import json

import pytest
from tests.fleet.methods import DOCKER, PODMAN, ROOTLESS, SYSTEMD, runs_on

SYSTEMS = ("debian13=debian13-containers",)
FAULTS = "/usr/share/ollama/.ollama/standin-faults.json"
GPU = {"gpus": [{"name": "NVIDIA L4"}]}
TOO_OLD = {**GPU, "driver_too_old": {"driver": "535", "required_driver": "550 or newer"}}
WHY = "no GPU is detected, everything is computed on the CPU: driver 535 is too old for NVIDIA L4, which needs 550 or newer"
METHODS = [pytest.param(method, id=name) for name, method in (
    ("systemd", SYSTEMD), ("docker", DOCKER), ("podman", PODMAN), ("rootless", ROOTLESS))]


@pytest.fixture(scope="module")
def node(fleet):
    return fleet.nodes[0]


@pytest.fixture(scope="module")
def run(fleet, node):
    return runs_on(fleet, node.name)


def told(run):
    return " ".join(run.output.split())


@pytest.mark.parametrize("method", METHODS)
def test_what_lost_its_gpu_is_not_kept_and_says_why(run, node, method):
    run(**method).assert_ok()

    def settings(keep_alive, **faults):
        node.sh(f"echo '{json.dumps(faults)}' > {FAULTS}; chmod a+r {FAULTS}")
        return run(ollama_health_level=5, ollama_settings={"keep_alive": keep_alive}, **method)

    settings("11m", **GPU).assert_ok()
    found = told(run("verify.yml", ollama_health_level=6, ollama_health_tokens_per_second=1, ollama_settings={"keep_alive": "11m"},
                     **method).assert_ok())
    assert "1 wanted models are there and generate on CUDA0 (NVIDIA L4) at " in found and "(level 6)" in found, found

    failed = settings("12m", **TOO_OLD)
    assert failed.status != 0
    assert WHY in told(failed) and "Rolled back: Ollama 0.34.4 serves again." in told(failed), told(failed)
    wanted = {"ollama_settings": {"keep_alive": "11m"}, **method}
    run(**wanted).assert_unchanged()

    found = run("verify.yml", ollama_health_level=5, **wanted)
    assert found.status != 0 and WHY in told(found), told(found)
    run("verify.yml", **wanted).assert_ok()
    node.sh(f"rm {FAULTS}")


# A card on the bus with its driver bound, and the nodes that it is used through, each as harmless as /dev/null.
CARD = """
mountpoint -q /sys/bus/pci || mount -t tmpfs mock /sys/bus/pci
mountpoint -q /sys/module || mount -t tmpfs mock /sys/module
cd $(mkdir -p /sys/bus/pci/devices/0000:01:00.0 && echo /sys/bus/pci/devices/0000:01:00.0)
echo {vendor} > vendor; echo {device} > device; echo 0x030000 > class; ln -sfn ../../../bus/pci/drivers/{driver} driver
rm -rf /dev/kfd /dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0
for node in {nodes}; do mkdir -p $(dirname $node); mknod -m {mode} $node c 1 3; done
"""
AMD = CARD.format(vendor="0x1002", device="0x74a1", driver="amdgpu", nodes="/dev/kfd", mode="0660") + """
mkdir -p /opt/ollama/current/lib/ollama/rocm_v7_2; chgrp 4242 /dev/kfd
"""
NVIDIA = CARD.format(vendor="0x10de", device="0x2684", driver="nvidia", nodes="/dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0", mode="0666") + """
mkdir -p /sys/module/nvidia; echo {version} > /sys/module/nvidia/version
printf '#!/bin/sh\necho {smi}\nexit {status}\n' > /usr/local/bin/nvidia-smi; chmod 0755 /usr/local/bin/nvidia-smi
"""


@pytest.mark.parametrize(("host", "words"), [
    (AMD, "permission denied on /dev/kfd: it belongs to user 0 and group 4242 with mode 0660, and the server runs as user "),
    (NVIDIA.format(version="535.309.01", smi="GPU", status=0), "the NVIDIA driver 535.309.01 is too old (Ollama's CUDA libraries need 550 or newer, "),
    (NVIDIA.format(version="580.95.05", smi="Failed to initialize NVML: Driver/library version mismatch", status=18),
     "the loaded NVIDIA driver and its libraries are of two versions (the driver was upgraded since 580.95.05 was loaded); restart the host"),
], ids=["group", "floor", "mismatch"])
def test_what_a_host_tells_of_a_server_on_the_cpu_is_in_the_one_line(run, node, host, words):
    run(**SYSTEMD).assert_ok()
    node.sh(host + "systemctl restart ollama")
    found = run("verify.yml", ollama_health_level=5, **SYSTEMD)
    assert found.status != 0 and f"no GPU is detected, everything is computed on the CPU: {words}" in told(found), told(found)
