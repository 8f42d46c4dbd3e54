# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _host_tools
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

# As dpkg 1.21 writes it, shortened.
DPKG = b"""Package: bash
Essential: yes
Status: install ok installed
Version: 5.2.15-2+b8
Description: GNU Bourne Again SHell
 Status: deinstall ok config-files

Package: held
Status: hold ok installed

Package: removed
Status: deinstall ok config-files
Version: 1

Package: halfway
Status: install ok half-configured

Package: hardly
Status: install ok half-installed

Package: libc6
Status: deinstall ok config-files
Architecture: i386

Package: libc6
Status: install ok installed
Architecture: amd64
Depends: zstd
"""

# rpm 4.18, a package installed in two versions and one not installed.
RPM = (1, "demo-tool\ndemo-tool\npackage zstd is not installed\n", "")
RPM_BROKEN = (
    2,
    "package demo-tool is not installed\npackage zstd is not installed\n",
    "error: cannot open Packages index using sqlite - No such file or directory (2)\n"
    "error: cannot open Packages database in /var/lib/rpm\n",
)

# systemd 252: a service, an unknown one, a masked one, a static one, a socket.
SYSTEMCTL = """MainPID=67
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
NeedDaemonReload=yes

MainPID=0
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
NeedDaemonReload=no

MainPID=0
LoadState=masked
ActiveState=inactive
SubState=dead
UnitFileState=masked
NeedDaemonReload=no

MainPID=23
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=static
NeedDaemonReload=no

LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=static
NeedDaemonReload=no
"""
UNITS = ["demo.service", "nothing.service", "cron.service", "systemd-journald.service", "dbus.socket"]


