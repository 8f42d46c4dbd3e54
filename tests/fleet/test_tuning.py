# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What role gpu_driver sets GPUs to, on a node with the files of two and an nvidia-smi that keeps what it is told."""

from __future__ import annotations

import json
import subprocess

import pytest
from tests.standin.vendor.nvidia import REPLAY

SYSTEMS = ("debian13",)
UNIT, SCRIPT = "barellama-gpu-tuning.service", "/usr/local/sbin/barellama-gpu-tuning"
A100, L40S = "GPU-00000000-1111-2222-3333-444444444444", "GPU-00000001-1111-2222-3333-444444444444"
PLACES = {"0000:01:00.0": "0x20b2", "0000:c1:00.0": "0x26b9"}
# The forms are those of published captures, the values made up.
COMMON = {"memory.total": "81920", "memory.free": "81000", "compute_cap": "8.0", "persistence_mode": "Disabled", "gpu_recovery_action": "None",
          "fabric.state": "N/A", "power.limit": "400.00", "power.min_limit": "100.00", "power.max_limit": "400.00", "processes": [], "devices": [],
          "ecc.mode.current": "Enabled", "ecc.mode.pending": "Enabled", "mig.mode.current": "Disabled", "mig.mode.pending": "Disabled"}
SETTINGS = [
    {**COMMON, "index": "0", "uuid": A100, "name": "NVIDIA A100-SXM4-80GB", "pci.bus_id": "00000000:01:00.0"},
    {**COMMON, "index": "1", "uuid": L40S, "name": "NVIDIA L40S", "pci.bus_id": "00000000:C1:00.0", "mig.mode.current": "[N/A]",
     "mig.mode.pending": "[N/A]", "compute_cap": "8.9", "power.limit": "350.00", "power.max_limit": "350.00"},
]
FILES = """
mkdir -p /srv/gpu/proc/driver/nvidia /srv/gpu/proc/sys/kernel /srv/gpu/sys/module/nvidia /var/lib/mock-gpu
cd /srv/gpu
ln -s /etc etc
echo 6.12.107+deb13-amd64 > proc/sys/kernel/osrelease
echo 595.80 > sys/module/nvidia/version
echo 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  595.80' > proc/driver/nvidia/version
"""
WANTED = {A100: {"mig": ["3g.40gb", "1g.10gb"], "power_limit": 300}, "0000:C1:00.0": {"power_limit": 275, "clocks": [210, 1500]}}
DRIFTED = "the GPU 0000:c1:00.0 has a limit of 200 W, and 275 W is wanted"


@pytest.fixture(scope="module", name="node")
def _node(fleet):
    node = fleet.nodes[0]
    node.sh(FILES + "".join(
        f"mkdir -p sys/bus/pci/devices/{place}; cd sys/bus/pci/devices/{place}; echo 0x10de > vendor; echo {device} > device; echo 0x030200 > class;"
        "ln -s ../../../bus/pci/drivers/nvidia driver; cd /srv/gpu\n" for place, device in PLACES.items()))
    put(node, "/var/lib/mock-gpu/host.json", json.dumps({"commands": [], "settings": SETTINGS}))
    put(node, "/usr/bin/nvidia-smi", REPLAY, "0755")
    return node


@pytest.fixture(scope="module", name="play")
def _play(fleet, node):
    """One run of gpu.yml for GPUs whose driver is another's."""
    (fleet.folder / "gpu.ini").write_text(f"[gpu]\n{node.name}\n")

    def play(*arguments, tuning=None, playbook="gpu.yml", **others):
        return fleet.run(playbook, "-i", fleet.folder / "gpu.ini", *arguments, gpu_driver_source="none", __gpu_driver_root="/srv/gpu",
                         gpu_driver_tuning=WANTED if tuning is None else tuning, **others)

    return play


def put(node, path, content, mode="0644"):
    subprocess.run(["docker", "exec", "-i", node.container, "sh", "-c", f"cat > {path}; chmod {mode} {path}"], input=content, text=True, check=True)


def told(node, fields, uuid):
    return node.sh(f"nvidia-smi -i {uuid} --query-gpu={fields} --format=csv,noheader,nounits")


