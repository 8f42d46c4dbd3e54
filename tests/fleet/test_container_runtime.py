# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Docker and Podman of the distribution, for real: installed, configured, restarted, killed, and given a harmless device by CDI."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from tests.fleet.toolkit import give, load_driver

SYSTEMS = ("debian13", "debian12=debian13-containers")
PATIENCE = 300
DAEMON = "/etc/docker/daemon.json"
MARKER = "/etc/systemd/system/docker.service.d/barellama.conf"
BEFORE = "/var/lib/barellama/daemon.json.before"
PROCESS = "systemctl show -P MainPID docker.service"

# A shell and a few commands are an image. The device is as harmless as /dev/null.
IMAGE = """
mkdir -p /tmp/image/dev /tmp/image/proc /tmp/image/sys /tmp/image/etc /tmp/image/tmp
cp --parents -L /bin/sh /bin/sleep $(ldd /bin/sh /bin/sleep | grep -o '/lib[^ ]*' | sort -u) /tmp/image
tar -C /tmp/image -c . | {engine} import - tiny:1
"""
SPECIFICATION = """
mkdir -p /etc/cdi && cat > /etc/cdi/harmless.yaml <<'SPEC'
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
- name: harmless
  containerEdits:
    deviceNodes:
    - path: /dev/harmless
SPEC
mknod --mode=0666 /dev/harmless c 1 3
"""
WRITES = "sh -c 'test -c /dev/harmless && echo words > /dev/harmless'"


def run(fleet, *arguments, engine="docker", **variables):
    return fleet.run("runtime.yml", *arguments, container_runtime_engine=engine, **variables)


@pytest.fixture(scope="module")
def docker(fleet):
    """Nodes with Docker, the first of which had nothing before; containers that nobody but the role would start again."""
    for node in fleet.nodes:
        node.sh("mount -t tmpfs mock /sys/bus/pci" + SPECIFICATION)  # the machine may have a GPU
    fleet.first = run(fleet, "--check", "--diff"), fleet.nodes[0].holds("command -v dockerd")
    run(fleet).assert_ok()
    for node in fleet.nodes:
        node.sh(IMAGE.format(engine="docker") + "docker run -d --name plain tiny:1 sleep 10000 && docker run --name ended tiny:1 sh -c :")
    return fleet


def plain_runs(node):
    return node.sh("docker inspect -f '{{.State.Running}}' plain ended") == "true\nfalse"


def test_a_fresh_host_is_told_the_plan_and_left_alone(docker):
    planned, installed = docker.first
    planned.assert_ok()
    assert "package docker.io is absent, not installed" in planned.output
    assert not installed


def test_docker_runs_with_compose_2_and_the_second_run_changes_nothing(docker):
    for node in docker.nodes:
        assert node.sh("docker compose version --short").startswith("2.") and node.sh("systemctl is-enabled docker.service") == "enabled"
    again = run(docker).assert_unchanged()
    assert {counts["host"] for counts in again.hosts.values()} == {1}, again.hosts
    run(docker, "--check").assert_unchanged()
    run(docker, fleet_probe=False).assert_unchanged()  # Ansible's own modules find nothing to do either


def test_a_new_configuration_restarts_docker_once_and_its_containers_come_back(docker):
    node = docker.nodes[1]
    node.sh(f"""echo '{{"insecure-registries": ["sites:5001"], "features": {{"own": true}}}}' > {DAEMON}""")
    before = node.sh(PROCESS)
    run(docker).assert_unchanged()  # what others write there is theirs
    run(docker, container_runtime_gpu_vendor="amd", container_runtime_daemon={"log-driver": "local"}).assert_ok()
    written = node.sh(f"cat {DAEMON}")
    assert all(word in written for word in ('"sites:5001"', '"own": true', '"cdi": true', '"log-driver": "local"')), written
    after = node.sh(PROCESS)
    assert after != before and node.sh("docker info -f '{{.LoggingDriver}}'") == "local"
    assert all(map(plain_runs, docker.nodes))
    run(docker, container_runtime_gpu_vendor="amd", container_runtime_daemon={"log-driver": "local"}).assert_unchanged()
    assert node.sh(PROCESS) == after


