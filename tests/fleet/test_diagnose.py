# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every symptom that a node can have is told with its cause, and nothing is told of a node that is well.

What needs hardware or a kernel of its own (drivers, the kernel's killings) is in the unit tests of the checks.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest

SYSTEMS = ("debian13",)
HOME = "/usr/share/ollama"
STORE = f"{HOME}/.ollama/models"
FAULTS = f"{HOME}/.ollama/standin-faults.json"
RECORD = "/var/lib/barellama/ollama.json"
UNIT = "/etc/systemd/system/ollama.service"
LIBRARY = "/opt/ollama/current/lib/ollama/libggml-base.so"
DROP_IN = "/etc/systemd/system/ollama.service.d/fault.conf"
MODEL = "sites:5001/demo/tiny:latest"
RESTART = "systemctl daemon-reload; systemctl reset-failed ollama; systemctl restart ollama"
ANSWERS = "until curl -sf -o /dev/null http://127.0.0.1:11434/api/version; do sleep 0.1; done"
FAILS = "until [ $(systemctl show -P NRestarts ollama) -ge 1 ]; do sleep 0.1; done"
PCI = "/run/pci/0000:03:00.0"
AMD = f"""mkdir -p {PCI}; echo 0x1002 > {PCI}/vendor; echo 0x030000 > {PCI}/class
          ln -s ../../../bus/pci/drivers/amdgpu {PCI}/driver; mount --bind /run/pci /sys/bus/pci/devices"""
NO_AMD = "umount /sys/bus/pci/devices; rm -rf /run/pci /dev/kfd"


def drop_in(line, then=ANSWERS):
    return f"mkdir -p $(dirname {DROP_IN}); printf '[Service]\\n{line}\\n' > {DROP_IN}; systemctl daemon-reload; systemctl restart ollama || true; {then}"


def fault(faults, then=ANSWERS):
    return f"echo '{json.dumps(faults)}' > {FAULTS}; chown ollama {FAULTS}; systemctl restart ollama; {then}"


def load(faults=None):
    """Let the model be loaded, perhaps with other faults than at the start; whether that works does not matter."""
    change = f"echo '{json.dumps(faults)}' > {FAULTS}; " if faults else ""
    return f"{ANSWERS}; {change}curl -s -o /dev/null http://127.0.0.1:11434/api/generate -d '{{\"model\": \"{MODEL}\"}}'"


@dataclass(frozen=True)
class Sickness:
    """``make`` makes a node sick, ``heal`` heals it; ``told`` has check -> what symptom and cause say."""

    make: str
    told: dict
    heal: str = f"rm -rf $(dirname {DROP_IN}) {FAULTS}; {RESTART}; {ANSWERS}"
    variables: tuple = ()


SICK = {
    "a variable is overridden": Sickness(
        drop_in("Environment=OLLAMA_DEBUG=1\\nEnvironmentFile=-/run/mine.env", f"echo OLLAMA_NO_CLOUD=no > /run/mine.env; {RESTART}; {ANSWERS}"),
        {"settings": "OLLAMA_NO_CLOUD is wanted as '1', and the server was started with 'no'.*something else sets it later"}),
    "variables are swallowed": Sickness(
        drop_in("Environment=OLLAMA_NUM_PARALLEL=four OLLAMA_FLASH_ATTENTION=off OLLAMA_KEEP_ALIVES=5m"),
        {"environment": "'off', and the server reads 'true'.*every other word as true"
                        "|OLLAMA_KEEP_ALIVES is set, and has no effect.*did you mean OLLAMA_KEEP_ALIVE"
                        "|'four', and the server reads '1'.*uses its default"}),
    "it was stopped": Sickness("systemctl stop ollama", {"service": "ollama.service does not run.*somebody stopped it"}),
    "its port is taken": Sickness(
        "systemctl stop ollama; systemd-run -q --unit=holder python3 -m http.server --bind 127.0.0.1 11434; "
        f"until ss -ltn | grep -q :11434; do sleep 0.1; done; systemctl start ollama; {FAILS}",
        {"service": "is started again and again.*another process has 127.0.0.1:11434"},
        heal=f"systemctl stop holder; {RESTART}; {ANSWERS}"),
    "an origin is none": Sickness(
        drop_in("Environment=OLLAMA_ORIGINS=example.com", FAILS), {"service": "again and again.*an origin has no scheme"}),
    "its home is closed": Sickness(
        f"chown root {HOME}; chmod 0700 {HOME}; systemctl restart ollama; {FAILS}",
        {"service": f"again and again.*it may not make {HOME}/.ollama, or not pass through a directory above it"},
        heal=f"chown ollama {HOME}; chmod 0755 {HOME}; {RESTART}; {ANSWERS}"),
    "its program is gone": Sickness(
        f"mv /opt/ollama/current /opt/ollama/away; systemctl restart ollama || true; {FAILS}",
        {"service": "again and again.*its program /opt/ollama/current/bin/ollama is not there",
         "release": "/opt/ollama/current leads to no release"},
        heal=f"mv /opt/ollama/away /opt/ollama/current; {RESTART}; {ANSWERS}"),
    "a directory of its sandbox is missing": Sickness(
        drop_in("ReadWritePaths=/srv/none", FAILS), {"service": "again and again.*a directory that it needs is not there: /srv/none"}),
    "a run was cut off": Sickness(
        f"sed -i 's/\"begun\": false/\"begun\": true/' {RECORD}; systemctl stop ollama",
        {"record": "a run was cut off: what it has begun is neither proven nor undone",
         "service": "does not run: a run was cut off while it changed this host"},
        heal=f"sed -i 's/\"begun\": true/\"begun\": false/' {RECORD}; {RESTART}; {ANSWERS}"),
    "its unit file is gone": Sickness(
        f"mv {UNIT} /run/away", {"record": f"{UNIT} is not there.*the next restart would need it"},
        heal=f"mv /run/away {UNIT}; systemctl daemon-reload"),
    "its release is incomplete": Sickness(
        f"mv {LIBRARY} /run/away", {"release": "is incomplete: missing or changed: lib/ollama/"}, heal=f"mv /run/away {LIBRARY}"),
    "its settings were not applied": Sickness(
        "true", {"settings": "OLLAMA_KEEP_ALIVE is wanted as '7m', and the server was started (without it|with '30m'): its file of settings says so"},
        heal="true", variables=(("ollama_settings", {"keep_alive": "7m"}),)),
    "it hangs": Sickness("systemctl kill -s STOP ollama", {"answers": "is open, and no answer comes.*it hangs"},
                         heal=f"systemctl kill -s CONT ollama; {ANSWERS}"),
    "it was not restarted": Sickness(
        drop_in("Environment=STANDIN_VERSION=0.30.1"), {"answers": "Ollama 0.30.1 answers.*was not restarted since its release"}),
    "its GPU has no device node": Sickness(
        AMD, {"driver": "/dev/kfd is missing", "gpu": "computed on the CPU; there is AMD: /dev/kfd is missing"}, heal=NO_AMD),
    "it may not use its GPU": Sickness(
        f"mknod /dev/kfd c 1 3; chmod 0660 /dev/kfd; {AMD}",
        {"devices": "permission denied on /dev/kfd.*belongs to user 0 and group 0 with mode 0660",
         "gpu": "computed on the CPU.*it appeared after the server started"}, heal=NO_AMD),
    "it has a GPU and does not use it": Sickness(
        fault({"gpus": [{}]}, load({"cpu_only": True})), {"offload": "is loaded although it is on the CPU, and GPUs were detected"}),
    "memory is too small": Sickness(
        fault({"memory": 1000}, load()), {"memory": "could not be loaded for lack of memory.*insufficient memory"}),
    "its disk is full": Sickness(
        f"systemctl stop ollama; mount -t tmpfs -o size=20m none {STORE}; chown ollama {STORE}; "
        f"head -c 19M /dev/zero > {STORE}/filler; systemctl start ollama; {ANSWERS}",
        {"store": "the disk with the models is full: 0 MiB of 20 are free|full: 1 MiB of 20"},
        heal=f"systemctl stop ollama; umount {STORE}; {RESTART}; {ANSWERS}"),
    "a manifest is cut off": Sickness(
        f"mkdir -p {STORE}/manifests/a/b/c; echo '{{' > {STORE}/manifests/a/b/c/latest", {"store": "cannot be read: a/b/c/latest"},
        heal=f"rm -r {STORE}/manifests/a"),
    "its engine is not there": Sickness(
        "true", {"engine": "Docker is not there", "service": "ollama is not there"}, heal="true",
        variables=(("ollama_method", "docker"),)),
    "its Compose is too old": Sickness(
        r"""printf '#!/bin/sh\ncase "$1" in version) echo "{\\"Version\\": \\"20.10.24\\"}" ;; *) exit 1 ;; esac\n' > /usr/local/bin/docker
            printf '#!/bin/sh\necho 1.29.2\n' > /usr/local/bin/docker-compose; chmod +x /usr/local/bin/docker*""",
        {"engine": "Docker Compose is too old: .*1.29.2.*the role needs Docker's plugin", "service": "ollama is not there"},
        heal="rm /usr/local/bin/docker*", variables=(("ollama_method", "docker"),)),
}


def diagnose(fleet, **variables):
    """The findings of each node, as they are written for programs, and the run."""
    told = fleet.folder / "diagnosis.json"
    told.unlink(missing_ok=True)
    run = fleet.run("diagnose.yml", ollama_diagnose_json=str(told), **variables)
    return {host: found["findings"] for host, found in json.loads(told.read_text()).items()}, run


def test_nothing_is_told_of_nodes_that_are_well(served):
    found, run = diagnose(served)
    assert found == {node.name: [] for node in served.nodes}
    assert run.assert_ok().changed_tasks() == ["Write what was found"]


@pytest.mark.parametrize("sickness", SICK.values(), ids=list(SICK))
def test_a_symptom_is_told_with_its_cause_and_cure(served, sickness):
    for node in served.nodes:
        node.sh(sickness.make)
    try:
        found, run = diagnose(served, **dict(sickness.variables))
    finally:
        for node in served.nodes:
            node.sh(sickness.heal)
    assert run.status != 0
    assert sorted(found) == sorted(node.name for node in served.nodes)
    for node, findings in found.items():
        assert {each["check"] for each in findings} == set(sickness.told), findings
        for each in findings:
            assert re.search(sickness.told[each["check"]], f"{each['symptom']}: {each['cause']}"), each
            assert each["cure"]
            assert f"{node} {each['instance'] and 'default: '}{each['symptom']}: " in run.output


def test_an_upgrade_that_was_rolled_back_is_told_with_its_reason(served):
    assert served.run(ollama_version="0.34.5", ollama_health_wait=8).status != 0
    found, _run = diagnose(served, ollama_version="0.34.5")
    for node in served.nodes:
        (answers,) = found[node.name]
        assert re.fullmatch(r"the last upgrade to 0\.34\.5 failed \(.+\); 0\.34\.4 serves", answers["cause"])
        assert "ollama_retry_failed_version" in answers["cure"]


def test_nodes_that_were_healed_are_well_again(served):
    found, run = diagnose(served)
    assert found == {node.name: [] for node in served.nodes}
    run.assert_ok()
