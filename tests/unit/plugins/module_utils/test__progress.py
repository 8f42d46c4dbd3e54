# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._progress import WINDOW, Progress


def blob(size, here=None, digest="sha256:1"):
    """An event as the server sends it: ``completed`` is left out while it is 0."""
    event = {"status": f"pulling {digest[7:]}", "digest": digest, "total": size}
    return event if here is None else {**event, "completed": here}


def last_line(*looks):
    """The line after the last of several looks, each (seconds, event)."""
    progress = Progress()
    for now, event in looks:
        progress.hear("m:latest", event)
        lines = progress.lines(now)
    return "; ".join(lines)


LINES = [
    ([(0, {"status": "pulling manifest"})], "m:latest: pulling manifest"),
    ([(0, blob(4 * 10**9))], "m:latest: 0 %, 0 B of 4.0 GB, 0 B/s"),
    # What a former run brought is no part of the rate.
    ([(0, blob(4 * 10**9, 10**9)), (10, blob(4 * 10**9, 2 * 10**9))], "m:latest: 50 %, 2.0 GB of 4.0 GB, 100.0 MB/s, 20 s left"),
    ([(0, blob(4 * 10**10, 0)), (10, blob(4 * 10**10, 10**8))], "m:latest: 0 %, 100.0 MB of 40.0 GB, 10.0 MB/s, 1 h 6 min left"),
    ([(0, blob(10**9, 0)), (10, blob(10**9, 10**8))], "m:latest: 10 %, 100.0 MB of 1.0 GB, 10.0 MB/s, 2 min left"),
    ([(0, blob(10**9, 0)), (10, blob(10**9, 102 * 10**6))], "m:latest: 10 %, 102.0 MB of 1.0 GB, 10.2 MB/s, 88 s left"),
    ([(0, blob(10**9, 0)), (10, blob(10**9, 10**7))], "m:latest: 1 %, 10.0 MB of 1.0 GB, 1.0 MB/s, 16 min left"),
    # Only the last seconds count.
    ([(0, blob(1000, 0)), (100, blob(1000, 500)), (100 + WINDOW, blob(1000, 500))], "m:latest: 50 %, 500 B of 1.0 kB, 0 B/s"),
    # A try that starts anew.
    ([(0, blob(1000, 900)), (1, blob(1000, 0)), (2, blob(1000, 100))], "m:latest: 10 %, 100 B of 1.0 kB, 100 B/s, 9 s left"),
    ([(0, blob(900, 900)), (1, blob(100, 50, "sha256:2"))], "m:latest: 95 %, 950 B of 1.0 kB, 50 B/s, 1 s left"),
    ([(0, blob(900, 900)), (1, {"status": "verifying sha256 digest"})], "m:latest: 100 %, 900 B of 900 B, verifying sha256 digest"),
    ([(0, blob(900, 300)), (1, {"status": "failed"})], ""),
    ([(0, blob(900, 900)), (1, {"status": "success"})], ""),
    # What no server should say.
    ([(0, {})], "m:latest: None"),
    ([(0, blob("900", "300"))], "m:latest: pulling 1"),
    ([(0, blob(0, 0))], "m:latest: "),
    ([(0, blob(10**400, 10**399))], "m:latest: pulling 1"),
    ([(0, blob(-5, -9))], "m:latest: pulling 1"),
    ([(0, blob(900, 10**400))], "m:latest: 0 %, 0 B of 900 B, 0 B/s"),
    ([(0, blob(900, -300))], "m:latest: 0 %, 0 B of 900 B, 0 B/s"),
    ([(0, blob(900, 1800))], "m:latest: 100 %, 900 B of 900 B"),
]


@pytest.mark.parametrize("looks, said", LINES)
def test_a_line_says_how_far_a_pull_is(looks, said):
    assert last_line(*looks) == said


def test_each_model_that_is_not_done_has_a_line():
    progress = Progress()
    for name in ("a:1", "b:1", "c:1"):
        progress.hear(name, {"status": "pulling manifest"})
    progress.hear("b:1", {"status": "success"})
    assert progress.lines(0) == ["a:1: pulling manifest", "c:1: pulling manifest"]
