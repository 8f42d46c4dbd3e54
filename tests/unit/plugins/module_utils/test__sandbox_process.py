# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _sandbox_process
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._sandbox import NAMESPACES
from ansible_collections.barellama.fleet.plugins.module_utils._sandbox_process import Sandboxes

STATUS = """Name:\tollama
Uid:\t{uid}\t{uid}\t{uid}\t{uid}
CapInh:\t0000000000000000
CapPrm:\t{caps:016x}
CapEff:\t{caps:016x}
CapBnd:\t{caps:016x}
CapAmb:\t0000000000000000
NoNewPrivs:\t{privs}
Seccomp:\t{mode}
{count}"""
ALWAYS = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running", "UnitFileState": "", "NeedDaemonReload": "no"}
ASKED = {"PrivateUsers": "yes", "ProtectHome": "yes", "SystemCallFilter": "read", "NoNewPrivileges": "yes", "User": "ollama"}
MOUNTINFO = "1 0 0:1 / / rw - ext4 x rw\n2 1 0:5 / /home ro - tmpfs t rw\n3 1 0:5 / /root ro - tmpfs t rw\n"


@pytest.fixture(name="host")
def _host(tmp_path):
    """A host with systemd as process 1 and a server as process 7, whose unit asks for ASKED and has it."""
    host = Bed(tmp_path)
    for folder in ("home", "root", "usr", "etc"):
        (tmp_path / folder).mkdir()
    host.process(1, {name: 1 for name in NAMESPACES}, caps=0xFF)
    host.process(7, {**{name: 1 for name in NAMESPACES}, "user": 7, "mnt": 7}, uid=11434, privs=1, mode=2, filters=28)
    host.unit("ollama.service", MainPID=7, **ASKED)
    return host


class Bed:
    def __init__(self, root):
        self.root = root
        self.units = {}
        self.asked = []

    def process(self, pid, namespaces, uid=0, caps=0, privs=0, mode=0, filters=0, mounts=MOUNTINFO):
        folder = self.root / "proc" / str(pid)
        (folder / "ns").mkdir(parents=True, exist_ok=True)
        for name, number in namespaces.items():
            (folder / "ns" / name).unlink(missing_ok=True)
            (folder / "ns" / name).symlink_to(f"{name}:[{number}]")
        count = "" if filters is None else f"Seccomp_filters:\t{filters}\n"
        (folder / "status").write_text(STATUS.format(uid=uid, caps=caps, privs=privs, mode=mode, count=count))
        (folder / "mountinfo").write_text(mounts)

    def unit(self, name, **properties):
        self.units[name] = {**ALWAYS, "CapabilityBoundingSet": "", **properties}

    def run_command(self, command, environ_update, handle_exceptions):
        self.asked.append(command)
        assert environ_update == {"LC_ALL": "C"} and handle_exceptions is False
        names = command[command.index("--") + 1 :]
        shown = ["".join(f"{key}={value}\n" for key, value in self.units[name].items()) for name in names]
        return 0, "\n".join(shown), ""

    def look(self, *names):
        return Sandboxes(self.run_command, str(self.root)).look(list(names))

    def reasons(self, *names):
        return [entry["reason"] for entry in self.look(*names)["lacking"]]


def test_a_server_that_has_what_its_unit_asks_for(host):
    assert host.look("ollama.service") == {
        "units": [{"name": "ollama.service", "state": "running", "pid": 7}],
        "lacking": [],
    }


def test_all_units_are_asked_for_at_once(host):
    host.unit("other.service", MainPID=0)
    host.look("ollama.service", "other.service")
    assert [command[-2:] for command in host.asked] == [["ollama.service", "other.service"]]


def test_what_is_lacking_names_the_unit_the_directives_and_what_was_seen(host):
    host.process(7, {"user": 1})
    host.process(7, {}, uid=11434, privs=1, mode=2, filters=28)
    assert host.look("ollama.service")["lacking"] == [
        {
            "unit": "ollama.service",
            "protection": "user namespace",
            "directives": ["PrivateUsers"],
            "reason": "ollama.service: the process is in the machine's own user namespace, so PrivateUsers cannot hold",
        }
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"privs": 0}, "the process may gain privileges, against NoNewPrivileges"),
        ({"uid": 0}, "the process runs as root, not as ollama"),
        ({"caps": 1}, "the process has or may get cap_chown"),
        ({"mode": 0, "filters": 0}, "no system call of the process is filtered, so SystemCallFilter cannot hold"),
        ({"mode": 0, "filters": None}, "no system call of the process is filtered, so SystemCallFilter cannot hold"),
        ({"mounts": MOUNTINFO.replace("/home ro", "/home rw")}, "the process may write to /home, against ProtectHome"),
    ],
)
def test_each_thing_that_a_process_shows_is_read(host, change, reason):
    host.process(7, {}, **{"uid": 11434, "privs": 1, "mode": 2, "filters": 28, **change})
    assert host.reasons("ollama.service") == [f"ollama.service: {reason}"]


def test_filters_that_the_whole_machine_has_are_no_filters_of_the_unit(host):
    host.process(1, {}, mode=2, filters=28)
    assert len(host.reasons("ollama.service")) == 1
    host.process(1, {}, mode=2, filters=27)
    assert host.reasons("ollama.service") == []


def test_a_kernel_that_does_not_count_filters_tells_whether_there_are_any(host):
    host.process(7, {}, uid=11434, privs=1, mode=2, filters=None)
    host.process(1, {}, filters=None)
    assert host.reasons("ollama.service") == []


@pytest.mark.parametrize(
    ("properties", "state"),
    [({"MainPID": 0}, "stopped"), ({"LoadState": "not-found", "MainPID": 0}, "absent"), ({"MainPID": 999}, "stopped"), ({}, "stopped")],
)
def test_who_does_not_run_lacks_nothing(host, properties, state):
    host.unit("ollama.service", **{**ASKED, **properties})
    assert host.look("ollama.service") == {
        "units": [{"name": "ollama.service", "state": state, "pid": None}],
        "lacking": [],
    }


def test_no_units_need_no_systemctl(host):
    assert host.look() == {"units": [], "lacking": []} and not host.asked


def test_a_host_without_systemctl_is_told_in_one_line(host):
    def missing(*_command, **_options):
        raise FileNotFoundError

    with pytest.raises(FleetError, match="^cannot look at units: systemctl is not on this host; a sandbox needs systemd$"):
        Sandboxes(missing, str(host.root)).look(["ollama.service"])


def test_who_may_not_look_is_told_the_cure(host, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(_sandbox_process.os, "readlink", refused)
    with pytest.raises(FleetError, match=r"cannot read .*/proc/7/ns/mnt: Permission denied; run this task as root \(become: true\), in a container with"):
        host.look("ollama.service")


def test_a_process_that_systemd_still_sets_up_is_not_judged(host):
    host.process(7, {"user": 1})
    host.unit("a.service", MainPID="7", PrivateUsers="yes")
    program = host.root / "proc/7/exe"
    program.symlink_to("/usr/bin/python3.11")
    assert host.look("a.service")["lacking"]
    program.unlink()
    program.symlink_to("/usr/lib/systemd/systemd-executor")
    assert host.look("a.service") == {"units": [{"name": "a.service", "state": "stopped", "pid": None}], "lacking": []}
