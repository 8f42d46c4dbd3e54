# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on demand: what goes wrong between a site and those who ask it.

A fault says whom it hits and what it does; the README lists the fields. The first one that matches and is not used up
is applied, alone.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Dict, Optional

from .replies import PIECE, Reply, document, registry_error
from .tokens import challenge


class HangUp(Exception):
    """The connection is to be closed here."""


@dataclass
class Fault:
    """One fault; the first three fields say whom it hits, the others what it does."""

    path: str
    method: Optional[str] = None
    times: Optional[int] = None  # None: until cleared
    status: Optional[int] = None
    headers: Dict[str, str] = field(default_factory=dict)
    late_ms: int = 0
    stall: float = 0  # seconds
    stall_after: int = 0
    cut_after: Optional[int] = None
    wrong_bytes: bool = False
    rate: int = 0  # bytes per second
    ignore_ranges: bool = False

    def __post_init__(self):
        self.cleared = threading.Event()

    @classmethod
    def parse(cls, given):
        """Build one from what JSON gave; a ValueError says what is wrong with it."""
        if not isinstance(given, dict) or "path" not in given:
            raise ValueError("a fault is an object that has at least 'path'")
        known = [item.name for item in fields(cls)]
        strangers = sorted(set(given) - set(known))
        if strangers:
            raise ValueError("a fault has no field %s; it has: %s" % (", ".join(strangers), ", ".join(known)))
        return cls(**given)

    def as_dict(self):
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def hits(self, request):
        return self.times != 0 and self.method in (None, request.method) and fnmatchcase(request.path, self.path)

    def answer(self, request, site):
        """Return what ``site(request)`` answers, or the error that this fault puts in its place."""
        self.cleared.wait(self.late_ms / 1000)
        if self.status:
            headers = {"WWW-Authenticate": challenge(request)} if self.status == 401 else {}
            return registry_error(self.status, "TEST", "injected %d" % self.status, **{**headers, **self.headers})
        reply = site(request.without("Range") if self.ignore_ranges else request)
        return Reply(reply.status, {**reply.headers, **self.headers}, reply.body, reply.sized)

    def spoil(self, pieces):
        """Yield the body's bytes as this fault lets them through; raise HangUp where it cuts them off."""
        position = 0
        for piece in self._split(pieces):
            if position == self.cut_after:
                raise HangUp
            if self.stall and position == self.stall_after:
                self.cleared.wait(self.stall)
            if self.wrong_bytes and position == 0:
                piece = bytes([piece[0] ^ 0xFF]) + piece[1:]
            if self.rate:
                self.cleared.wait(len(piece) / self.rate)
            yield piece
            position += len(piece)

    def _split(self, pieces):
        """Cut the pieces so that every place of interest lies between two of them."""
        grain = max(1, self.rate // 10) if self.rate else PIECE
        edges = (self.stall_after, self.cut_after or 0)
        position = 0
        for piece in pieces:
            while piece:
                length = min([grain] + [edge - position for edge in edges if edge > position])
                yield piece[:length]
                position += len(piece[:length])
                piece = piece[length:]


class Faults:
    """All faults of a process, in order; safe to use from many threads."""

    def __init__(self):
        self._faults = []
        self._lock = threading.Lock()

    def take(self, request):
        """Return the fault that hits this request, counting it as used once, or None."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.hits(request)), None)
            if fault and fault.times is not None:
                fault.times -= 1
            return fault

    def replace(self, faults):
        """Set the faults; what the old ones hold up goes on at once."""
        with self._lock:
            for old in self._faults:
                old.cleared.set()
            self._faults = list(faults)

    def control(self, request):
        """Answer /_faults: GET tells, PUT sets (a fault or a list of them), DELETE clears."""
        if request.method == "PUT":
            try:
                given = json.loads(request.body.decode("utf-8"))
                self.replace([Fault.parse(one) for one in (given if isinstance(given, list) else [given])])
            except (ValueError, TypeError) as error:
                return document(400, {"error": str(error)})
        elif request.method == "DELETE":
            self.replace([])
        return document(200, [fault.as_dict() for fault in self._faults])
