# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import calendar
import json
import time

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_ways import Container, LogFile, Quadlet, Unit
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen

SHOW = "LoadState=loaded\nActiveState=active\nMainPID=77\nInvocationID=ab12\nExecMainStartTimestampMonotonic=%d\n"
CONFIG = 'time=1 level=INFO msg="server config" env="map[OLLAMA_NUM_PARALLEL:4]"\n'
INSPECT = json.dumps([{"State": {"Pid": 78, "Status": "running", "StartedAt": "2026-11-21T11:10:45.123456789Z"}}])


class Answers:
    """run_command: the answer of the first entry whose words are all in the command; asked notes every command."""

    def __init__(self, *answers):
        self.answers = answers
        self.asked = []

    def __call__(self, command, **_options):
        self.asked.append(" ".join(command))
        for words, answer in self.answers:
            if set(words.split()) <= set(command):
                return (0, answer.pop(0) if isinstance(answer, list) else answer, "")
        return (1, "", "not known")


@pytest.fixture
def root(tmp_path):
    for pid, environment in (("77", b"OLLAMA_NUM_PARALLEL=4\0OLLAMA_ORIGINS=a=b\0\0"), ("78", b"HOME=/x\0")):
        (tmp_path / "proc" / pid).mkdir(parents=True)
        (tmp_path / "proc" / pid / "environ").write_bytes(environment)
    return tmp_path


def test_a_unit_is_asked_once_and_its_process_is_looked_at(root):
    run = Answers(("systemctl show", SHOW % 1))
    unit = Unit("ollama.service", Commands(run, str(root)))
    assert unit.running and unit.pid == "77"
    assert unit.environment == {"OLLAMA_NUM_PARALLEL": "4", "OLLAMA_ORIGINS": "a=b"}
    assert len(run.asked) == 1 and run.asked[0].endswith("-- ollama.service")


def test_the_log_of_this_start_is_read_and_no_more():
    begin = int((time.monotonic() - 1000) * 1e6)
    run = Answers(("systemctl show", SHOW % begin), ("journalctl --all", CONFIG + "more"))
    unit = Unit("ollama.service", Commands(run))
    assert unit.start_log == [CONFIG.strip(), "more"]
    (asked,) = [command for command in run.asked if command.startswith("journalctl")]
    until = float(asked.partition("--until=@")[2].partition(" ")[0])
    assert asked.endswith(" _SYSTEMD_INVOCATION_ID=ab12") and abs(until - (time.time() - 1000 + 180)) < 5


def test_a_log_that_is_late_is_waited_for_once():
    run = Answers(("systemctl show", SHOW % 1), ("journalctl --sync", ""), ("journalctl --all", ["early\n", CONFIG, ""]))
    unit = Unit("ollama.service", Commands(run))
    assert unit.start_log == [CONFIG.strip()]
    assert [command.split()[1] for command in run.asked if "journalctl" in command] == ["-q", "--sync", "-q"]


def test_a_users_unit_is_asked_of_the_users_manager(root):
    run = Answers(("systemctl show", SHOW % 1), ("podman inspect", INSPECT), ("journalctl --lines=2000", "a\nb\n"))
    (root / "run/user/0").mkdir(parents=True)
    quadlet = Quadlet("ollama.service", "ollama", Commands(run, str(root)), user="root")
    assert quadlet.shown["InvocationID"] == "ab12" and quadlet.pid == "78" and quadlet.environment == {"HOME": "/x"}
    assert quadlet.recent_log == ["a", "b"]
    assert run.asked[0].startswith("runuser -u root -- env --chdir=/ HOME=/root XDG_RUNTIME_DIR=/run/user/0 systemctl --user show")
    assert " podman inspect " in run.asked[1]
    assert quadlet.restart == "systemctl --user --machine=root@.host restart ollama.service"
    assert "_SYSTEMD_USER_UNIT=ollama.service" in run.asked[2]


