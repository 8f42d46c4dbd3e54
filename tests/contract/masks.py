# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may differ between a recording and the stand-in's answer, and nothing else.

Times, generated text with the numbers of its tokens, the engine's estimate of memory, random names, the resolver's
address, the order in which Go walks through a map. Digests are not masked but translated one to one (see weights.py);
those of manifests are learned (see compare.py).
"""

from __future__ import annotations

import re
from collections import Counter

TIMES = ("created_at", "modified_at", "expires_at", "total_duration", "load_duration", "prompt_eval_duration",
         "eval_duration")
TOKENS = ("context", "prompt_eval_count")
TEMPORARY = re.compile(r"sha256-\d{6,10}\b")
RESOLVER = re.compile(r" on [\d.:a-f\[\]]+:53:")
LOG_TIME = re.compile(r"^time=\S+ ")


def text(value):
    """Mask what is random inside an error text or a path."""
    return RESOLVER.sub(" on <resolver>:53:", TEMPORARY.sub("sha256-<random>", value))


def log_line(value):
    return text(LOG_TIME.sub("time=<time> ", value))


def value(thing):
    """Return a JSON value with everything masked that the module's text names."""
    if isinstance(thing, dict):
        masked = {key: _field(key, item, thing) for key, item in thing.items()}
        return _answer(masked) if "done" in thing else masked
    if isinstance(thing, list):
        return [value(item) for item in thing]
    return text(thing) if isinstance(thing, str) else thing


def _field(key, item, owner):
    if key in TIMES:
        return "<time>"
    if key in TOKENS:
        return "<tokens>"
    if key == "size" and "size_vram" in owner:
        return "<estimate>"
    if key in ("parameters", "modelfile") and isinstance(item, str):
        return _sorted_parameters(text(item))
    return value(item)


def _answer(body):
    """Mask the generated text of one object of an answer; an empty one stays empty."""
    if body.get("response"):
        body["response"] = "<text>"
    if body.get("message", {}).get("content"):
        body["message"] = dict(body["message"], content="<text>")
    return body


def _sorted_parameters(lines):
    """Put parameters in order; a Modelfile's other lines keep their places."""
    rows = lines.split("\n")
    if not lines.startswith("# Modelfile"):
        return "\n".join(sorted(rows))
    places = [number for number, row in enumerate(rows) if row.startswith("PARAMETER ")]
    for place, row in zip(places, sorted(rows[place] for place in places)):
        rows[place] = row
    return "\n".join(rows)


def cached(lines):
    """Return the digests that a recorded pull found in the store: one line each, at its end."""
    counts = Counter(line["digest"] for line in lines if "digest" in line)
    return {line["digest"] for line in lines
            if counts[line.get("digest")] == 1 and line.get("completed") == line["total"]}


def stream(lines, in_store):
    """Return a stream's lines masked.

    Tokens in a row count as one. Of downloads there are as many lines as time allows, perhaps none: only those about
    the digests ``in_store`` are kept.
    """
    found = []
    for line in lines:
        if "digest" in line and line["digest"] not in in_store:
            continue
        masked = value(line)
        if found and masked == found[-1] and masked.get("done") is False:
            continue
        found.append(masked)
    return found


def broken_progress(lines):
    """Return what is wrong with the progress of a download, or None: totals are constant, nothing goes backwards.

    A download that fails may take back what it has counted.
    """
    if lines and "error" in lines[-1]:
        return None
    seen = {}
    for line in lines:
        if "digest" not in line:
            continue
        total, completed = line.get("total", 0), line.get("completed", 0)
        before = seen.get(line["digest"], (total, 0))
        if total != before[0] or not before[1] <= completed <= total:
            return f"progress goes wrong at {line!r} after {before!r}"
        seen[line["digest"]] = (total, completed)
    return None
