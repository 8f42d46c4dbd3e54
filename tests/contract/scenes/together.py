# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two pulls of one model at once, and other requests meanwhile."""

from __future__ import annotations

import threading

HELD = {"path": "/direct/*", "stall": 60, "stall_after": 1000 ** 2}  # until the fault is taken back
PARTS = 4
LINES = 8


def play(bed):
    bed.publish_big()
    with bed.server() as server:
        first = begun(bed, server.play, "pull-concurrent-first")
        server.play("pull-concurrent-second", watch=lambda seen: len(seen) == LINES and bed.fault())
        first.join()
        server.requests("registry-requests-of-concurrent-pulls")
        server.delete_rest()
        first = begun(bed, server.play_until, "pull-concurrent-first-leaves", LINES)
        server.play("pull-concurrent-second-stays", watch=lambda seen: len(seen) == LINES and (first.join() or bed.fault()))
        server.delete_rest()
        pull = begun(bed, server.play, "pull-during-which-others-ask")
        server.play("tags-during-pull", "show-during-pull", "delete-during-pull")
        bed.fault()
        pull.join()


def begun(bed, play_it, *words):
    """Replay a pull beside what follows, whose bytes do not end before the fault does; return its thread."""
    bed.fault(**HELD)
    bed.forget_requests()
    pull = threading.Thread(target=play_it, args=words)
    pull.start()
    bed.until_asked_for_bytes(PARTS)
    return pull