def test_a_container_is_inspected_and_its_log_read_from_its_start(root):
    run = Answers(("docker inspect", INSPECT), ("docker logs", CONFIG))
    container = Container("ollama", Commands(run, str(root)))
    assert container.running and container.environment == {"HOME": "/x"} and container.start_log == [CONFIG.strip()]
    assert run.asked[1] == "docker logs --since 2026-11-21T11:10:45.123456789Z --until 1795259625 ollama"


def test_what_is_not_there_does_not_run():
    container = Container("ollama", Commands(Answers()))
    assert not container.running and container.environment is None and container.start_log == [] == container.recent_log
    with pytest.raises(Unseen, match="systemctl does not answer"):
        _ = Unit("ollama.service", Commands(Answers())).running
    stopped = Unit("ollama.service", Commands(Answers(("systemctl show", "LoadState=loaded\nMainPID=0\n"))))
    assert not stopped.running and stopped.environment is None and stopped.started is None


def test_of_a_log_file_only_the_log_is_known(tmp_path):
    (tmp_path / "server.log").write_text(CONFIG)
    server = LogFile("/server.log", Commands(Answers(), str(tmp_path)))
    assert server.running and server.environment is None
    assert server.start_log == [CONFIG.strip()] == server.recent_log
    assert LogFile("/none", Commands(Answers(), str(tmp_path))).start_log == []


UPTIME = 9000  # seconds since the boot of the machine that the tests make up
NOW, BEFORE = int((UPTIME - 5) * 1e6), int((UPTIME - 3600) * 1e6)
TROUBLES = [  # LoadState, ActiveState, SubState, NRestarts, start
    ("loaded", "active", "running", 0, NOW, None),
    ("loaded", "active", "running", 40, BEFORE, None),
    ("loaded", "activating", "start", 0, NOW, None),
    ("loaded", "active", "running", 1, NOW, "is started again and again"),
    ("loaded", "activating", "auto-restart", 1, BEFORE, "is started again and again"),
    ("loaded", "activating", "auto-restart-queued", 9, BEFORE, "is started again and again"),
    ("loaded", "failed", "failed", 0, BEFORE, "does not run"),
    ("loaded", "inactive", "dead", 0, BEFORE, "does not run"),
    ("not-found", "inactive", "dead", 0, 0, "is not there"),
    ("masked", "inactive", "dead", 0, 0, "is masked"),
]


@pytest.mark.parametrize(("load", "active", "sub", "restarts", "start", "trouble"), TROUBLES)
def test_a_units_trouble_is_named(monkeypatch, load, active, sub, restarts, start, trouble):
    monkeypatch.setattr(time, "monotonic", lambda: UPTIME)
    said = (f"LoadState={load}\nActiveState={active}\nSubState={sub}\nNRestarts={restarts}\nMainPID=1\nResult=oom-kill\n"
            f"ExecMainStartTimestampMonotonic={start}\n")
    unit = Unit("ollama.service", Commands(Answers(("systemctl show", said))))
    assert unit.trouble == trouble
    assert unit.killed and unit.refusal == ""


@pytest.mark.parametrize(("state", "restarts", "trouble"), [
    ({"Status": "running"}, 0, None), ({"Status": "running", "StartedAt": "2026-11-21T11:10:45Z"}, 9, None),
    ({"Status": "restarting"}, 1, "is started again and again"), ({"Status": "exited"}, 0, "does not run"),
    ({"Status": "running", "StartedAt": "2026-11-21T11:10:45Z"}, 1, None),
    ({"Status": "running", "StartedAt": "2026-11-21T11:59:55Z"}, 1, "is started again and again"),
])
def test_a_containers_trouble_is_named(monkeypatch, state, restarts, trouble):
    monkeypatch.setattr(time, "time", lambda: calendar.timegm((2026, 11, 21, 12, 0, 0)))
    said = json.dumps([{"State": {"OOMKilled": True, "Error": "no GPU", **state}, "RestartCount": restarts}])
    container = Container("ollama", Commands(Answers(("docker inspect", said))))
    assert container.trouble == trouble
    assert container.killed and container.refusal == "no GPU"
    assert Container("ollama", Commands(Answers())).trouble == "is not there"
