# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What pulls have told so far, as lines for people: how much of it is here, how fast it comes, how long it will take."""

from __future__ import annotations

from collections import deque

from ansible_collections.barellama.fleet.plugins.module_utils._durable import human_size

WINDOW = 15  # seconds over which a rate is measured
LARGEST = 1 << 63  # what a server counts with ends there
ENDS = ("success", "failed")  # what is said last of a pull


class Progress:
    """The pulls of one call, by the names of their models."""

    def __init__(self):
        self._pulls = {}

    def hear(self, name, event):
        """Take in one event of the server."""
        self._pulls.setdefault(name, _Pull()).hear(event)

    def lines(self, now):
        """One line for each pull that goes on. ``now`` is in seconds, of a clock that never goes back."""
        return [f"{name}: {pull.words(now)}" for name, pull in self._pulls.items() if pull.status not in ENDS]


class _Pull:
    def __init__(self):
        self.status = ""
        self._blobs = {}  # digest: (bytes here, bytes in all)
        self._seen = deque()  # (when, bytes here in all) of the last WINDOW

    def hear(self, event):
        self.status = str(event.get("status"))
        size, digest = _count(event.get("total")), event.get("digest")
        if size is not None and isinstance(digest, str):
            here = _count(event.get("completed")) or 0  # left out while it is 0
            self._blobs[digest] = (min(here, size), size)
            self.status = ""

    def words(self, now):
        here, size = (sum(numbers) for numbers in zip(*self._blobs.values())) if self._blobs else (0, 0)
        rate = self._rate(now, here)
        told = [f"{100 * here // size} %, {human_size(here)} of {human_size(size)}"] if size else []
        if self.status:
            told.append(self.status)
        elif size > here:
            told.append(f"{human_size(round(rate))}/s")
            told += [f"{_span((size - here) / rate)} left"] if rate else []
        return ", ".join(told)

    def _rate(self, now, here):
        """Bytes a second since the oldest look in the window; a try that starts anew starts the window anew."""
        if self._seen and self._seen[-1][1] > here:
            self._seen.clear()
        self._seen.append((now, here))
        while self._seen[0][0] < now - WINDOW:
            self._seen.popleft()
        begin, before = self._seen[0]
        return (here - before) / (now - begin) if now > begin else 0


def _count(said):
    """A number of bytes as a server may say it; None for anything else."""
    return said if isinstance(said, int) and 0 <= said < LARGEST else None


def _span(seconds):
    """A time as people say it, no finer than it can be known: 8 s, 3 min, 2 h 5 min."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
