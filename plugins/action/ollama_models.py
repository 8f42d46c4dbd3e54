# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module and, while its pulls last, shows the lines that it keeps about them on the host."""

from __future__ import annotations

import copy
import os
import shlex
import threading
import uuid
from contextlib import contextmanager
from contextvars import copy_context

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.barellama.fleet.plugins.module_utils._progress_file import NAME

EVERY = 6  # seconds between two looks
LONGEST = 200  # characters of a line

display = Display()


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        task, arguments = self._task, dict(self._task.args)
        silent = task.async_val or task.check_mode or task.no_log
        if silent or not boolean(arguments.get("progress", True), strict=False):
            return {**result, **self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=task.async_val)}
        # Nobody can guess the name, and the module refuses what is there.
        arguments["_progress"] = f"/tmp/ollama_models-{uuid.uuid4().hex}"
        with self._watched(arguments["_progress"], task_vars["inventory_hostname"]):
            return {**result, **self._execute_module(module_args=arguments, task_vars=task_vars)}

    @contextmanager
    def _watched(self, directory, host):
        """Show what the module writes into ``directory`` until it has ended."""
        # The watcher asks while the module runs, so it has a connection with a state of its own.
        watcher = copy.copy(self)
        watcher._connection = copy.copy(self._connection)
        watcher._connection.set_become_plugin(copy.copy(self._connection.become))
        ended = threading.Event()
        thread = threading.Thread(target=copy_context().run, args=(watcher._watch, directory, host, ended), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(EVERY)

    def _watch(self, directory, host, ended):
        path, run = shlex.quote(f"{directory}/{NAME}"), os.getppid()
        # A run that was killed leaves this process behind, which is not to keep the pulls going.
        while not ended.wait(EVERY) and os.getppid() == run:
            try:
                told = self._low_level_execute_command(f"cat {path} && rm {path}")
            except AnsibleError:
                continue  # the module's own connection tells what is wrong
            for line in told["stdout_lines"] if told["rc"] == 0 else ():
                words = "".join(letter for letter in line if letter.isprintable())
                display.display(f"[{host}] {words[:LONGEST]}", stderr=True)