def test_a_device_stays_in_a_container_through_a_reload_of_systemd(docker):
    for node in docker.nodes:
        node.sh("docker run -d --name device --device nvidia.com/gpu=harmless tiny:1 sleep 10000")
        node.sh(f"docker exec device {WRITES}")
        node.sh("systemctl daemon-reload")
        node.sh(f"docker exec device {WRITES}")
        node.sh("docker rm -f device")


@pytest.mark.parametrize(("words", "variables"), [
    ("daemon.json is not what Docker can read: line 2, column 1: ", {"container_runtime_daemon": {"debug": True}}),
    ("log-drive", {"container_runtime_daemon": {"log-drive": "local"}}),
    ("Docker did not start with the new /etc/docker/daemon.json, and runs with the one before again",
     {"container_runtime_daemon": {"bridge": "nowhere0"}}),
])
def test_what_docker_cannot_read_or_start_with_is_told_and_docker_runs_on(docker, words, variables):
    node = docker.nodes[0]
    broken = "line 2" in words
    kept = node.sh(f"cp {DAEMON} /tmp/kept" + (f"; printf '{{\\n,}}' > {DAEMON}" if broken else "") + f"; cat {DAEMON}")
    before = node.sh(PROCESS)
    failed = run(docker, "--limit", node.name + ",localhost", **variables)
    assert failed.status != 0 and words in failed.output, failed.output
    assert node.sh(f"cat {DAEMON}") == kept
    assert plain_runs(node) and (node.sh(PROCESS) == before or "bridge" in str(variables))
    node.sh(f"cp /tmp/kept {DAEMON}")
    run(docker, container_runtime_gpu_vendor="amd").assert_ok()