def devices(node):
    return sorted(line.split()[1] for line in node.sh("nvidia-smi -L").splitlines() if line.startswith("  MIG"))


def said(run):
    return " ".join(run.output.split())


def assert_as_wanted(node):
    assert told(node, "power.limit,persistence_mode", A100) == "300.00, Enabled"
    assert told(node, "power.limit,persistence_mode,ecc.mode.pending", L40S) == "275.00, Enabled, Enabled"
    assert devices(node) == ["1g.10gb", "3g.40gb"]
    assert '"-lgc": "210,1500"' in node.sh("cat /var/lib/mock-gpu/set.json")


def test_what_cannot_be_set_is_refused_before_anything_is_touched(node, play):
    for tuning, words in (
        ({A100: {"power": 300}}, "'power' is none of power_limit, clocks, memory_clocks, ecc, mig; "),
        ({A100: {"power_limit": 500}, L40S: {"mig": ["1g.10gb"]}}, "0000:01:00.0 takes a power_limit from 100 to 400, and 500 is wanted; "),
        ({A100: {"power_limit": 500}, L40S: {"mig": ["1g.10gb"]}}, "0000:c1:00.0 has no MIG; leave out mig"),
        ({"0000:02:00.0": {"ecc": False}}, f"this host has no GPU 0000:02:00.0; it has 0000:01:00.0 ({A100}), 0000:c1:00.0 ({L40S}); "),
    ):
        run = play(tuning=tuning)
        assert run.status != 0 and "gpu_driver_tuning: " in said(run) and words in said(run), run.output
    assert not node.holds(f"test -e {SCRIPT}") and not node.holds("test -e /var/lib/mock-gpu/set.json")


def test_check_mode_is_the_plan(node, play):
    run = play("--check", "--diff").assert_ok()
    assert "has a limit of 400 W, and 300 W is wanted" in said(run) and "-pl 300" in run.output
    assert not node.holds(f"test -e {SCRIPT}") and not node.holds("test -e /var/lib/mock-gpu/set.json")


def test_gpus_are_set_now_and_with_each_start(node, play):
    play().assert_ok()
    assert_as_wanted(node)
    assert node.sh(f"systemctl is-enabled {UNIT}; systemctl is-active {UNIT}") == "enabled\nactive"


def test_a_second_run_changes_nothing(node, play):
    play("--check", "--diff").assert_unchanged()
    run = play().assert_unchanged()
    there = [task["action"] for task in run.tasks if task["where"] == "host" and task["host"] == node.name]
    assert there == ["gpu_facts", "host_drift"]


def test_all_apply_tasks_agree_with_the_probe(play):
    play(fleet_probe=False).assert_unchanged()


def test_what_was_changed_by_hand_comes_back_and_other_gpus_keep_their_devices(node, play):
    node.sh(f"nvidia-smi -i {L40S} -pl 200")
    assert DRIFTED in said(play(playbook="drift.yml"))
    answering(node, "mig*", "touch /srv/taken")
    assert DRIFTED in said(play().assert_ok())
    node.sh("mv /usr/lib/mock/nvidia-smi /usr/bin/nvidia-smi")
    assert not node.holds("test -e /srv/taken"), "MIG devices were made anew"
    assert_as_wanted(node)
    play().assert_unchanged()


def test_what_cannot_be_read_is_set_anew_where_it_changes_and_after_a_run_that_was_killed(node, play):
    other = {**WANTED, "0000:C1:00.0": {"power_limit": 275, "clocks": [210, 1200]}}
    play(tuning=other).assert_ok()
    assert '"-lgc": "210,1200"' in node.sh("cat /var/lib/mock-gpu/set.json")
    # Killed after its files were written: the unit was stopped before.
    node.sh(f"systemctl stop {UNIT}; sed -i s/210,1200/210,1500/ {SCRIPT}")
    play().assert_ok()
    assert_as_wanted(node)
    play().assert_unchanged()


