# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts that GPUs need, on a node that has the files of a GPU and does restart. What its kernel would do, a stand-in of modprobe does."""

from __future__ import annotations

import json
import subprocess

import pytest

SYSTEMS = ("debian13",)
OLD, NEW = "580.95.05", "580.178.04"
RECORD, DRAINED = "/var/lib/barellama/gpu_driver-restart.json", "/var/lib/barellama/gpu_driver-drained"
# A kernel that loads what is installed, also while the node starts, and has another boot id after each start.
KERNEL = """
mkdir -p /srv/gpu && cd /srv/gpu
mkdir -p sys/bus/pci/devices/0000:01:00.0 sys/module proc/sys/kernel/random run lib/modules/6.12
for each in etc usr var boot; do ln -sfn /$each $each; done
echo 0x10de > sys/bus/pci/devices/0000:01:00.0/vendor
echo 0x2684 > sys/bus/pci/devices/0000:01:00.0/device
echo 0x030000 > sys/bus/pci/devices/0000:01:00.0/class
ln -sfn ../../../bus/pci/drivers/nvidia sys/bus/pci/devices/0000:01:00.0/driver
echo 6.12 > proc/sys/kernel/osrelease
echo 'updates/dkms/nvidia.ko:' > lib/modules/6.12/modules.dep
cat > /usr/local/sbin/modprobe <<'END'
#!/bin/sh -e
what=$1; shift
for each in "$@"; do
  rm -rf /srv/gpu/sys/module/$each
  [ $what = --remove ] && continue
  mkdir -p /srv/gpu/sys/module/$each/holders
  echo 0 > /srv/gpu/sys/module/$each/refcnt
  basename /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.* | sed 's/.*so.//' > /srv/gpu/sys/module/$each/version
done
END
chmod +x /usr/local/sbin/modprobe
cat > /etc/systemd/system/kernel.service <<'END'
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -ec 'cat /proc/sys/kernel/random/uuid > /srv/gpu/proc/sys/kernel/random/boot_id; modprobe --all nvidia nvidia_uvm; : > /dev/nvidia0; \
  [ ! -e /srv/gpu/next ] || ln -sfn ../../../bus/pci/drivers/nouveau /srv/gpu/sys/bus/pci/devices/0000:01:00.0/driver'
END
cat > /etc/systemd/system/nvidia-persistenced.service <<'END'
[Unit]
After=kernel.service
Requires=kernel.service
[Service]
ExecStart=/bin/sh -c 'exec sleep infinity < /dev/nvidia0'
[Install]
WantedBy=multi-user.target
END
systemctl enable -q --now nvidia-persistenced.service
"""


@pytest.fixture(scope="module", name="node")
def _node(fleet):
    node = fleet.nodes[0]
    node.sh(f"touch /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.{NEW}{KERNEL}")
    subprocess.run(["docker", "update", "--restart=always", node.container], check=True, capture_output=True)
    (fleet.folder / "gpu.ini").write_text(f"[gpu]\n{node.name}\n")
    return node


@pytest.fixture(name="hooks")
def _hooks(fleet):
    """What the commands of the operator wrote, on the control node."""
    told = fleet.folder / "hooks"
    told.write_text("")
    return told


@pytest.fixture(name="arguments")
def _arguments(fleet, hooks):
    return {"gpu_driver_source": "none", "__gpu_driver_root": "/srv/gpu",
            "gpu_driver_drain_command": ["sh", "-c", f"echo out {{{{ inventory_hostname }}}} >> {hooks}"],
            "gpu_driver_undrain_command": ["sh", "-c", f"echo in {{{{ inventory_hostname }}}} >> {hooks}"]}


@pytest.fixture(name="play")
def _play(fleet, arguments):
    """One run of gpu.yml with this policy."""
    return lambda policy, *words: fleet.run("gpu.yml", "-i", fleet.folder / "gpu.ini", *words, gpu_driver_reboot_policy=policy, **arguments)


@pytest.fixture(name="upgraded")
def _upgraded(node):
    """An older driver is loaded than is installed."""
    node.sh(f"echo {OLD} > /srv/gpu/sys/module/nvidia/version")


def said(run):
    return " ".join(run.output.split())


def boot(node):
    return node.sh("cat /srv/gpu/proc/sys/kernel/random/boot_id")


def loaded(node):
    return node.sh("cat /srv/gpu/sys/module/nvidia/version")


@pytest.mark.usefixtures("upgraded")
def test_a_restart_is_told_and_not_done_where_that_is_the_policy(node, play, hooks):
    before = boot(node)
    assert f"the NVIDIA driver {OLD} is loaded, and {NEW} is installed; do it, or run gpu.yml" in said(play("report").assert_ok())
    run = play("never")
    assert run.status != 0 and "gpu_driver_reboot_policy is never" in said(run), run.output
    assert "restarting this host for its GPUs" in said(play("reboot", "--check").assert_ok())
    assert (boot(node), loaded(node), hooks.read_text()) == (before, OLD, "")


@pytest.mark.usefixtures("upgraded")
def test_a_driver_in_use_stays_and_its_daemon_is_not_touched(node, play, hooks):
    daemon = node.process("nvidia-persistenced.service")
    node.sh("systemd-run -q --unit=exporter sh -c 'exec sleep infinity < /dev/nvidia0'")
    try:
        run = play("reload").assert_ok()
    finally:
        node.sh("systemctl stop exporter")
    assert "could not be loaded anew (in use by sleep (" in said(run)
    assert (node.process("nvidia-persistenced.service"), loaded(node)) == (daemon, OLD)
    assert hooks.read_text().split() == ["out", node.name, "in", node.name]


