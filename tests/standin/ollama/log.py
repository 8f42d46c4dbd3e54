# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log lines in the form of the real server: slog text, and one line a request in the form of its web framework."""

from __future__ import annotations

import datetime
import json
import sys
import threading

_lock = threading.Lock()
_threshold = [0]
LEVELS = {"DEBUG": -4, "INFO": 0, "WARN": 4, "ERROR": 8}


def set_level(name):
    _threshold[0] = LEVELS.get(name, -8)


def info(source, message, **values):
    _write("INFO", source, message, values)


def warn(source, message, **values):
    _write("WARN", source, message, values)


def debug(source, message, **values):
    _write("DEBUG", source, message, values)


def request(status, seconds, client, method, path):
    """Write the access line of one finished request."""
    stamp = datetime.datetime.now().strftime("%Y/%m/%d - %H:%M:%S")
    _line("[GIN] %s | %3d | %12s | %15s | %-8s %s" % (stamp, status, elapsed(seconds), client, method, quoted(path)))


def plain(text):
    _line(text)


def elapsed(seconds):
    """Return a duration as Go prints it: 86.88µs, 1.5ms, 2.5s."""
    if seconds < 1e-3:
        return f"{round(seconds * 1e6, 3):g}µs"
    if seconds < 1:
        return f"{round(seconds * 1e3, 6):g}ms"
    minutes, rest = divmod(seconds, 60)
    return ("%dm" % minutes if minutes else "") + f"{round(rest, 9):g}s"


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def timestamp(moment=None, digits=9):
    """Return a moment (seconds since 1970, default now) as RFC 3339 in UTC with a fraction of 3 or 9 digits."""
    if moment is None:
        moment = datetime.datetime.now(datetime.timezone.utc).timestamp()
    whole, fraction = divmod(moment, 1)
    text = datetime.datetime.fromtimestamp(whole, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return "%s.%0*dZ" % (text, digits, int(fraction * 10 ** digits))


def _write(level, source, message, values):
    if LEVELS[level] < _threshold[0]:
        return
    pairs = [("time", timestamp(digits=3)), ("level", level), ("source", source), ("msg", message)]
    pairs += list(values.items())
    _line(" ".join(f"{name}={_value(value)}" for name, value in pairs))


def _value(value):
    text = str(value)
    if not text or any(character in text for character in ' ="\n'):
        return quoted(text)
    return text


def _line(text):
    with _lock:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
