# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._adoption_scan import Scan
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.adoption_samples import Server

SHOWN = """LoadState=loaded
FragmentPath=/etc/systemd/system/ollama.service
DropInPaths=/etc/systemd/system/ollama.service.d/a.conf
NeedDaemonReload=no
MainPID=7
ExecStart={ path=/usr/local/bin/ollama ; argv[]=/usr/local/bin/ollama serve ; ignore_errors=no }
User=ollama
Group=
Environment=OLLAMA_NUM_PARALLEL=2 OLLAMA_MODELS=/data
EnvironmentFiles=/etc/default/ollama* (ignore_errors=yes)
UnsetEnvironment=
"""


class Commands:
    """Answers by the program's name; what is not given is not on the host."""

    def __init__(self, **answers):
        self.answers = answers

    def __call__(self, command, environ_update, handle_exceptions):
        name = command[0].replace("-", "_")
        if name not in self.answers:
            raise FileNotFoundError(2, "No such file or directory", command[0])
        return self.answers[name]


class Users:
    @staticmethod
    def getpwnam(name):
        if name != "ollama":
            raise KeyError(name)
        return SimpleNamespace(pw_name="ollama", pw_uid=998, pw_gid=997, pw_dir="/usr/share/ollama", pw_shell="/bin/false")

    @staticmethod
    def getgrgid(gid):
        return SimpleNamespace(gr_name={997: "ollama"}[gid], gr_gid=gid)


@pytest.fixture
def host(tmp_path):
    """A host with the service, as files below a directory."""
    def write(path, content):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)

    write("etc/systemd/system/ollama.service", "[Service]\nExecStart=/usr/local/bin/ollama serve\n")
    write("etc/systemd/system/ollama.service.d/a.conf", "[Service]\n")
    write("etc/default/ollama", "OLLAMA_HOST=:8080\n")
    write("etc/default/ollama-more", "OLLAMA_NUM_PARALLEL=3\n")
    write("usr/local/bin/ollama", "program")
    write("usr/local/lib/ollama/llama-server", "library")
    write("elsewhere/manifests/registry.ollama.ai/library/tiny/latest", "{}")
    write("elsewhere/blobs/sha256-aa", "12345")
    for pid, program, cgroup in (("7", "/usr/local/bin/ollama", "a"), ("8", "/usr/local/bin/ollama", "a"),
                                 ("9", "/usr/local/bin/ollama", "b"), ("10", "/usr/bin/sleep", "b"),
                                 ("11", "/usr/bin/python3.11", "b")):
        write(f"proc/{pid}/cgroup", cgroup)
        write(f"proc/{pid}/cmdline", "python3\0/usr/local/bin/ollama\0" if pid == "11" else f"{program}\0")
        write(f"proc/{pid}/environ", "OLLAMA_NUM_PARALLEL=1\0")
        (tmp_path / f"proc/{pid}/exe").symlink_to(program)
    return tmp_path


def scan(root, client=Server, **answers):
    commands = Commands(**{"systemctl": (0, SHOWN, ""), **answers})
    return Scan(commands, str(root), Users, Users, client)


def test_a_service(host):
    found = scan(host).service("ollama.service")
    assert found["variables"] == {"OLLAMA_NUM_PARALLEL": "3", "OLLAMA_MODELS": "/data", "OLLAMA_HOST": ":8080"}
    assert found["files"] == ["/etc/default/ollama", "/etc/default/ollama-more"]
    assert found["account"] == {"user": "ollama", "uid": 998, "group": "ollama", "gid": 997,
                                "home": "/usr/share/ollama", "shell": "/bin/false"}
    assert found["goes"] == ["/usr/local/bin/ollama", "/usr/local/lib/ollama"]
    assert found["running"] == {"OLLAMA_NUM_PARALLEL": "1"}
    assert found["others"] == [9, 11]
    assert found["drop_ins"] == {"/etc/systemd/system/ollama.service.d/a.conf": "[Service]\n"}
    assert found["owner"] == "" and not found["ours"] and not found["reload"]
    assert found["version"] == ""  # ":8080" is [::1]:8080 from here, where nobody answers