@pytest.mark.parametrize(("moment", "seen"), [
    ("written", f"until grep -q {{word}} {DAEMON}; do sleep 0.02; done"),
    ("restarted", f"was=$({PROCESS}); while [ -e /proc/$was ]; do sleep 0.02; done"),
])
def test_a_run_that_is_killed_is_finished_by_the_next(docker, moment, seen):
    node, wanted = docker.nodes[0], {"container_runtime_daemon": {"labels": [f"{moment}=1"]}}
    watch = node.start("sh", "-c", seen.format(word=moment))
    killed = subprocess.Popen(docker.command(docker.root / "playbooks/runtime.yml", "--limit", f"{node.name},localhost",
                                             container_runtime_engine="docker", **wanted),
                              env=docker.environment(), cwd=docker.root, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        assert watch.wait(PATIENCE) == 0
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        watch.kill()
    assert moment == "restarted" or node.holds(f"test -e {BEFORE} && ! grep {moment}=1 {BEFORE}")
    run(docker, "--limit", f"{node.name},localhost", **wanted).assert_ok()
    assert node.sh("docker info -f '{{.Labels}}'") == f"[{moment}=1]" and plain_runs(node)
    assert not node.holds(f"test -e /var/lib/barellama/docker-containers || test -e {BEFORE}")
    run(docker, "--limit", f"{node.name},localhost", **wanted).assert_unchanged()


def test_the_way_back_is_to_what_docker_last_started_with_and_no_copy_of_it_stays(docker):
    node = docker.nodes[0]
    kept = node.sh(f"cp {DAEMON} {BEFORE} && cat {DAEMON}")
    # As a run leaves them that was killed before Docker's restart.
    node.sh(f"""echo '{{"labels": ["killed=1"]}}' > {DAEMON}; sed -i 's/BARELLAMA_DAEMON=.*/BARELLAMA_DAEMON=killed/' {MARKER}""")
    failed = run(docker, "--limit", f"{node.name},localhost", container_runtime_daemon={"bridge": "nowhere0"})
    assert failed.status != 0 and "runs with the one before again" in failed.output, failed.output
    assert node.sh(f"cat {DAEMON}") == kept and not node.holds(f"ls {BEFORE}*")
    run(docker, "--limit", f"{node.name},localhost", container_runtime_daemon={"labels": ["next=1"]}).assert_ok()
    assert node.sh("docker info -f '{{.Labels}}'") == "[next=1]" and not node.holds(f"ls {BEFORE}*")


def test_podman_of_root_and_of_an_account_gets_the_device(docker):
    node = docker.nodes[1]
    run(docker, "--limit", f"{node.name},localhost", engine="podman", container_runtime_gpu_vendor="amd").assert_unchanged()
    node.sh("useradd --create-home someone && loginctl enable-linger someone && systemctl start user@$(id -u someone)")
    session = "env HOME=/home/someone XDG_RUNTIME_DIR=/run/user/$(id -u someone)"
    for podman in ("podman", f"runuser -u someone -- {session} podman"):
        node.sh(IMAGE.format(engine=f"(cd / && {podman}").replace("tiny:1", "tiny:1)"))
        node.sh(f"cd / && {podman} run --rm --cgroups=disabled --network=none --device nvidia.com/gpu=harmless tiny:1 {WRITES}")


OURS = "/etc/systemd/system/barellama-cdi-nvidia.service"
SPEC = "/var/run/cdi/nvidia.yaml"


@pytest.fixture(scope="module")
def toolkit(docker):
    """A run on the first node with NVIDIA's toolkit from the mock vendor."""
    node = docker.nodes[0]
    node.sh("rm /etc/cdi/harmless.yaml")
    given = give(node, docker.vendor())
    return lambda *arguments, version="1.20.0", **others: run(
        docker, "--limit", f"{node.name},localhost", *arguments, container_runtime_toolkit_version=version, **given, **others)


def test_a_toolkit_with_holes_is_refused_before_anything_is_touched(docker, toolkit):
    refused = toolkit(version="1.17.7")
    assert refused.status != 0 and "CVE-2025-23266" in refused.output
    assert "nvidia-container-toolkit" not in docker.nodes[0].sh("ls /etc/apt/sources.list.d")


def test_the_toolkit_comes_pinned_and_its_specification_gives_the_device(docker, toolkit):
    node = docker.nodes[0]
    assert "package nvidia-container-toolkit is absent, not 1.20.0" in toolkit("--check", "--diff").assert_ok().output
    toolkit().assert_ok()
    assert set(node.sh("dpkg-query -Wf '${Version}\\n' '*nvidia-container*'").split()) == {"1.20.0-1"}
    node.sh("systemctl is-enabled nvidia-cdi-refresh.path nvidia-cdi-refresh.service && systemctl is-active nvidia-cdi-refresh.path")
    node.sh("docker run -d --name gpu --device nvidia.com/gpu=all tiny:1 sleep 10000; systemctl daemon-reload")
    node.sh("docker exec gpu sh -c 'test -c /dev/nvidia0 && echo words > /dev/nvidia0'")
    toolkit().assert_unchanged()
    toolkit(fleet_probe=False).assert_unchanged()


@pytest.mark.parametrize(("driver", "gpus", "script", "told"), [
    ("595.71.05", 1, ":", "it is for the driver 580.95.05, and 595.71.05 is loaded"),
    ("595.71.05", 2, ":", "it has the devices 0, and the host has 0, 1"),
    ("595.71.05", 2, f"mkdir -p /etc/cdi; sed s/595.71.05/550.54.14/ {SPEC} > /etc/cdi/nvidia.yaml; rm {SPEC}", "it is for the driver 550.54.14"),
])
def test_a_specification_that_does_not_fit_is_written_anew(docker, toolkit, driver, gpus, script, told):
    node = docker.nodes[0]
    load_driver(node, driver, gpus)
    node.sh(script)
    assert told in toolkit("--diff", "--check").assert_ok().output
    toolkit().assert_ok()
    assert driver in node.sh(f"cat {SPEC}") and not node.holds("ls /etc/cdi/*.yaml")
    node.sh(f"docker run --rm --device nvidia.com/gpu={gpus - 1} tiny:1 sh -c 'test -e /usr/lib/libcuda.so.{driver} && test -c /dev/nvidia{gpus - 1}'")


def test_an_older_toolkit_is_kept_fresh_by_units_of_ours_and_a_newer_one_by_its_own(docker, toolkit):
    node = docker.nodes[0]
    toolkit(version="1.17.8").assert_ok()
    assert "1.17.8-1" in node.sh("dpkg-query -Wf '${Version}' libnvidia-container1") and node.holds(f"test -e {OURS}")
    node.sh(f"rm {SPEC} && systemctl start barellama-cdi-nvidia.service && test -e {SPEC} && systemctl is-active barellama-cdi-nvidia.path")
    toolkit(version="1.17.8").assert_unchanged()
    toolkit().assert_ok()
    assert not node.holds(f"test -e {OURS}") and node.sh("systemctl is-active nvidia-cdi-refresh.path") == "active"


# What a host with AMD's GPUs has, and a stand-in for the toolkit, which writes one specification and looks after none.
AMDS_SPEC, AMDS_UNIT = "/etc/cdi/amd.json", "barellama-cdi-amd.service"
AMDS_CTK = """#!/usr/bin/python3
import glob, json, sys
assert sys.argv[1:3] == ["cdi", "generate"], sys.argv
nodes = [{"path": path} for path in ("/dev/kfd", "/dev/dri/renderD128")]
names = ["all", *map(str, range(len(glob.glob("/sys/bus/pci/devices/*"))))]
spec = {"cdiVersion": "0.6.0", "kind": "amd.com/gpu", "devices": [{"name": name, "containerEdits": {"deviceNodes": nodes}} for name in names]}
open(sys.argv[3].partition("--output=")[2], "w").write(json.dumps(spec))
"""


def add_amds_card(node, number):
    node.sh(f"""cd $(mkdir -p /sys/bus/pci/devices/0000:0{number}:00.0 && echo /sys/bus/pci/devices/0000:0{number}:00.0)
echo 0x1002 > vendor && echo 0x74a1 > device && echo 0x030000 > class && ln -s ../../../bus/pci/drivers/amdgpu driver""")


def test_a_specification_of_amd_s_toolkit_is_written_at_boot_and_when_a_gpu_comes(docker):
    node = docker.nodes[1]
    node.sh("mkdir -p /dev/dri && mknod -m 666 /dev/kfd c 1 3 && mknod -m 666 /dev/dri/renderD128 c 1 3\n"
            f"cat > /usr/local/bin/amd-ctk <<'CTK'\n{AMDS_CTK}CTK\nchmod 0755 /usr/local/bin/amd-ctk")
    add_amds_card(node, 1)

    def amd(*arguments, **others):
        return run(docker, "--limit", f"{node.name},localhost", *arguments, container_runtime_gpu_vendor="amd", **others)

    assert "there is no specification of amd.com/gpu" in amd("--check", "--diff").assert_ok().output
    amd().assert_ok()
    node.sh("docker run --rm --device amd.com/gpu=0 tiny:1 sh -c 'echo words > /dev/kfd && test -c /dev/dri/renderD128'")
    amd().assert_unchanged()
    amd(fleet_probe=False).assert_unchanged()

    node.sh(f"systemctl is-enabled {AMDS_UNIT} && rm {AMDS_SPEC} && systemctl start {AMDS_UNIT} && test -s {AMDS_SPEC}")  # as at a boot
    add_amds_card(node, 2)
    assert f"{AMDS_SPEC}: it has the devices 0, and the host has 0, 1" in amd("--check", "--diff").assert_ok().output
    amd().assert_ok()
    node.sh("docker run --rm --device amd.com/gpu=1 tiny:1 sh -c 'test -c /dev/kfd'")
    amd().assert_unchanged()
