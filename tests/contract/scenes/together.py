# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two pulls of one model at once, and other requests meanwhile."""

from __future__ import annotations

import threading
import time

SLOW = {"path": "/direct/*", "rate": 100 * 1000 ** 2}
HEAD_START = 0.3
LINES = 8


def play(bed):
    bed.publish_big()
    bed.fault(**SLOW)
    with bed.server() as server:
        bed.forget_requests()
        during(server, "pull-concurrent-first", ["pull-concurrent-second"])
        server.requests("registry-requests-of-concurrent-pulls")
        server.delete_rest()
        first = threading.Thread(target=server.play_until, args=("pull-concurrent-first-leaves", LINES))
        first.start()
        time.sleep(HEAD_START)
        server.play("pull-concurrent-second-stays")
        first.join()
        server.delete_rest()
        during(server, "pull-during-which-others-ask", ["tags-during-pull", "show-during-pull", "delete-during-pull"])
    bed.fault()


def during(server, name, others):
    """Replay ``others`` while the pull ``name`` runs."""
    pull = threading.Thread(target=server.play, args=(name,))
    pull.start()
    time.sleep(HEAD_START)
    server.play(*others)
    pull.join()
