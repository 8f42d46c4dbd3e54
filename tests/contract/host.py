# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One stand-in server as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60


def until(ready, what):
    """Wait for what is sure to come, however busy the machine is."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited in vain for {what}")
        time.sleep(0.01)


class Host:
    """Runs `serve` with ``home`` as its home directory; started when it is first wanted."""

    def __init__(self, home, bind, port, environment):
        self.home = home
        self.bind = bind
        self.port = port
        self.store = home / "ollama" / "models"
        self.log = home / "server.log"
        self._fault_file = home / "faults.json"
        self.environment = environment
        self._process = None

    def write_faults(self, fields):
        staging = self._fault_file.with_suffix(".new")
        staging.write_text(json.dumps(fields))
        staging.replace(self._fault_file)

    def launch(self):
        """Start the process without waiting for it; return it."""
        defaults = {"HOME": str(self.home), "PATH": os.environ["PATH"], "OLLAMA_HOST": "%s:%d" % (self.bind, self.port),
                    "OLLAMA_NO_CLOUD": "1", "OLLAMA_MODELS": str(self.store), "STANDIN_FAULTS": str(self._fault_file)}
        with open(self.log, "a", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                [sys.executable, "-m", "tests.standin.ollama", "serve"], cwd=str(ROOT), stderr=log,
                env=dict(defaults, **self.environment))
        return self._process

    def start(self):
        """Start the process and wait until it answers."""
        self.launch()
        try:
            until(self._answers, "an answer of the stand-in")
        except RuntimeError as error:
            raise RuntimeError(f"{error}; its log:\n" + self.log.read_text(encoding="utf-8")) from None

    def _answers(self):
        if self._process.poll() is not None:
            raise RuntimeError("the stand-in has ended")
        try:
            with socket.create_connection(("127.0.0.1", self.port), 10) as probe:
                probe.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
                return bool(probe.recv(1))
        except OSError:
            return False

    def said(self, words):
        """Return how often the log has these words."""
        return self.log.read_text(encoding="utf-8").count(words)

    def twin(self):
        """Return another server for the same address."""
        home = self.home / "twin"
        home.mkdir()
        twin = Host(home, self.bind, self.port, self.environment)
        twin.write_faults({})
        return twin

    def wait(self):
        """Wait for the process to end by itself; return its status."""
        return self._process.wait(PATIENCE)

    def send_signal(self, number):
        self._process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """End the process and wait for it; return its status."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(number)
        status = self._process.wait(PATIENCE)
        self._process = None
        return status
