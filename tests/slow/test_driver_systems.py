# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role gpu_driver on nodes in the shape of other systems, against the mock vendor: real package managers, true names, nothing built."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.fleet.conftest import BED
from .driver_beds import KERNELS, NEWEST, OLDER, Bed, said

SYSTEMS = ("ubuntu2404", "el8", "el9", "fedora44")
# What is told to each: of Fedora NVIDIA has no branch that lasts.
USUAL = {node: {"nvidia_branch": "615"} if node == "fedora44" else {} for node in SYSTEMS}
PROPRIETARY = {"nvidia_branch": "595", "nvidia_flavour": "proprietary"}


@pytest.fixture(scope="module", name="bed")
def _bed(fleet):
    return Bed.of(fleet)


def test_each_system_s_driver_is_planned_and_nothing_is_touched(bed):
    before = {node: bed.packages(node) for node in SYSTEMS}
    plan = bed.play(USUAL, "--check", "--diff").assert_ok()
    assert "the NVIDIA driver 580 with the open kernel module, from NVIDIA's repository" in said(plan)
    assert before == {node: bed.packages(node) for node in SYSTEMS}
    assert not any("nvidia" in name for there in before.values() for name in there)


def test_each_system_gets_the_driver_of_the_branch_and_headers(bed):
    there = bed.converge(USUAL)
    assert all(bed.has(node, "updates/dkms/nvidia.ko") for node in SYSTEMS)
    assert (there["ubuntu2404"]["nvidia-driver-pinning-580"], there["ubuntu2404"]["nvidia-headless-580-open"]) == (
        f"{NEWEST}-1", f"{NEWEST}-1ubuntu1")
    assert {"nvidia-utils-580", "linux-headers-generic", f"linux-headers-{KERNELS['ubuntu2404']}"} <= there["ubuntu2404"].keys()
    for node, version, headers in (("el8", NEWEST, "kernel-devel"), ("el9", NEWEST, "kernel-devel-matched"),
                                   ("fedora44", "615.71.09", "kernel-devel-matched")):
        assert {there[node][name] for name in ("nvidia-driver-cuda", "kmod-nvidia-open-dkms", "nvidia-persistenced")} == {version}, node
        assert headers in there[node] and "kmod-nvidia-latest-dkms" not in there[node]


def test_other_branches_are_kept_away(bed):
    ubuntu = bed.nodes["ubuntu2404"]
    assert all(f"^{name}-" in ubuntu.sh("apt-config dump Unattended-Upgrade::Package-Blacklist") for name in ("nvidia", "libnvidia"))
    assert ubuntu.sh("apt-cache policy libnvidia-compute | sed -n 's/ *Candidate: //p'") == "(none)", "what a newer branch is called"
    for node in ("el8", "el9"):
        assert bed.nodes[node].sh("dnf -q module list --enabled nvidia-driver | grep -o '580-open [^ ]*'") == "580-open [e]"
        offered = bed.nodes[node].sh("dnf -q list --showduplicates nvidia-driver-cuda | grep -o ':[0-9.]*' | sort -u").split()
        assert offered == [f":{OLDER}", f":{NEWEST}"]


def test_all_apply_tasks_agree_with_the_probe(bed):
    bed.play(USUAL, fleet_probe=False).assert_unchanged()


def test_a_version_that_is_named_stays_through_an_upgrade_of_all(bed):
    exact = {"nvidia_version": OLDER, "nvidia_minimum": OLDER}
    bed.converge({"el9": exact})
    bed.nodes["el9"].sh("dnf -q -y upgrade")
    there = bed.packages("el9")
    assert {there[name] for name in ("nvidia-driver-cuda", "kmod-nvidia-open-dkms", "nvidia-persistenced")} == {OLDER}


def test_another_branch_takes_the_place_with_its_own_names_pin_and_stream(bed):
    there = bed.converge({"ubuntu2404": {"nvidia_branch": "595"}, "el9": PROPRIETARY})
    assert there["ubuntu2404"]["nvidia-headless-open"].startswith("595.") and "nvidia-driver-pinning-580" not in there["ubuntu2404"]
    assert there["el9"]["kmod-nvidia-latest-dkms"].startswith("595.") and "kmod-nvidia-open-dkms" not in there["el9"]


def test_a_repository_that_does_not_answer_is_told_and_the_next_run_goes_on(bed):
    node, network = bed.nodes["el9"], f"barellama-{BED}"
    node.sh("rm -rf /var/cache/dnf/nvidia-driver* /var/lib/barellama/gpu_driver.json")
    subprocess.run(["docker", "network", "disconnect", network, node.container], check=True)
    try:
        run = bed.play({"el9": PROPRIETARY})
    finally:
        subprocess.run(["docker", "network", "connect", "--alias", node.name, network, node.container], check=True)
    assert run.status != 0 and "Failed to download metadata for repo 'nvidia-driver'" in said(run), run.output
    bed.converge({"el9": PROPRIETARY})


def test_amd_s_gpus_get_the_kernel_s_own_driver_with_its_firmware(bed):
    inbox = "kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko.zst"
    bed.nodes["el9"].sh(f"cd /lib/modules/{KERNELS['el9']}; mkdir -p $(dirname {inbox}); touch {inbox}; echo {inbox}: >> modules.dep")
    there = bed.converge({"ubuntu2404": {}, "el9": {}}, card="amd")
    assert all("linux-firmware" in packages and "amdgpu-dkms" not in packages for packages in there.values())
    assert f"linux-modules-extra-{KERNELS['ubuntu2404']}" in there["ubuntu2404"] and bed.has("ubuntu2404", inbox)


def test_amd_s_gpus_get_amd_s_own_driver_by_choice(bed):
    there = bed.converge({"ubuntu2404": {"amd": "dkms"}, "el9": {"amd": "dkms"}}, card="amd")
    for node, packages in there.items():
        assert "6.16.13.30300400" in packages["amdgpu-dkms"] and bed.has(node, "updates/dkms/amdgpu.ko")
        assert json.loads(bed.nodes[node].sh("cat /var/lib/barellama/gpu_driver.json"))["made"] == {"amd": "dkms", "nvidia": "vendor"}