class Commands:
    """Stands for AnsibleModule.run_command: answers by the program's name and notes what was asked."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def __call__(self, command, environ_update, handle_exceptions):
        assert (environ_update, handle_exceptions) == ({"LC_ALL": "C"}, False)
        self.asked.append(command)
        if command[0] not in self.answers:
            raise FileNotFoundError(2, "No such file or directory", command[0])
        return self.answers[command[0]]


@pytest.fixture
def dpkg(tmp_path):
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_bytes(DPKG)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("name", "installed"),
    [
        ("bash", True),
        ("held", True),
        ("libc6", True),
        ("removed", False),
        ("halfway", False),
        ("hardly", False),
        ("zstd", False),
        ("bas", False),
        ("hell", False),
    ],
)
def test_parse_dpkg(name, installed):
    assert _host_tools.parse_dpkg(DPKG, [name, "other"]) == ({name} if installed else set())


def test_dpkg_alone_answers_when_it_has_all(dpkg):
    commands = Commands(rpm=RPM)
    assert _host_tools.Tools(commands, dpkg).installed(["bash", "held"]) == {"bash", "held"}
    assert commands.asked == []


def test_rpm_is_asked_once_for_what_dpkg_does_not_have(dpkg):
    commands = Commands(rpm=RPM)
    assert _host_tools.Tools(commands, dpkg).installed(["bash", "demo-tool", "zstd"]) == {"bash", "demo-tool"}
    assert commands.asked == [["rpm", "-q", "--qf", "%{NAME}\\n", "demo-tool", "zstd"]]


def test_a_host_with_dpkg_needs_no_rpm(dpkg):
    assert _host_tools.Tools(Commands(), dpkg).installed(["bash", "zstd"]) == {"bash"}


def test_a_host_with_rpm_needs_no_dpkg(tmp_path):
    assert _host_tools.Tools(Commands(rpm=RPM), str(tmp_path)).installed(["demo-tool", "zstd"]) == {"demo-tool"}


def test_a_host_with_neither(tmp_path):
    with pytest.raises(FleetError, match="^cannot tell which packages are installed: .* neither dpkg nor rpm$"):
        _host_tools.Tools(Commands(), str(tmp_path)).installed(["zstd"])


def test_a_broken_rpm_database_is_not_an_empty_one(tmp_path):
    with pytest.raises(FleetError, match="^cannot tell which of demo-tool, zstd are installed: rpm says error: cannot"):
        _host_tools.Tools(Commands(rpm=RPM_BROKEN), str(tmp_path)).installed(["demo-tool", "zstd"])


def test_units_are_asked_for_once():
    commands = Commands(systemctl=(0, SYSTEMCTL, ""))
    units = _host_tools.Tools(commands).units(UNITS)
    properties = "ActiveState,LoadState,NeedDaemonReload,SubState,UnitFileState,MainPID"
    assert commands.asked == [["systemctl", "show", "--property", properties, "--", *UNITS]]
    assert list(units) == UNITS
    assert units["demo.service"] == {
        "MainPID": "67",
        "LoadState": "loaded",
        "ActiveState": "active",
        "SubState": "running",
        "UnitFileState": "enabled",
        "NeedDaemonReload": "yes",
    }
    assert [unit["LoadState"] for unit in units.values()] == ["loaded", "not-found", "masked", "loaded", "loaded"]
    assert "MainPID" not in units["dbus.socket"]


def test_nothing_is_asked_where_nothing_is_wanted(tmp_path):
    commands = Commands()
    tools = _host_tools.Tools(commands, str(tmp_path))
    assert (tools.units([]), tools.installed([]), commands.asked) == ({}, set(), [])


def test_a_host_without_systemctl():
    with pytest.raises(FleetError, match="^cannot look at units: systemctl is not on this host; "):
        _host_tools.Tools(Commands()).units(UNITS)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            (1, "", "System has not been booted with systemd as init system (PID 1). Can't operate.\n"),
            "System has not been booted with systemd as init system (PID 1). Can't operate.",
        ),
        ((1, SYSTEMCTL.partition("\n\n")[0], "Failed to get properties"), "Failed to get properties"),
        ((0, "LoadState=loaded\n", ""), "LoadState=loaded"),
        ((0, SYSTEMCTL, ""), "LoadState=masked"),
        ((0, "", ""), "nothing"),
    ],
)
def test_a_systemctl_that_does_not_answer(answer, said):
    with pytest.raises(FleetError) as caught:
        _host_tools.Tools(Commands(systemctl=answer)).units(["demo.service"])
    assert str(caught.value).startswith("cannot look at units demo.service: systemctl says ")
    assert said in str(caught.value)


class Users:
    """Stands for the module pwd."""

    def getpwnam(self, name):
        return {"ollama": SimpleNamespace(pw_uid=11434, pw_dir="/usr/share/ollama")}[name]


AS_OLLAMA = [
    *("runuser", "-u", "ollama", "--", "env", "--chdir=/"),
    *("HOME=/usr/share/ollama", "XDG_RUNTIME_DIR=/run/user/11434"),
]


@pytest.fixture
def session(tmp_path):
    (tmp_path / "run/user/11434").mkdir(parents=True)
    return str(tmp_path)


def test_a_command_runs_in_the_session_of_a_user(session):
    commands = Commands(runuser=(0, "[]", ""))
    tools = _host_tools.Tools(commands, session, Users())
    assert tools.run("podman", "ps", user="ollama") == (0, "[]", "")
    assert commands.asked == [[*AS_OLLAMA, "podman", "ps"]]


@pytest.mark.parametrize(("user", "place"), [("gone", "session"), ("ollama", "elsewhere")])
def test_a_user_without_a_session_has_nothing(session, user, place):
    commands = Commands(runuser=(0, "[]", ""))
    tools = _host_tools.Tools(commands, session if place == "session" else "/nowhere", Users())
    assert tools.run("podman", "ps", user=user) is None
    assert tools.units(["ollama.service"], user) == {"ollama.service": _host_tools.UNKNOWN}
    assert commands.asked == []


def test_an_account_is_known_with_and_without_a_session():
    tools = _host_tools.Tools(Commands(), "/nowhere", Users())
    assert (tools.has_account("ollama"), tools.has_account("gone")) == (True, False)


def test_a_program_that_a_user_does_not_find_is_not_there(session):
    missing = Commands(runuser=(127, "", "env: 'podman': No such file or directory\n"))
    assert _host_tools.Tools(missing, session, Users()).run("podman", "ps", user="ollama") is None
    assert _host_tools.Tools(missing, session, Users()).run("runuser") == (127, "", missing.answers["runuser"][2])


def test_units_of_a_user(session):
    commands = Commands(runuser=(0, SYSTEMCTL.partition("\n\n")[0], ""))
    units = _host_tools.Tools(commands, session, Users()).units(["demo.service"], "ollama")
    assert units["demo.service"]["MainPID"] == "67"
    assert commands.asked[0][:-3] == [*AS_OLLAMA, "systemctl", "--user", "show", "--property"]


def test_environment_of_a_process(tmp_path):
    (tmp_path / "proc/67").mkdir(parents=True)
    (tmp_path / "proc/67/environ").write_bytes(b"PATH=/bin\0BARELLAMA_DEFINITION=abc\0")
    tools = _host_tools.Tools(Commands(), str(tmp_path))
    assert tools.environment("67") >= {"PATH=/bin", "BARELLAMA_DEFINITION=abc"}
    assert tools.environment("68") is None
    assert tools.environment("0") is None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Not permitted"), "cannot read /x: Not permitted; run this task as root (become: true)"),
        (OSError(5, "Input/output error"), "cannot read /x: Input/output error"),
    ],
)
def test_unreadable(error, message):
    assert str(_host_tools.unreadable("/x", error)) == message
    assert _host_tools.unreadable("/x", error).facts == {"path": "/x"}