def test_a_start_of_the_host_brings_all_of_it_back(node, play):
    """The driver has forgotten everything, and systemd starts what starts with a host."""
    node.sh("rm /var/lib/mock-gpu/set.json")
    assert devices(node) == [] and told(node, "power.limit", A100) == "400.00"
    node.sh(f"systemctl stop {UNIT}; systemctl start multi-user.target")
    assert_as_wanted(node)
    play().assert_unchanged()


def test_other_devices_are_refused_while_processes_compute_and_made_afterwards(node, play):
    edit = "python3 -c \"import json; p = '/var/lib/mock-gpu/set.json'; s = json.load(open(p)); s[0]['processes'] = {}; json.dump(s, open(p, 'w'))\""
    node.sh(edit.format([4242]))
    other = {**WANTED, A100: {"mig": ["7g.80gb"]}}
    run = play(tuning=other)
    assert run.status != 0 and "0000:01:00.0 is to have other MIG devices, and processes compute on it (4242); stop them first" in said(run)
    assert devices(node) == ["1g.10gb", "3g.40gb"]
    node.sh(edit.format([]))
    # Toolkits keep the specification of devices by this unit.
    put(node, "/etc/systemd/system/nvidia-cdi-refresh.service",
        "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'nvidia-smi -L >> /srv/refreshed'\n")
    node.sh("systemctl daemon-reload")
    play(tuning=other).assert_ok()
    assert devices(node) == ["7g.80gb"]
    node.sh("for n in $(seq 50); do grep -q 7g.80gb /srv/refreshed && exit; sleep 0.1; done; exit 1")
    play(tuning=other).assert_unchanged()
    play(tuning={**WANTED, A100: {"mig": []}}).assert_ok()
    assert devices(node) == [] and told(node, "mig.mode.current", A100) == "Disabled"


def test_a_mode_that_waits_is_a_reason_to_restart(node, play):
    tuning = {A100: {"ecc": False}}
    run = play(tuning=tuning).assert_ok()
    assert "ECC of the GPU 0000:01:00.0 is to be turned off: with a restart" in said(run)
    assert told(node, "ecc.mode.current,ecc.mode.pending", A100) == "Enabled, Disabled"
    play(tuning=tuning).assert_unchanged()
    assert play(tuning=tuning, gpu_driver_reboot_policy="never").status != 0


def answering(node, pattern, answer):
    """An nvidia-smi that answers some words otherwise, until it is put back."""
    node.sh("mkdir -p /usr/lib/mock && cp /usr/bin/nvidia-smi /usr/lib/mock/")
    put(node, "/usr/bin/nvidia-smi", f'#!/bin/sh\ncase "$*" in {pattern}) {answer};; esac\nexec /usr/lib/mock/nvidia-smi "$@"\n', "0755")


def test_what_the_driver_does_not_take_is_a_failure_in_its_words(node, play):
    answering(node, "*-lmc*", "echo 'Setting locked Memory clocks is not supported'; exit 3")
    for _round in range(2):
        run = play(tuning={A100: {"memory_clocks": [405, 1215]}, L40S: {"power_limit": 300}})
        assert run.status != 0 and "Setting locked Memory clocks is not supported" in said(run), run.output
        assert told(node, "power.limit", L40S) == "300.00", "the others are set all the same"
    node.sh("mv /usr/lib/mock/nvidia-smi /usr/bin/nvidia-smi")


def test_a_value_that_the_driver_does_not_keep_is_a_failure(node, play):
    answering(node, "*-pl*", "exit 0")
    run = play(tuning={L40S: {"power_limit": 222}})
    assert run.status != 0 and "the GPU 0000:c1:00.0 has a limit of 300 W, and 222 W is wanted; see: journalctl -u " in said(run), run.output
    node.sh("mv /usr/lib/mock/nvidia-smi /usr/bin/nvidia-smi")


def test_without_the_variable_the_unit_goes(node, play):
    play("--check", tuning={}).assert_ok()
    assert node.holds(f"test -e {SCRIPT}")
    play(tuning={}).assert_ok()
    assert not node.holds(f"test -e {SCRIPT}") and not node.holds(f"systemctl cat {UNIT}")
    run = play(tuning={}).assert_unchanged()
    assert [task["action"] for task in run.tasks if task["where"] == "host" and task["host"] == node.name] == ["gpu_facts"]
