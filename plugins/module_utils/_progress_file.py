# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Where a module writes the progress of its pulls for one reader, who takes the file away when it has read it.

That tells the module whether anybody is still there: when a reader that came once has stayed away for long, its run has
been interrupted, and the pulls end too. What they brought is kept by the server, and the next run goes on from there.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from contextlib import contextmanager

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._progress import Progress

EVERY = 1  # seconds between two writes
PATIENCE = 60  # seconds without the reader
NAME = "lines"


@contextmanager
def told_in(directory):
    """Yield ``tell(name, event)``, which keeps the lines in ``directory``; it is made at the first event, and removed at
    the end. Without a directory nothing is told."""
    if not directory:
        yield lambda name, event: None
        return
    file = _ProgressFile(directory)
    try:
        yield file.tell
    except _Gone:
        raise FleetError("the run that asked for the models is gone; what has arrived is kept, run again to go on")
    finally:
        file.end()


class _Gone(Exception):
    """The reader came once and comes no more. Not a FleetError: it is no failure of the pull that meets it."""


class _ProgressFile:
    """Written by a thread of its own: a server that is silent for minutes, as when it hashes, is to be seen too."""

    def __init__(self, directory):
        self._directory = directory
        self._path = os.path.join(directory, NAME)
        self._progress = Progress()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._writer = None
        self._gone = False

    def tell(self, name, event):
        if self._gone:
            raise _Gone
        with self._lock:
            self._progress.hear(name, event)
            if self._writer is None:
                self._writer = threading.Thread(target=self._keep, daemon=True)
                self._writer.start()

    def end(self):
        self._ended.set()
        if self._writer:
            self._writer.join()

    def _keep(self):
        try:
            os.mkdir(self._directory, 0o700)  # and not found: nobody else puts a file where the reader looks
        except OSError:
            return  # what cannot be shown is no reason to end a pull
        try:
            self._write_until_the_end()
        except OSError:
            pass
        finally:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _write_until_the_end(self):
        taken = None  # when the reader was last seen to have taken the file
        self._write(time.monotonic())
        while not self._ended.wait(EVERY):
            now = time.monotonic()
            if not os.path.exists(self._path):
                taken = now
            elif taken is not None and now - taken > PATIENCE:
                self._gone = True
            self._write(now)

    def _write(self, now):
        with self._lock:
            lines = self._progress.lines(now)
        with open(self._path + ".new", "w", encoding="utf-8") as stream:
            stream.writelines(f"{line}\n" for line in lines)
        os.replace(self._path + ".new", self._path)
