# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Downloads of a big model (320 MB) that are cut off: by the client, by the server's end, by the registry."""

from __future__ import annotations

import json
import signal

LINES = 10
LAST_PART_WHOLE = 120 * 1000 ** 2  # a part of 21 MB is complete, and the others, of 100 MB, are not
SLOW = {"path": "/direct/*", "rate": 10 * 1000 ** 2}  # far from its end when the last line is seen, however late that is


def play(bed):
    with bed.server() as server:
        server.link_blob(bed.weights.source("big"))
        server.play("create-big")
    bed.publish_big()
    with bed.server() as server:
        interrupted(bed, server)
        part_file_lost(bed, server)
        server.clear_blobs()
        completed(bed, server)
    for name, number in (("pull-server-terminated-midway", signal.SIGTERM),
                         ("pull-server-killed-midway", signal.SIGKILL)):
        ended(bed, name, number, lines=LINES)
    ended(bed, "pull-server-terminated-midway-whole-body-read", signal.SIGTERM, whole=True)
    ended(bed, "pull-nostream-server-terminated", signal.SIGTERM)
    truncated(bed)


def interrupted(bed, server):
    bed.fault(**SLOW)
    server.play_until("pull-interrupted-by-client", LINES)
    server.play("tags-after-interrupted", "blob-head-while-partial")
    before = written(server)
    server.tree("tree-after-interrupted-pull")
    goes_on(server, "pull-resumed", before)
    server.host.stop(signal.SIGKILL)
    server.tree("tree-after-server-killed")
    before = written(server)
    server.host.start()
    server.tree("tree-after-restart")
    goes_on(server, "pull-after-restart", before, fetched=LAST_PART_WHOLE)
    server.host.stop()
    server.tree("tree-after-server-terminated")


def part_file_lost(bed, server):
    """A part file is empty, then missing; the model cannot be pulled any more."""
    part = next(server.store.glob("blobs/*-partial-0"))
    part.write_bytes(b"")
    server.host.start()
    server.tree("tree-after-restart-with-empty-part-file")
    server.play("pull-with-empty-part-file", "pull-with-empty-part-file-nostream")
    part.unlink()
    bed.fault()
    server.play("pull-with-missing-part-file", "pull-with-missing-part-file-again")


def completed(bed, server):
    bed.fault(**SLOW)
    server.play_until("pull-interrupted-then-completed-1", LINES)
    before = written(server)
    bed.fault()
    goes_on(server, "pull-completed-after-interruptions", before, lines=None)


def goes_on(server, name, before, lines=LINES, fetched=0):
    """Replay a pull that must begin with what the part files say, not with nothing."""
    answer = server.play_until(name, lines, fetched) if lines else server.play(name)
    first = next((line["completed"] for line in answer.lines if line.get("completed")), before)
    server.expect(name, first >= before > 0, "starts at %d although %d bytes were there" % (first, before))


def written(server):
    """Return how many bytes the part files tell of."""
    return sum(json.loads(path.read_text())["Completed"] for path in server.store.glob("blobs/*-partial-*"))


def ended(bed, name, number, whole=False, lines=0):
    """Replay a pull during which the server ends, after so many lines where the client sees them."""
    bed.fault(**SLOW)
    bed.forget_requests()
    with bed.server() as server:
        if not lines:
            server.end_when_fetching(number)
        server.play(name, whole=whole, watch=lambda seen: len(seen) == lines and server.host.send_signal(number))


def truncated(bed):
    """Each answer of the registry ends too early; the server asks for the rest."""
    bed.fault(path="/direct/*", cut_after=50 * 1000 ** 2)
    with bed.server() as server:
        server.play("pull-registry-truncates")
        bed.fault()
        server.delete_rest()
        server.play("pull-big-nostream")
