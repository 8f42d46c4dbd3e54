# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pwd

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils import _health_process as process
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_ways import Container, Quadlet, Unit
from ansible_collections.barellama.fleet.plugins.module_utils._health import Verdict, Wanted

ME = pwd.getpwuid(os.getuid()).pw_name
BIND = "Error: listen tcp 127.0.0.1:11434: bind: address already in use"
EXIT = "ollama.service: Main process exited, code=exited, status=1/FAILURE"
UNIT, CONTAINER = {"unit": "ollama.service"}, {"container": "ollama"}


class Host:
    """run_command of a host whose process is in one of ``states`` (state, restarts) after the other, the last to stay."""

    def __init__(self, *states, log=(BIND,)):
        self.states = list(states)
        self.log = "\n".join(log)
        self.asked = []

    def __call__(self, command, **_options):
        self.asked.append(" ".join(command))
        if "journalctl" in command or "logs" in command:
            return (0, self.log, "")
        if not self.states:
            return (1, "", "not known")
        state, restarts = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if "systemctl" in command:
            return (0, f"LoadState=loaded\nActiveState={state}\nNRestarts={restarts}\n", "")
        return (0, json.dumps([{"State": {"Status": state}, "RestartCount": restarts}]), "")


def watch(host, runs_as, root=""):
    return process.Watch(Wanted("a", "http://127.0.0.1:1", **runs_as), Commands(host, str(root)))


def looks(host, runs_as, times):
    watched = watch(host, runs_as)
    return [watched.ended() for _look in range(times)]


@pytest.mark.parametrize("runs_as, states, told", [
    (UNIT, [("failed", 0)], [f"ollama.service is failed: {BIND}"]),
    (UNIT, [("activating", 7), ("activating", 8), ("activating", 9)],
     [None, None, f"ollama.service ends again and again: {BIND}"]),
    (UNIT, [("activating", 0), ("active", 1), ("active", 1)], [None, None, None]),
    (UNIT, [("active", 5), ("active", 0), ("active", 1)], [None, None, None]),
    (CONTAINER, [("exited", 0)], [f"ollama is exited: {BIND}"]),
    (CONTAINER, [("dead", 0)], [f"ollama is dead: {BIND}"]),
    (CONTAINER, [("running", 0), ("restarting", 2)], [None, f"ollama ends again and again: {BIND}"]),
    (CONTAINER, [("restarting", 3), ("running", 4)], [None, None]),
    ({"label": "fleet.a"}, [("failed", 9)], [None]),
])
def test_a_process_that_ended_for_good_or_twice_since_the_first_look_is_given_up(runs_as, states, told):
    assert looks(Host(*states), runs_as, len(told)) == told


@pytest.mark.parametrize("runs_as", [UNIT, CONTAINER])
def test_a_host_that_tells_nothing_leaves_hope(runs_as):
    assert looks(Host(), runs_as, 3) == [None, None, None]


def test_the_verdict_has_the_symptom_the_last_words_and_where_to_look():
    where = "a at http://127.0.0.1:1: no connection (connection refused)"
    see = "; see: journalctl -u ollama.service -n 50"
    verdict = Verdict(0, "down", where + see)
    assert watch(Host(("active", 0)), UNIT).judge(verdict) is verdict
    assert watch(Host(("failed", 0)), UNIT).judge(verdict) == Verdict(
        0, "down", f"{where}; ollama.service is failed: {BIND}{see}", hopeless=True, ended=True)


@pytest.mark.parametrize("lines, told", [
    ([], ""),
    (["time=1 level=INFO msg=x", BIND, EXIT], BIND),
    (["panic: bad origin", "goroutine 1 [running]:", EXIT], "panic: bad origin"),
    # An older end had other reasons.
    ([BIND, EXIT, "Error: invalid origin", EXIT], "Error: invalid origin"),
    ([BIND, EXIT, "ollama.service: Failed to set up mount namespacing: /x", EXIT], "ollama.service: Failed to set up mount namespacing: /x"),
    ([BIND, EXIT, EXIT.replace("exited, status=1/FAILURE", "killed, status=9/KILL")],
     "ollama.service: Main process exited, code=killed, status=9/KILL"),
])
def test_the_last_words_are_those_of_the_newest_end(lines, told):
    assert process.last_words(lines) == told


@pytest.mark.parametrize("files, found", [
    ([], (None, None)),
    ([f"etc/containers/systemd/users/{os.getuid()}/ollama.container"], ("ollama", ME)),
    (["etc/containers/systemd/users/4242424/ollama.container"], (None, None)),
    (["etc/containers/systemd/users/note/ollama.container"], (None, None)),
    ([f"etc/containers/systemd/users/{os.getuid()}/ollama.container", "etc/containers/systemd/ollama.container"], ("ollama", None)),
    ([f"etc/containers/systemd/users/{os.getuid()}/ollama.container", "etc/systemd/system/ollama.service"], (None, None)),
])
def test_a_quadlet_and_whose_it_is_are_known_by_its_place(tmp_path, files, found):
    for path in files:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert process.quadlet("ollama.service", str(tmp_path)) == found


@pytest.mark.parametrize("runs_as, quadlets, kind, method", [
    (UNIT, (), Unit, "systemd"), (UNIT, ("ollama.container",), Quadlet, "podman"), (CONTAINER, (), Container, "docker"),
])
def test_an_instance_is_looked_at_as_what_runs_it(tmp_path, runs_as, quadlets, kind, method):
    (tmp_path / "etc/containers/systemd").mkdir(parents=True)
    for name in quadlets:
        (tmp_path / "etc/containers/systemd" / name).touch()
    found = process.instance_of(Wanted("a", "http://127.0.0.1:1", **runs_as), Commands(Host(), str(tmp_path)))
    assert type(found.process) is kind and found.host.method == method and found.host.tools.root == str(tmp_path)


def test_nothing_is_looked_at_where_nobody_said_what_runs_it():
    assert process.instance_of(Wanted("a", "http://127.0.0.1:1"), Commands(Host())) is None


def test_a_unit_of_a_user_is_asked_of_the_users_systemd(tmp_path):
    (tmp_path / f"etc/containers/systemd/users/{os.getuid()}").mkdir(parents=True)
    (tmp_path / f"etc/containers/systemd/users/{os.getuid()}/ollama.container").touch()
    (tmp_path / f"run/user/{os.getuid()}").mkdir(parents=True)
    host = Host(("failed", 0))
    assert watch(host, UNIT, tmp_path).ended() == f"ollama.service is failed: {BIND}"
    assert host.asked[0].startswith(f"runuser -u {ME} ") and " systemctl --user show " in host.asked[0]
    assert "_SYSTEMD_USER_UNIT=ollama.service" in host.asked[1]
