# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role gpu_driver on a node that has the files of a GPU: real apt and DKMS, against a vendor's repository of our own."""

from __future__ import annotations

import re

import pytest

from .drivers import driver, give

SYSTEMS = ("debian13",)
GOOD, BROKEN, SKIPPED = "580.178.04", "595.91.07", "590.48.01"
INSTALLED = "dpkg-query -W -f '${Package} ${Version} ${Status}\\n' 'nvidia*' 2>/dev/null | grep ' installed' || true"


@pytest.fixture(scope="module", name="node")
def _node(fleet):
    return fleet.nodes[0]


@pytest.fixture(scope="module", name="play")
def _play(fleet, node, tmp_path_factory):
    """One run of gpu.yml with this repository."""
    packages = driver(GOOD) + driver(BROKEN, "int broken(void) { return missing; }") + driver(SKIPPED, built=False)
    variables = give(node, tmp_path_factory.mktemp("nvidia"), packages)
    (fleet.folder / "gpu.ini").write_text(f"[gpu]\n{node.name}\n")
    return lambda *arguments, **others: fleet.run("gpu.yml", "-i", fleet.folder / "gpu.ini", *arguments, **{**variables, **others})


def said(run):
    return " ".join(run.output.split())


def test_variables_and_the_host_s_state_are_refused_before_anything_is_touched(node, play):
    for words, variables in (
        ("gpu_driver_sorce: is not a variable of this collection; did you mean gpu_driver_source?", {"gpu_driver_sorce": "none"}),
        ("gpu_driver_expected: there are 1 GPUs on the PCI bus (0000:01:00.0), and 8 are expected", {"gpu_driver_expected": 8}),
        ("gpu_driver_nvidia_version: 580.95.05 lacks fixes", {"gpu_driver_nvidia_version": "580.95.05"}),
    ):
        run = play(**variables)
        assert run.status != 0 and words in said(run), run.output
    assert node.sh(INSTALLED) == "" and not node.holds("ls /etc/apt/sources.list.d/nvidia-driver.sources")


def test_a_repository_that_nobody_answers_for_leaves_the_host_free_for_another_source(node, play):
    run = play(gpu_driver_nvidia_repository="http://127.0.0.1:9/none")
    assert run.status != 0 and "name a mirror that it does reach: gpu_driver_nvidia_repository" in said(run), run.output
    assert not node.holds("test -e /var/lib/barellama/gpu_driver.json")


def test_check_mode_on_a_bare_host_is_the_plan(node, play):
    run = play("--check", "--diff").assert_ok()
    assert "the NVIDIA driver 580 with the open kernel module, from NVIDIA's repository" in said(run)
    assert "+blacklist nouveau" in run.output and "package nvidia-kernel-open-dkms" in run.output
    assert node.sh(INSTALLED) == "" and not node.holds("test -e /var/lib/barellama/gpu_driver.json")


def test_a_bare_host_gets_the_driver_built_for_its_kernel(node, play):
    play().assert_ok()
    kernel = node.sh("cat /srv/gpu/proc/sys/kernel/osrelease")
    assert f"nvidia/{GOOD}, {kernel}, " in node.sh("dkms status | grep ': installed'")
    assert node.sh(f"modinfo -F version /lib/modules/{kernel}/updates/dkms/nvidia.ko*") == GOOD
    assert f"nvidia-kernel-open-dkms {GOOD}-1" in node.sh(INSTALLED), "the pin came first, or the newest would be there"
    assert "blacklist nouveau" in node.sh("cat /etc/modprobe.d/barellama-gpu.conf")
    assert "^nvidia-" in node.sh("apt-config dump Unattended-Upgrade::Package-Blacklist")


def test_a_second_run_changes_nothing_and_asks_nobody(node, play):
    node.sh("systemctl stop mock")
    play("--check", "--diff").assert_unchanged()
    run = play().assert_unchanged()
    assert [task["action"] for task in run.tasks if task["where"] == "host" and task["host"] == node.name] == ["gpu_facts", "host_drift"]
    node.sh("systemd-run --unit=mock python3 -m http.server --bind 127.0.0.1 --directory /srv 8099")


def test_all_apply_tasks_agree_with_the_probe(play):
    play(fleet_probe=False).assert_unchanged()


def test_after_a_restart_into_another_kernel_it_is_built_for_that_one_too(node, play):
    kernel = node.sh("cat /srv/gpu/proc/sys/kernel/osrelease")
    other = kernel.replace("-amd64", "-cloud-amd64")
    node.sh(f"echo {other} > /srv/gpu/proc/sys/kernel/osrelease")
    run = play().assert_ok()
    assert f"is not installed for the kernel {other}" in said(run)
    assert [node.sh(f"modinfo -F version /lib/modules/{each}/updates/dkms/nvidia.ko*") for each in (kernel, other)] == [GOOD, GOOD]
    play().assert_unchanged()
    node.sh(f"echo {kernel} > /srv/gpu/proc/sys/kernel/osrelease")


def test_a_driver_that_does_not_build_is_told_with_its_first_error_and_the_next_run_repairs(node, play):
    run = play(gpu_driver_nvidia_branch="595")
    assert run.status != 0 and f"The driver's packages could not be installed: nvidia/{BROKEN}: " in said(run), run.output
    assert re.search("error: .missing. undeclared", said(run)), run.output
    assert node.sh("dpkg --audit"), "the package manager was left with half a driver"
    play().assert_ok()
    assert node.sh("dpkg --audit") == "" and f"nvidia-kernel-open-dkms {GOOD}-1" in node.sh(INSTALLED)
    play().assert_unchanged()


def test_a_driver_that_was_installed_and_not_built_is_refused(node, play):
    run = play(gpu_driver_nvidia_branch="590")
    assert f"nvidia-kernel-open-dkms {SKIPPED}-1" in node.sh(INSTALLED), "the package manager takes it for installed"
    assert run.status != 0 and "though its packages are: DKMS built nothing for it" in said(run), run.output
    play().assert_ok()
    play().assert_unchanged()
