# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.barellama.fleet.plugins.action import ollama_models
from ansible_collections.barellama.fleet.plugins.module_utils._progress_file import NAME

PATIENCE = 10  # seconds that a module of these tests waits for the looks that it wants


class Connection(SimpleNamespace):
    become = None

    def set_become_plugin(self, plugin):
        self.become = plugin


class Action(ollama_models.ActionModule):
    """The action with a host that answers looks from a list, and a module that lasts until all of it was asked for."""

    def __init__(self, answers=(), raises=None, **task):
        self.answers, self.raises, self.asked, self.connections = list(answers), raises, [], []
        self.all_asked = threading.Event()
        self._connection = Connection()
        self._task = SimpleNamespace(**{
            "args": {"models": ["m"]}, "async_val": 0, "check_mode": False, "no_log": False, "diff": False, **task})

    def _execute_module(self, module_args, task_vars, wrap_async=False):
        self.called = (module_args, wrap_async)
        if self.answers:
            assert self.all_asked.wait(PATIENCE)
        if self.raises:
            raise self.raises
        return {"changed": True}

    def _low_level_execute_command(self, command):
        self.asked.append(command)
        self.connections.append(self._connection)
        answer = self.answers[len(self.asked) - 1] if len(self.asked) <= len(self.answers) else None
        if len(self.asked) > len(self.answers):
            self.all_asked.set()
        if isinstance(answer, Exception):
            raise answer
        return {"rc": 0 if answer else 1, "stdout_lines": answer or ["cat: no such file"]}


@pytest.fixture
def screen(monkeypatch):
    shown = []
    monkeypatch.setattr(ollama_models.display, "display", lambda line, stderr: shown.append(line))
    monkeypatch.setattr(ollama_models, "EVERY", 0.01)
    monkeypatch.setattr(ollama_models.ActionBase, "run", lambda self, tmp, task_vars: {})
    return shown


def run(action):
    return action.run(task_vars={"inventory_hostname": "node1"})


def test_lines_are_shown_with_their_host(screen):
    action = Action([["m: 1 %", "n: 2 %"], None, ["m: 3 %"]])
    assert run(action) == {"changed": True}
    assert screen == ["[node1] m: 1 %", "[node1] n: 2 %", "[node1] m: 3 %"]
    arguments, wrapped = action.called
    assert (arguments["models"], wrapped) == (["m"], False)
    path = f"{arguments['_progress']}/{NAME}"
    assert set(action.asked) == {f"cat {path} && rm {path}"}
    assert "_progress" not in action._task.args


def test_a_host_writes_nothing_but_short_plain_lines_to_the_terminal(screen):
    run(Action([["\x1b[31mred\x07" + "x" * 1000]]))
    assert screen == ["[node1] [31mred" + "x" * (ollama_models.LONGEST - 7)]


def test_a_look_that_fails_ends_nothing(screen):
    assert run(Action([AnsibleConnectionFailure("cut off"), ["m: 1 %"]])) == {"changed": True}
    assert screen == ["[node1] m: 1 %"]


def test_looking_ends_with_the_module_that_fails(screen):
    others = set(threading.enumerate())
    with pytest.raises(AnsibleConnectionFailure):
        run(Action([["m: 1 %"]], raises=AnsibleConnectionFailure("cut off")))
    assert set(threading.enumerate()) <= others


def test_looking_ends_with_the_run(screen, monkeypatch):
    action = Action([["m: 1 %"]])
    parents = iter([1, 2])
    monkeypatch.setattr(ollama_models.os, "getppid", lambda: next(parents))
    action._watch("/d", "node1", threading.Event())
    assert (action.asked, screen) == ([], [])


SILENT = [
    {"args": {"models": ["m"], "progress": False}},
    {"args": {"models": ["m"], "progress": "no"}},
    {"check_mode": True},
    {"no_log": True},
    {"async_val": 600},
]


@pytest.mark.parametrize("task", SILENT)
def test_nothing_is_asked_when_nothing_is_to_be_shown(screen, task):
    action = Action(**task)
    run(action)
    arguments, wrapped = action.called
    assert ("_progress" in arguments, wrapped) == (False, task.get("async_val", 0))
    assert (action.asked, screen) == ([], [])


def test_the_watcher_shares_no_state_of_the_connection(screen):
    action = Action([["m: 1 %"]])
    connection, become = action._connection, SimpleNamespace(success="")
    connection.become = become
    run(action)
    assert action.connections
    assert all(used is not connection and used.become is not become for used in action.connections)
