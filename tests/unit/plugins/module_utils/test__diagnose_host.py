# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_host import RECORD, Host
from ansible_collections.barellama.fleet.plugins.module_utils._record import EMPTY


class Machine:
    """Files of a host below ``root``, and what its commands answer."""

    def __init__(self, root):
        self.root = root
        self.answers = {}
        self.asked = []

    def host(self, method="systemd", wanted=()):
        return Host(Commands(self.run, str(self.root)), method, wanted)

    def run(self, command, **_options):
        command = command[4:] if command[:3] == ["timeout", "-s", "KILL"] else command
        self.asked.append(" ".join(command))
        if command[0] not in self.answers:
            raise FileNotFoundError(command[0])
        return self.answers[command[0]]

    def file(self, path, content=""):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(content)

    def card(self, slot, vendor, kind="0x030000", driver=None):
        self.file(f"sys/bus/pci/devices/{slot}/vendor", f"{vendor}\n")
        self.file(f"sys/bus/pci/devices/{slot}/class", f"{kind}\n")
        if driver:
            (self.root / f"sys/bus/pci/devices/{slot}/driver").symlink_to(f"../../../bus/pci/drivers/{driver}")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_gpus_are_those_on_the_pci_bus(machine):
    machine.card("0000:01:00.0", "0x10de", "0x030200", "nvidia")
    machine.card("0000:01:00.1", "0x10de", "0x040300", "snd_hda_intel")
    machine.card("0000:02:00.0", "0x1002", "0x120000")
    machine.card("0000:03:00.0", "0x1a03", "0x030000", "ast")
    host = machine.host()
    assert [(gpu["vendor"], gpu["slot"], gpu["driver"]) for gpu in host.gpus] == [
        ("nvidia", "0000:01:00.0", "nvidia"), ("amd", "0000:02:00.0", None)]
    assert host.vendors == {"nvidia", "amd"}
    assert machine.host(wanted=["amd"]).vendors == {"amd"}


def test_gpus_of_virtual_machines_are_not_the_hosts(machine):
    machine.card("0000:01:00.0", "0x10de", "0x030200", "vfio-pci")
    assert machine.host().vendors == set()


def test_a_host_without_anything_has_nothing(machine):
    host = machine.host()
    assert (host.gpus, host.vendors, host.nodes, host.nvidia_version, host.nvidia_smi, host.has_others) == (
        [], set(), {"nvidia": {}, "amd": {}}, None, None, False)
    assert host.kernel_log(0) == [] and host.name == ""
    assert [command.split()[0] for command in machine.asked] == ["journalctl"], "nvidia-smi would load a driver"


def test_nvidias_tool_is_asked_where_its_driver_is_loaded(machine):
    machine.file("sys/module/nvidia/version", "550.54.15\n")
    machine.answers["nvidia-smi"] = (18, "Failed to initialize NVML: Driver/library version mismatch\n", "more")
    host = machine.host()
    assert host.nvidia_version == "550.54.15"
    assert host.nvidia_smi == (18, "Failed to initialize NVML: Driver/library version mismatch\nmore")


FIRST, OTHER = "pid:[4026531836]", "pid:[4026532601]"


def namespace(machine, name):
    (machine.root / "proc/self/ns").mkdir(parents=True)
    (machine.root / "proc/self/ns/pid").symlink_to(name)


@pytest.mark.parametrize(("where", "answer", "found"), [
    (FIRST, (0, "4242\n77\n", ""), {"4242", "77"}), (FIRST, (0, "", ""), set()), (FIRST, (0, "[N/A]\n", ""), None),
    (FIRST, (9, "NVIDIA-SMI has failed", ""), None), (FIRST, None, None), (OTHER, (0, "4242\n", ""), None),
])
def test_nvidias_driver_tells_what_computes_where_numbers_are_the_kernels(machine, where, answer, found):
    namespace(machine, where)
    machine.card("0000:01:00.0", "0x10de", driver="nvidia")
    machine.file("sys/module/nvidia/version", "580.95.05\n")
    if answer:
        machine.answers["nvidia-smi"] = answer
    assert machine.host().computing == found


def test_amds_kernel_tells_what_computes(machine):
    namespace(machine, FIRST)
    machine.card("0000:03:00.0", "0x1002", driver="amdgpu")
    assert machine.host().computing is None
    machine.file("sys/class/kfd/kfd/proc/77/vram_1", "4096\n")
    assert machine.host().computing == {"77"}


def test_nothing_computes_where_there_is_no_gpu_and_nobody_tells_without_proc(machine):
    assert machine.host().computing is None
    namespace(machine, FIRST)
    assert machine.host().computing == set()


def test_cdi_specifications_tell_the_driver_that_they_were_made_for(machine):
    machine.file("etc/cdi/nvidia.yaml", "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\nhostPath: /usr/lib64/libcuda.so.570.211.01\n")
    machine.file("var/run/cdi/nvidia.json", '{"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "all"}], '
                                            '"hostPath": "/usr/lib64/libcuda.so.580.95.05"}')
    machine.file("etc/cdi/other.yaml", "cdiVersion: 0.5.0\nkind: vendor.com/device\n")
    (machine.root / "etc/cdi/folder").mkdir()
    assert machine.host().cdi_versions == {"/etc/cdi/nvidia.yaml": "570.211.01", "/var/run/cdi/nvidia.json": "580.95.05"}


def test_gpus_may_be_where_no_bus_shows_them(machine):
    machine.file("etc/nv_tegra_release")
    assert machine.host().has_others


def test_the_engine_of_the_method_is_asked(machine):
    assert machine.host("docker").engine["state"] == "absent"
    machine.answers["podman"] = (0, "podman version 5.4.2\n", "")
    assert machine.host("podman").engine["version"] == "5.4.2"


def test_the_kernels_words_are_those_since_a_moment(machine):
    machine.answers["journalctl"] = (0, "a\nb\n", "")
    assert machine.host().kernel_log(1795259625.4) == ["a", "b"]
    assert machine.asked[-1].endswith("--since=@1795259625")


def test_the_record_and_what_it_names_is_looked_at(machine):
    host = machine.host()
    assert (host.record, host.record_trouble, host.missing_files, host.release_root) == (EMPTY, None, [], None)
    snapshot = {"definition": "ab", "method": "systemd", "version": "0.34.4", "release": None, "served": [], "made": [],
                "files": {"/etc/a": {}, "/etc/b": {}}}
    known = {**EMPTY, "proven": snapshot, "made": [{"kind": "release", "path": "/opt/ollama"}]}
    machine.file(RECORD.lstrip("/"), json.dumps(known))
    machine.file("etc/a")
    machine.file("opt/ollama/releases/0.34.4-12345678/bin/ollama")
    (machine.root / "opt/ollama/current").symlink_to("releases/0.34.4-12345678")
    host = machine.host()
    assert (host.record, host.missing_files, host.release_root) == (known, ["/etc/b"], "/opt/ollama")
    assert (host.release["id"], host.release["complete"]) == ("0.34.4-12345678", False)
    machine.file(RECORD.lstrip("/"), "{")
    assert machine.host().record == EMPTY and "is no record" in machine.host().record_trouble