def test_files_that_systemd_has_not_read_are_told_but_for_a_drop_in_that_a_killed_run_left(host):
    stale = SHOWN.replace("NeedDaemonReload=no", "NeedDaemonReload=yes")
    assert scan(host, systemctl=(0, stale, "")).service("ollama.service")["reload"]
    drop_in = "/etc/systemd/system/ollama.service.d/10-adopted.conf"
    (host / drop_in.lstrip("/")).write_text("[Service]\n")
    assert not scan(host, systemctl=(0, stale, "")).service("ollama.service")["reload"]
    read = stale.replace("DropInPaths=", f"DropInPaths={drop_in} ")
    assert scan(host, systemctl=(0, read, "")).service("ollama.service")["reload"]


def test_the_version_is_what_answers_where_the_environment_says(host):
    (host / "etc/default/ollama").write_text("OLLAMA_HOST=0.0.0.0:8080\n")
    assert scan(host).service("ollama.service")["version"] == "0.32.15"


def test_a_store_that_is_a_link_is_named_by_what_it_leads_to(host):
    (host / "data").symlink_to(host / "elsewhere")
    assert scan(host).service("ollama.service")["store"] == {"path": "/elsewhere", "models": 1, "bytes": 5}


def test_a_store_that_is_not_there_is_empty(host):
    assert scan(host).service("ollama.service")["store"] == {"path": "/data", "models": 0, "bytes": 0}


@pytest.mark.parametrize("command", [
    "{ path=/bin/sh ; argv[]=/bin/sh -c exec /usr/local/bin/ollama serve ; }",
    "{ path=/usr/local/bin/ollama ; argv[]=/usr/local/bin/ollama serve --verbose ; }",
    "",
])
def test_a_program_that_is_not_ollama_is_never_removed(host, command):
    shown = "\n".join(f"ExecStart={command}" if line.startswith("ExecStart") else line for line in SHOWN.splitlines())
    assert scan(host, systemctl=(0, shown, "")).service("ollama.service")["goes"] == []


def test_libraries_beside_a_link_are_somebody_elses(host):
    (host / "usr/local/bin/ollama").unlink()
    (host / "usr/local/bin/ollama").symlink_to("/opt/mine/bin/ollama")
    assert scan(host).service("ollama.service")["goes"] == ["/usr/local/bin/ollama"]


@pytest.mark.parametrize("answers", [
    {"dpkg_query": (0, "ollama-bin: /usr/local/bin/ollama\n", "")},
    {"dpkg_query": (1, "", "no path found"), "rpm": (0, "ollama-bin\n", "")},
])
def test_a_program_of_a_package(host, answers):
    assert scan(host, **answers).service("ollama.service")["owner"] == "ollama-bin"


def test_ours_and_none(host):
    (host / "etc/systemd/system/ollama.service").write_text("# Written by the role barellama.fleet.ollama.\n")
    assert scan(host).service("ollama.service")["ours"]
    absent = SHOWN.replace("LoadState=loaded", "LoadState=not-found")
    assert scan(host, systemctl=(0, absent, "")).service("ollama.service") is None


@pytest.mark.parametrize(("answer", "words"), [
    ((1, "", "System has not been booted with systemd"), "systemctl says System has not been booted with systemd"),
    ((0, SHOWN.replace("User=ollama", "User=gone"), ""), "the service's account gone  is not there"),
])
def test_what_cannot_be_looked_at(host, answer, words):
    with pytest.raises(FleetError) as caught:
        scan(host, systemctl=answer).service("ollama.service")
    assert " ".join(words.split()) in str(caught.value)


def test_a_host_without_systemd(host):
    with pytest.raises(FleetError, match="systemctl is not on this host"):
        Scan(Commands(), str(host), Users, Users, Server).service("ollama.service")
