# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares an answer, translated into the recordings' words, with the recording."""

from __future__ import annotations

import datetime
import email.utils
import itertools
import json
import re

from . import digests, masks

HEADERS = ("Content-Type", "Allow", "Location", "Connection", "Vary", "Access-Control-Allow-Origin",
           "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age")
TOLERANCE = 6  # seconds
FOREVER = 1e9
PART_FILE = re.compile(r"-partial-\d+\Z")


def answer(found, case, manifests):
    """Return the list of differences between an Answer and a recording."""
    wanted = case["response"]
    if "transport_error" in wanted:
        left = wanted.get("answer_left_in_the_socket")
        if left:  # Whether the client notices while it still sends is a matter of the kernel's buffers.
            found.error = None
            return answer(found, {"response": left}, manifests)
        return _differs("error", found.error, wanted["transport_error"].split(":")[0])
    if found.error and not wanted.get("client_closed_connection_here"):
        if not (found.lines and "ndjson" in wanted):
            return [f"the connection broke: {found.error}"]
    problems = _differs("status", found.status, wanted["status"]) + _headers(found.headers, wanted["headers"])
    if "ndjson" in wanted:
        return problems + _stream(found.lines or [], wanted["ndjson"])
    problems += _expiry(found, wanted)
    return problems + _differs("body", _masked(found.body, wanted["body"], manifests), masks.value(wanted["body"]))


def tree(found, wanted):
    """Return the differences between two lists of a store's files; a part's file is as long as its numbers are."""
    return _differs("files", *({entry["path"]: _file(entry) for entry in side} for side in (found, wanted)))


def _file(entry):
    size = "<numbers>" if PART_FILE.search(entry["path"]) and entry.get("size") else entry.get("size")
    return {"size": size, "mode": entry["mode"]}


def value(found, wanted):
    return _differs("content", found, wanted)


def start(status, lines, case):
    """Return the differences of a start that failed: its status and as many last lines as the recording has."""
    wanted = [masks.log_line(line) for line in case["last_log_lines"]]
    found = [masks.log_line(line) for line in lines[-len(wanted):]]
    return _differs("exit status", status, case["process_exit_status"]) + _differs("log", found, wanted)


def parts(found, wanted):
    """Return the differences between two sets of part files (path -> text); how far each came is a matter of time."""
    problems = []
    for side in (found, wanted):
        for text in side.values():
            part = json.loads(text)
            if not 0 <= part["Completed"] <= part["Size"]:
                problems.append(f"impossible part {text!r}")
    return problems + _differs("parts", _without_progress(found), _without_progress(wanted))


def requests(found, wanted):
    """Return the differences in what a registry was asked; parts of one blob may come in any order."""
    return _differs("requests", _in_order(found), _in_order(wanted))


def _in_order(entries):
    plain = [(entry["method"], entry["path"], entry["range"] or "") for entry in entries]
    ordered, run = [], []
    for entry in plain + [("", "", "")]:
        if run and entry[1] != run[0][1]:
            ordered += sorted(run)
            run = []
        run.append(entry)
    return ordered


def _without_progress(files):
    return {path: {key: number for key, number in json.loads(text).items() if key != "Completed"}
            for path, text in files.items()}


def _headers(found, wanted):
    problems = []
    for name in HEADERS:
        values = [value for key, value in found if key.lower() == name.lower()]
        problems += _differs("header " + name, values[-1] if values else None, wanted.get(name))
    chunked = any(key.lower() == "transfer-encoding" for key, _value in found)
    return problems + _differs("chunked", chunked, "Transfer-Encoding" in wanted)


def _stream(found, wanted):
    wrong = masks.broken_progress(found)
    problems = [wrong] if wrong else []
    cached = masks.cached(wanted)
    return problems + _differs("stream", masks.stream(found, cached), masks.stream(wanted, cached))


def _masked(body, wanted, manifests):
    """Return a body in the recording's form: parsed where that is parsed, models of one second in its order."""
    if isinstance(wanted, str):
        return masks.text(body)
    try:
        found = json.loads(body)
    except ValueError:
        return body
    if isinstance(found, dict) and isinstance(found.get("models"), list):
        found["models"] = _reordered(found["models"], wanted.get("models") or [])
    problems = digests.learn(found, wanted, manifests)
    return problems or masks.value(digests.with_wanted(found, wanted))


def _expiry(found, wanted):
    """Return the differences in how long loaded models stay: for ever, or so many seconds from the answer on."""
    if not isinstance(wanted["body"], dict) or "expires_at" not in str(wanted["body"]):
        return []
    left = _seconds_left(json.loads(found.body), dict(found.headers))
    recorded = _seconds_left(wanted["body"], wanted["headers"])
    close = len(left) == len(recorded) and all(abs(a - b) <= TOLERANCE for a, b in zip(left, recorded))
    return [] if close else [f"expiry: got {left} s, recorded {recorded} s"]


def _seconds_left(body, headers):
    answered = email.utils.parsedate_to_datetime(headers["Date"])
    ends = [datetime.datetime.fromisoformat(model["expires_at"][:19] + "+00:00") for model in body["models"]]
    return [min((end - answered).total_seconds(), FOREVER) for end in ends]


def _reordered(found, wanted):
    """Put models whose order is chance (listed within one second) into the order that the recording has."""
    seconds = [str(model.get("modified_at"))[:19] for model in found]
    if not all("modified_at" in model for model in found) or seconds != sorted(seconds, reverse=True):
        return found
    places = {model["name"]: number for number, model in enumerate(wanted)}
    return sorted(found, key=lambda model: places.get(model["name"], len(places)))


def _differs(what, found, wanted):
    """Return one line for every place at which two values differ."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return [line for key in sorted(found.keys() | wanted.keys())
                for line in _differs(f"{what}.{key}", found.get(key), wanted.get(key))]
    if isinstance(found, list) and isinstance(wanted, list):
        pairs = enumerate(itertools.zip_longest(found, wanted))
        return [line for number, pair in pairs for line in _differs("%s[%d]" % (what, number), *pair)]
    return [] if found == wanted else [f"{what}: got {found!r}, recorded {wanted!r}"]
