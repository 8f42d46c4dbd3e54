# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listens on a free port of 127.0.0.1 in a process that stays; prints its pid and the port."""

from __future__ import annotations

import os
import signal
import socket

FORGOTTEN = 300  # seconds after which it ends even if nobody stops it

server = socket.create_server(("127.0.0.1", 0))
pid = os.fork()
if pid:
    print(pid, server.getsockname()[1])
else:
    os.setsid()
    # Whoever started this reads on for as long as the process could still say something.
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    signal.alarm(FORGOTTEN)
    signal.pause()