@pytest.mark.usefixtures("upgraded")
def test_a_reload_takes_the_driver_out_and_loads_the_new_one(node, play, hooks):
    before, daemon = boot(node), node.process("nvidia-persistenced.service")
    play("reload").assert_ok()
    assert (loaded(node), boot(node)) == (NEW, before)
    assert node.process("nvidia-persistenced.service") not in ("0", daemon)
    assert hooks.read_text().split() == ["out", node.name, "in", node.name]
    play("reload").assert_unchanged()
    assert hooks.read_text().count("out") == 1


@pytest.mark.usefixtures("upgraded")
def test_a_host_is_restarted_once_out_of_service(node, play, hooks):
    before = boot(node)
    play("reboot").assert_ok()
    after = boot(node)
    assert after != before and loaded(node) == NEW
    assert hooks.read_text().split() == ["out", node.name, "in", node.name]
    assert not node.holds(f"ls {RECORD}") and not node.holds(f"ls {DRAINED}")
    play("reboot").assert_unchanged()
    assert boot(node) == after


@pytest.mark.usefixtures("upgraded")
def test_a_run_that_is_killed_while_the_host_restarts_is_taken_up_again(fleet, node, play, arguments, hooks):
    before = boot(node)
    command = fleet.command(fleet.root / "playbooks/gpu.yml", "-i", fleet.folder / "gpu.ini", gpu_driver_reboot_policy="reboot", **arguments)
    run = subprocess.Popen(command, cwd=fleet.folder, env=fleet.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while run.poll() is None and not node.holds(f"test -e {RECORD}"):
            pass
    finally:
        run.kill()
        run.wait()
    assert hooks.read_text().split() == ["out", node.name]
    while not node.holds("systemctl is-system-running"):
        pass
    play("reboot").assert_ok()
    assert boot(node) != before and loaded(node) == NEW
    assert hooks.read_text().split()[-2:] == ["in", node.name]
    assert not node.holds(f"ls {RECORD}") and not node.holds(f"ls {DRAINED}")
    play("reboot").assert_unchanged()


@pytest.mark.usefixtures("upgraded")
def test_a_host_that_comes_back_with_another_reason_stays_out_of_service(node, play, hooks):
    node.sh("touch /srv/gpu/next")
    run = play("reboot")
    assert run.status != 0 and "this host was restarted, and now there is another reason: " in said(run), run.output
    assert "run gpu.yml again; it stays out of service until a run succeeds" in said(run)
    play("report").assert_ok()
    assert hooks.read_text().split() == ["out", node.name]
    node.sh("rm /srv/gpu/next && ln -sfn ../../../bus/pci/drivers/nvidia /srv/gpu/sys/bus/pci/devices/0000:01:00.0/driver")
    play("report").assert_ok()
    assert hooks.read_text().split() == ["out", node.name, "in", node.name] and not node.holds(f"ls {RECORD}")


def test_a_reason_that_a_restart_does_not_take_away_is_an_error_and_restarts_nothing_again(node, play, hooks):
    node.sh("ln -sfn ../../../bus/pci/drivers/nouveau /srv/gpu/sys/bus/pci/devices/0000:01:00.0/driver")
    before = boot(node)
    run = play("reboot")
    after = boot(node)
    assert run.status != 0 and after != before, run.output
    assert "another restart would not help" in said(run) and "it stays out of service until a run succeeds" in said(run)
    assert json.loads(node.sh(f"cat {RECORD}"))["boot_id"] == before
    again = play("reboot")
    assert again.status != 0 and "another restart would not help" in said(again) and boot(node) == after
    assert hooks.read_text().split() == ["out", node.name]
    node.sh("ln -sfn ../../../bus/pci/drivers/nvidia /srv/gpu/sys/bus/pci/devices/0000:01:00.0/driver")
    play("report").assert_ok()
    assert hooks.read_text().split() == ["out", node.name, "in", node.name] and not node.holds(f"ls {RECORD}")


@pytest.mark.parametrize(("policy", "served"), [("report", True), ("reboot", False)])
def test_a_lost_host_is_no_other_s_where_none_may_be_restarted(fleet, node, arguments, policy, served):
    lost = {"lost": {"ansible_connection": "community.docker.docker", "ansible_host": "barellama-nobody"}, node.name: {}}
    (fleet.folder / "lost.json").write_text(json.dumps({group: {"hosts": lost} for group in ("ollama", "gpu")}))
    run = fleet.run("site.yml", "--check", "-i", fleet.folder / "lost.json", "--limit", f"lost,{node.name},localhost", **arguments,
                    gpu_driver_reboot_policy=policy)
    assert run.status != 0 and run.hosts["lost"]["failures"] == 1, run.output
    assert any("ollama : Probe" in task["task"] and task["host"] == node.name for task in run.tasks) is served, run.output


def test_a_slip_in_a_later_role_s_variables_is_told_before_drivers_are_touched(fleet, node, arguments):
    run = fleet.run("site.yml", "-i", fleet.folder / "gpu.ini", **arguments, ollama_method="doker")
    assert run.status != 0 and "did you mean docker?" in said(run), run.output
    assert [task["task"] for task in run.tasks if task["where"] == "host" and task["host"] == node.name] == []


def test_instances_of_gpus_are_checked_when_these_have_their_drivers(fleet, node, arguments):
    run = fleet.run("site.yml", "--check", "-i", fleet.folder / "gpu.ini", **arguments, ollama_instances="per_gpu")
    assert any("gpu_driver : Look" in task["task"] for task in run.tasks if task["host"] == node.name), run.output
