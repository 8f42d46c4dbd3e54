# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _diagnose_commands
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands


def commands(answer):
    asked = []

    def run(command, **options):
        asked.append((command, options["environ_update"]))
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Commands(run, "/root"), asked


def test_what_a_command_writes_comes_back_in_plain_english():
    tools, asked = commands((0, "out\n", "err\n"))
    assert tools.root == "/root"
    assert tools.out("docker", "version") == "out\n"
    assert tools.out("docker", "logs", "ollama", errors=True) == "out\nerr\n"
    assert asked[0] == (["docker", "version"], {"LC_ALL": "C"})


def test_a_command_that_fails_has_no_output():
    tools, _asked = commands((1, "half", "no such container"))
    assert tools.out("docker", "inspect", "x") is None
    assert tools.out("docker", "logs", "x", errors=True) is None


def test_a_command_that_is_not_there_is_no_error():
    tools, _asked = commands(FileNotFoundError())
    assert tools.out("docker") is None


def test_nothing_runs_for_a_user_who_has_no_session():
    tools, asked = commands((0, "out", ""))
    assert tools.out("podman", "inspect", user="root") is None
    assert asked == []


@pytest.mark.parametrize(("answer", "told"), [
    ((0, "out", "a warning"), (0, "out")), ((9, "it ", "failed"), (9, "it failed")),
    ((127, "", "no such file"), None), ((126, "", "not executable"), None),
    ((137, "", ""), (137, "it gave no answer for 30 seconds")), ((-9, "", ""), (-9, "it gave no answer for 30 seconds")), (FileNotFoundError(), None),
])
def test_a_command_that_may_hang_has_a_limit(answer, told):
    tools, asked = commands(answer)
    assert tools.limited("nvidia-smi", "-L") == told
    assert asked[0][0] == ["timeout", "-s", "KILL", "30", "nvidia-smi", "-L"]


def test_a_command_that_hangs_is_left_behind(monkeypatch):
    monkeypatch.setattr(_diagnose_commands, "PATIENCE", 0.2)

    def run(command, **_options):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert Commands(run).limited("sleep", "60")[1] == "it gave no answer for 0.2 seconds"
    assert Commands(run).limited("no-such-command") is None
