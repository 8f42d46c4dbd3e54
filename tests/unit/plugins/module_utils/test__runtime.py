# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_packages as packages
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_units as units
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_kernel import Kernel
from ansible_collections.barellama.fleet.plugins.module_utils._runtime import UNFINISHED, WATCHED, Runtime
from ansible_collections.barellama.fleet.plugins.module_utils._runtime_plan import plan

SPEC = ("cdiVersion: 0.7.0\nkind: nvidia.com/gpu\ncontainerEdits:\n  hooks:\n  - path: /usr/bin/nvidia-cdi-hook\n  mounts:\n"
        "  - hostPath: /lib/libcuda.so.580.95.05\ndevices:\n- name: all\n")
NOTHING = "LoadState=not-found\nUnitFileState=\nActiveState=inactive\nSubState=dead\nNeedDaemonReload=no\n"


class Machine:
    """A host's files below ``root``, and what its commands answer; those without an answer are not there."""

    def __init__(self, root, answers=(), files=()):
        self.root = root
        self.answers = {"systemctl": "\n".join([NOTHING] * (len(WATCHED) + 1)), **dict(answers)}
        for path, content in dict(files).items():
            (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            (root / path[1:]).write_text(content)

    def run(self, command, **_options):
        words = command[4:] if command[0] == "timeout" else command
        answer = self.answers.get(" ".join(words), self.answers.get(words[0]))
        if answer is None:
            raise FileNotFoundError(words[0])
        return answer if isinstance(answer, tuple) else (0, answer, "")

    def look(self, which=()):
        runtime = Runtime(Kernel(str(self.root)), Commands(self.run, str(self.root)), dict(which).get)
        return runtime.look(), runtime.notes


def test_a_host_with_nothing_is_no_error(tmp_path):
    found, notes = Machine(tmp_path).look()
    assert found["engines"]["docker"]["state"] == found["engines"]["podman"]["state"] == "absent"
    assert (found["daemon"], found["packages"], found["specs"], found["toolkits"], found["marker"]) == (None, {}, [], {}, None)
    assert notes == []
    found, notes = Machine(tmp_path, {"systemctl": None}).look()
    assert found["units"] == {} and ["systemctl" in note for note in notes] == [True]


def test_a_host_with_all_of_it(tmp_path):
    status = "".join(f"Package: {name}\nStatus: install ok installed\nVersion: 1.20.0-1\n\n" for name in packages.TOOLKIT)
    units_shown = [NOTHING] * (len(WATCHED) + 1)
    units_shown[0] = "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=waiting\nNeedDaemonReload=no\n"
    units_shown[-1] = "MainPID=77\nLoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\nNeedDaemonReload=no\n"
    machine = Machine(tmp_path, {
        "docker": '{"Version": "26.1.5+dfsg1"}', "docker compose version --short": "2.26.1-4\n", "podman": "podman version 5.4.2\n",
        "systemctl": "\n".join(units_shown), "nvidia-smi": "GPU 0: NVIDIA H200 (UUID: GPU-1)\n  MIG 1g.18gb     Device  0: (UUID: MIG-1)\n",
    }, {
        "/etc/os-release": 'ID=debian\nVERSION_ID="13"\n', "/var/lib/dpkg/status": status, "/etc/docker/daemon.json": "{}",
        "/var/run/cdi/nvidia.yaml": SPEC, "/etc/cdi/broken.json": "{", "/etc/cdi/README": "words", "/sys/module/nvidia/version": "580.95.05\n",
        "/proc/77/environ": "PATH=/bin\0BARELLAMA_DAEMON=ff\0", units.DAEMON_PATH: units.daemon("ff"), UNFINISHED: "aa\nbb\n",
    })
    found, notes = machine.look({"nvidia-ctk": "/usr/bin/nvidia-ctk"})
    assert found["system"] == ("debian", [13]) and found["packages"] == dict.fromkeys(packages.TOOLKIT, "1.20.0")
    assert found["engines"]["docker"] | {"notes": 0} == {"state": "running", "version": "26.1.5", "compose": "2.26.1", "notes": 0}
    assert found["engines"]["podman"]["version"] == "5.4.2"
    assert (found["daemon"], found["marker"], found["unfinished"]) == (b"{}", "ff", ["aa", "bb"])
    assert found["units"] == {WATCHED[0]: {"enabled": True, "active": True}}
    assert [spec["path"] for spec in found["specs"]] == ["/var/run/cdi/nvidia.yaml"] and found["missing_hooks"] == ["/usr/bin/nvidia-cdi-hook"]
    assert (found["driver"], found["gpus"], found["numbered"]["nvidia"]) == ("580.95.05", {"nvidia": True, "amd": False}, ["0:0"])
    assert found["toolkits"] == {"nvidia": "/usr/bin/nvidia-ctk"} and found["files"] == {units.DAEMON_PATH: units.daemon("ff")}
    assert notes == ["/etc/cdi/broken.json is no specification of devices that can be read here"]


def test_packages_of_rpm(tmp_path):
    found, _notes = Machine(tmp_path, {"rpm": (1, "podman 5.4.0\npackage docker-ce is not installed\n", "")}).look()
    assert (found["manager"], found["packages"]) == ("dnf", {"podman": "5.4.0"})


def test_a_daemon_json_that_cannot_be_read_is_not_taken_for_absent(tmp_path):
    (tmp_path / "etc/docker/daemon.json").mkdir(parents=True)
    found, _notes = Machine(tmp_path).look()
    assert found["daemon"] is None and "daemon.json: Is a directory" in found["unreadable"]
    wanted = {"engine": "docker", "source": "vendor", "gpu_vendor": "none", "toolkit_version": "1.20.0", "repositories": {}, "daemon": {"debug": True},
              "everything": False}
    made = plan(found, wanted)
    assert made["daemon"] is None and ["Is a directory; mend it" in line for line in made["refusals"]] == [True]
    assert plan(found, {**wanted, "engine": "none"})["refusals"] == []


@pytest.mark.parametrize("engine", ["docker", "podman", "none"])
def test_what_is_found_is_what_a_plan_is_made_from(tmp_path, engine):
    found, _notes = Machine(tmp_path).look()
    wanted = {"engine": engine, "source": "distro", "gpu_vendor": "nvidia", "toolkit_version": "1.20.0", "repositories": {}, "daemon": {},
              "everything": False}
    assert bool(plan(found, wanted)["refusals"]) == (engine != "none")  # nobody knows this distribution
