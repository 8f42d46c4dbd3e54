# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NVIDIA's true drivers as Debian packages them, built by DKMS for Debian's kernels on nodes that have the files of a GPU."""

from __future__ import annotations

import json
import re

import pytest

from tests.fleet.drivers import GPU

SYSTEMS = ("debian12", "debian13")
# Debian 12's updates of security have a newer driver, without its open module.
SECTIONS = "sed -i 's/ main$/ main contrib non-free non-free-firmware/; /bookworm-security/d' /etc/apt/sources.list"
OPEN = "DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends nvidia-open-kernel-dkms $(cat /srv/gpu/proc/sys/kernel/osrelease"
OPEN += " | sed 's/^/linux-headers-/') 2>&1"


@pytest.fixture(scope="module", name="nodes")
def _nodes(fleet):
    """One of each system, by name."""
    for node in fleet.nodes:
        node.sh(SECTIONS + GPU)
    (fleet.folder / "gpu.ini").write_text("[gpu]\n" + "\n".join(node.name for node in fleet.nodes))
    return {node.name: node for node in fleet.nodes}


@pytest.fixture(scope="module", name="play")
def _play(fleet):
    """One run of gpu.yml on one node, with its distribution's driver."""
    wanted = {"gpu_driver_source": "distro", "__gpu_driver_root": "/srv/gpu"}
    return lambda system, **others: fleet.run("gpu.yml", "-i", fleet.folder / "gpu.ini", "--limit", f"{system},localhost", **wanted, **others)


@pytest.fixture(name="told")
def _told(fleet):
    """What gpu_facts tells of a node, in one line of JSON."""
    def told(node, what):
        shown = f"told {{{{ ansible_facts['gpu_host'].{what} | to_json }}}}"
        tasks = [{"barellama.fleet.gpu_facts": {"root": "/srv/gpu"}}, {"ansible.builtin.debug": {"msg": shown}}]
        (fleet.folder / "told.json").write_text(json.dumps([{"hosts": node.name, "gather_facts": False, "tasks": tasks}]))
        return said(fleet.play(fleet.folder / "told.json").assert_ok())
    return told


def said(run):
    return " ".join(run.output.split())


def test_what_debian_has_no_working_driver_for_is_refused(nodes, play):
    run = play("debian13", gpu_driver_nvidia_flavour="open")
    assert run.status != 0 and "debian 13 itself has no open kernel module of 550; write gpu_driver_source: vendor" in said(run), run.output
    run = play("debian12")
    assert run.status != 0 and "Ollama needs the NVIDIA driver 550 or newer for these GPUs, and 535 would be installed" in said(run), run.output


def test_the_open_module_of_debian_12_builds_and_is_seen(nodes, told):
    node = nodes["debian12"]
    node.sh(OPEN)
    kernel = node.sh("cat /srv/gpu/proc/sys/kernel/osrelease")
    assert re.search(rf"535\.\S+, {re.escape(kernel)}, \S+: installed", node.sh("dkms status")), node.sh("dkms status")
    facts = told(node, "drivers.nvidia")
    assert all(each in facts for each in ('"installed": true', '"installed_version": "535.', '"installed_flavour": "open"')), facts


def test_a_driver_of_debian_13_that_does_not_build_is_told_and_the_next_run_repairs(nodes, play, told):
    node = nodes["debian13"]
    if node.holds(OPEN):
        pytest.skip("Debian's open module builds on Debian 13 by now: the table of what its packages offer can have it")
    errors = told(node, "system.build_errors")
    assert re.search(r"error: .*pci_resize_resource", errors), errors
    play("debian13").assert_ok()
    kernel = node.sh("cat /srv/gpu/proc/sys/kernel/osrelease")
    assert node.sh("dpkg --audit") == ""
    assert re.search(rf"550\.\S+, {re.escape(kernel)}, \S+: installed", node.sh("dkms status")), node.sh("dkms status")
    play("debian13").assert_unchanged()
