# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_process import Running

CONFIG = 'time=1 level=INFO msg="server config" env="map[]"'
STATUS = "Name:\tollama\nUid:\t995\t996\t995\t995\nGid:\t990\t991\t990\t990\nGroups:\t44 105 \n"


class One(Running):
    """A process 7 whose log is ``lines``, one list for each time it is asked."""

    pid, started, lines = "7", 0, ()

    def _start_lines(self):
        return self.lines.pop(0)

    def _recent_lines(self, this_start=False):
        return ["this"] if this_start else ["all"]


@pytest.fixture
def one(tmp_path):
    proc = tmp_path / "proc/7"
    (proc / "root/opt/ollama/lib/ollama/cuda_v13").mkdir(parents=True)
    (proc / "root/opt/ollama/lib/ollama/vulkan").mkdir()
    (proc / "exe").symlink_to("/opt/ollama/bin/ollama")
    (proc / "status").write_text(STATUS)
    (proc / "environ").write_bytes(b"OLLAMA_MODELS=/srv/models\0HOME=/home\0")
    asked = []
    process = One("ollama", Commands(lambda command, **_options: asked.append(command) or (0, "", ""), str(tmp_path)))
    process.proc, process.asked = proc, asked
    return process


def test_a_process_tells_its_account_its_libraries_and_its_variables(one):
    assert one.running
    assert one.account == (996, {991, 44, 105})
    assert one.backends == ["cuda_v13", "vulkan"]
    assert one.environment == {"OLLAMA_MODELS": "/srv/models", "HOME": "/home"}


def test_a_process_that_is_not_there_tells_nothing(tmp_path):
    gone = One("ollama", Commands(None, str(tmp_path)))
    assert gone.account is gone.environment is gone.backends is gone.store is gone.space is None
    assert gone.broken_manifests == []
    gone.pid = None
    assert not gone.running


@pytest.mark.parametrize(("pid", "owned"), [("7", True), ("8", True), ("9", True), ("10", False), ("11", False), ("0", False)])
def test_what_was_started_below_it_is_its_own(one, pid, owned):
    for number, parent in (("8", "7"), ("9", "8"), ("10", "1"), ("1", "0")):
        (one.proc.parent / number).mkdir()
        (one.proc.parent / number / "status").write_text(f"Name:\tx\nPPid:\t{parent}\n")
    assert one.owns(pid) is owned


def test_a_process_that_is_not_there_owns_none(one):
    one.pid = None
    assert not one.owns("7") and not one.owns("0")


def test_the_store_is_looked_at_as_the_process_sees_it(one):
    folder = one.proc / "root/srv/models/manifests/registry.ollama.ai/library"
    for name, content in (("good", json.dumps({"layers": []})), ("cut", '{"layers": ['), ("empty", ""), ("list", "[]")):
        (folder / name).mkdir(parents=True)
        (folder / name / "latest").write_text(content)
    assert one.broken_manifests == [f"registry.ollama.ai/library/{name}/latest" for name in ("cut", "empty", "list")]
    found = os.statvfs(folder)
    assert one.space[1] == found.f_blocks * found.f_frsize and 0 < one.space[0] <= one.space[1]


def test_a_store_that_no_variable_names_is_in_the_home(one):
    (one.proc / "environ").write_bytes(b"HOME=/home\0")
    assert one.store.endswith("/proc/7/root/home/.ollama/models")


def test_a_start_that_is_not_in_the_log_yet_is_looked_for_again(one):
    one.lines = [["early"], ["early", CONFIG]]
    assert one.start_log == ["early", CONFIG]
    assert one.asked == [["journalctl", "--sync"]]


def test_a_start_that_is_in_the_log_is_looked_for_once(one):
    one.lines = [[CONFIG], []]
    assert one.start_log == [CONFIG]
    assert one.asked == []
    assert (one.recent_log, one.recent_of_this_start) == (["all"], ["this"])
