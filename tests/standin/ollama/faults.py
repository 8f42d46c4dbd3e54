# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on demand: read from files at each use, so that a test can switch them while the server runs.

Three sources, each overriding the one before: `faults.json` inside the package (packed into a bad release), the file
named by STANDIN_FAULTS (default `$HOME/.ollama/standin-faults.json`), and for one request its header X-Standin-Fault
(`status=503, stall=2`). README.md lists the keys.
"""

from __future__ import annotations

import json
import os
import pkgutil
import threading

_taken = {}
_taken_lock = threading.Lock()


def read():
    """Return the faults that hold now, as a dict of the README's keys."""
    faults = dict(_packed())
    try:
        with open(_path(), encoding="utf-8") as stream:
            faults.update(json.load(stream))
    except (OSError, ValueError):
        pass
    return faults


def for_request(method, path, header):
    """Return the fault of one request: the header's, else the first matching rule of `requests`, else {}."""
    if header:
        return _parsed(header)
    for number, rule in enumerate(read().get("requests", ())):
        if rule.get("path", path) == path and rule.get("method", method) == method and _still_due(number, rule):
            return rule
    return {}


def _still_due(number, rule):
    """True while a rule has been applied fewer than `times`; the first `after` matching requests are left alone."""
    key = (number, json.dumps(rule, sort_keys=True))
    with _taken_lock:
        seen = _taken[key] = _taken.get(key, 0) + 1
    first = rule.get("after", 0)
    return seen > first and ("times" not in rule or seen <= first + rule["times"])


def _parsed(header):
    fault = {}
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        fault[name] = float(value) if name == "stall" else int(value or 1)
    return fault


def _packed():
    try:
        data = pkgutil.get_data(__package__, "faults.json")
    except OSError:
        return {}
    return json.loads(data.decode("utf-8")) if data else {}


def _path():
    home = os.environ.get("HOME", "/nonexistent")
    return os.environ.get("STANDIN_FAULTS") or os.path.join(home, ".ollama", "standin-faults.json")
