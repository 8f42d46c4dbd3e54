# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's sandbox, on the live process and by systemd's own score, from first run to one that is not what it says."""

from __future__ import annotations

import json
import re

TINY = "sites:5001/demo/tiny:latest"
UNIT, RELAY, SOCKET = "ollama.service", "relay-ollama.service", "relay-ollama.socket"
GPUS = ("char-nvidia rw", "char-nvidiactl rw", "char-nvidia-uvm rw", "char-kfd rw", "char-drm rw")
STORE = "/usr/share/ollama/.ollama/models"
DROP_IN = "/etc/systemd/system/ollama.service.d/plus.conf"


def score(node, unit=UNIT):
    return float(node.sh(f"systemd-analyze security --no-pager {unit} | tail -1").split(f"{unit}: ")[1].split()[0])


def proof(fleet, node, *units):
    """What unit_sandbox says of a node, in its own words."""
    shown = fleet.folder / "proof.json"
    look = [{"barellama.fleet.unit_sandbox": {"units": units}, "register": "proof"},
            {"ansible.builtin.copy": {"content": "{{ proof | to_json }}", "dest": str(shown), "mode": "0600"},
             "delegate_to": "localhost"}]
    playbook = fleet.folder / "proof.yml"
    playbook.write_text(json.dumps([{"hosts": node.name, "gather_facts": False, "tasks": look}]))
    fleet.play(playbook).assert_ok()
    return json.loads(shown.read_text())


def running(node, *units):
    return node.sh(f"systemctl is-active {' '.join(units)} || true").split()


def network(node, unit):
    return node.sh(f"readlink /proc/{node.process(unit)}/ns/net")


def generates(node):
    body = json.dumps({"model": TINY, "prompt": "hi", "stream": False})
    return json.loads(node.sh(f"curl -sf http://127.0.0.1:11434/api/generate -d '{body}'")).get("response")


def test_standard_has_what_it_asks_for_and_a_good_score(served):
    for node in served.nodes:
        assert score(node) <= 1.5
        assert proof(served, node, UNIT) == {**proof(served, node, UNIT), "lacking": [], "changed": False}
        allowed = node.sh(f"systemctl show -p DeviceAllow {UNIT}")
        assert all(f"DeviceAllow={device}" in allowed for device in GPUS)


def test_strict_serves_without_a_network(served):
    served.run(ollama_hardening="strict").assert_ok()

    for node in served.nodes:
        assert score(node) <= 1.0 and score(node, RELAY) <= 1.0
        assert proof(served, node, UNIT, RELAY)["lacking"] == []
        assert network(node, UNIT) == network(node, RELAY) != node.sh("readlink /proc/1/ns/net")
        allowed = node.sh(f"systemctl show -p DeviceAllow {UNIT}")
        assert all(f"DeviceAllow={device}" in allowed for device in GPUS)
        assert generates(node)
        assert TINY in node.sh("ollama list")
        assert "dial tcp" in node.sh("ollama pull --insecure sites:5001/demo/small 2>&1 || true")
    served.run(ollama_hardening="strict").assert_unchanged()
    served.run("verify.yml", ollama_hardening="strict").assert_unchanged()


def test_verify_tells_a_process_that_is_not_what_its_unit_says_and_stops_nothing(served):
    for node in served.nodes:  # asked for after the start, as a kernel would that cannot give it
        for unit in UNIT, RELAY:
            node.sh(f"mkdir -p /run/systemd/system/{unit}.d; echo '[Service]\nPrivateIPC=yes' > /run/systemd/system/{unit}.d/ipc.conf")
        node.sh("systemctl daemon-reload")

    run = served.run("verify.yml", ollama_hardening="strict")

    for node in served.nodes:
        node.sh("rm -r /run/systemd/system/*ollama.service.d; systemctl daemon-reload")
        assert running(node, UNIT, RELAY, SOCKET) == ["active"] * 3
    assert run.status != 0
    told = " ".join(run.output.split()).replace("''", "'")  # YAML doubles them
    for unit in UNIT, RELAY:
        assert len(re.findall(f"[ ']{unit}: the process is in the machine's own IPC namespace", told)) >= len(served.nodes), told
    assert "Nothing was stopped" in run.output
    served.run("verify.yml", ollama_hardening="strict").assert_ok()


def test_strict_outlives_a_kill_and_a_relay_that_was_stopped_is_mended(served):
    node, other = served.nodes
    node.sh(f"kill -9 {node.process()} {node.process(RELAY)}")
    node.sh("curl -sf --retry 20 --retry-all-errors --retry-delay 1 http://127.0.0.1:11434/api/version")
    other.sh(f"systemctl stop {RELAY}")
    assert running(other, UNIT, RELAY, SOCKET) == ["active", "inactive", "inactive"]

    served.run(ollama_hardening="strict").assert_ok()

    assert generates(node) and generates(other)
    for each in served.nodes:
        assert running(each, UNIT, RELAY, SOCKET) == ["active"] * 3


def test_back_to_standard_and_a_group_that_may_read_the_store(served):
    for node in served.nodes:
        node.sh(f"ollama rm {TINY}; rm -rf {STORE}/*; groupadd -f readers")

    served.run(ollama_umask="0027").assert_ok()

    for node in served.nodes:
        assert running(node, UNIT, RELAY, SOCKET) == ["active", "inactive", "inactive"]
        assert not node.holds("ls /etc/systemd/system/relay-*")
        assert network(node, UNIT) == node.sh("readlink /proc/1/ns/net")
        read = f"find {STORE} -type f -exec cat {{}} +"
        assert node.holds(f"test -n \"$(setpriv --reuid=65534 --regid=65534 --groups=$(getent group ollama | cut -d: -f3) {read} | head -c1)\"")
        assert not node.holds(f"setpriv --reuid=65534 --regid=65534 --clear-groups {read}")


def test_a_process_that_is_not_what_its_unit_says_is_stopped_with_the_reason(served):
    for node in served.nodes:  # + is how a unit says that its sandbox is not for this command
        node.sh(f"mkdir -p {DROP_IN.rpartition('/')[0]}; "
                f"printf '[Service]\\nExecStart=\\nExecStart=+/opt/ollama/current/bin/ollama serve\\n' > {DROP_IN}")

    run = served.run(ollama_settings={"keep_alive": "7m"})

    assert run.status != 0
    for node in served.nodes:
        assert f"{UNIT}: the process is in the machine's own user namespace" in run.output
        assert f"{UNIT}: the process runs as root, not as ollama" in run.output
        assert f"{UNIT} was stopped and disabled. Take out the drop-in" in " ".join(run.output.split())
        assert running(node, UNIT) == ["inactive"]
        assert not node.holds(f"systemctl is-enabled -q {UNIT}")
        node.sh(f"rm {DROP_IN}")
    served.run(ollama_settings={"keep_alive": "7m"}).assert_ok()
