# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations as Go reads and prints them, and the values of keep_alive."""

from __future__ import annotations

import re

from .errors import GoError

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
FOREVER = float("inf")
_PART = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")


def parse(text):
    """Return the seconds of a Go duration such as ``1h30m``; GoError says what is wrong, in Go's words."""
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return 0.0
    seconds, position = 0.0, 0
    while position < len(body) or not body:
        found = _PART.match(body, position) if body else None
        if not found:
            raise GoError(f'time: invalid duration "{text}"', 400)
        number, unit = found.groups()
        if not unit:
            raise GoError(f'time: missing unit in duration "{text}"', 400)
        if unit not in UNITS:
            raise GoError(f'time: unknown unit "{unit}" in duration "{text}"', 400)
        seconds += float(number) * UNITS[unit]
        position = found.end()
    return -seconds if text.startswith("-") else seconds


def keep_alive(value):
    """Return the seconds that a request's keep_alive (number of seconds or duration) means; negative is for ever."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise GoError("invalid keep_alive value", 400)
    seconds = parse(value) if isinstance(value, str) else float(value)
    return FOREVER if seconds < 0 else seconds


def show(seconds):
    """Return whole seconds as Go prints a duration: 5m0s, 1h0m0s, 45s."""
    if seconds == FOREVER:
        return "2562047h47m16.854775807s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:g}s"
    if hours or minutes:
        text = "%dm%s" % (minutes, text)
    return "%dh%s" % (hours, text) if hours else text
