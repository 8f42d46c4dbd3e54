# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files beside a download that say how far each of its parts is: `<blob>-partial-<N>`, one JSON object each."""

from __future__ import annotations

import json
import os
import re

from . import disk, gojson

COUNT, MIN_SIZE, MAX_SIZE = 16, 100 * 1000 ** 2, 1000 * 1000 ** 2


def found(partial):
    """Return the parts that an earlier try left beside the file ``partial``, in order; an empty file is an error."""
    directory, name = os.path.split(partial)
    pattern = re.compile(re.escape(name) + r"-\d+\Z")
    parts = [gojson.decode(disk.read_file(os.path.join(directory, entry)))
             for entry in os.listdir(directory) if pattern.match(entry)]
    return sorted(parts, key=lambda part: part["N"])


def plan(partial, total):
    """Divide ``total`` bytes into parts and write their files."""
    length = min(max(total // COUNT, MIN_SIZE), MAX_SIZE)
    parts = [{"N": number, "Offset": offset, "Size": min(length, total - offset), "Completed": 0}
             for number, offset in enumerate(range(0, total, length))]
    for part in parts:
        write(partial, part)
    return parts


def write(partial, part):
    text = json.dumps(part, separators=(",", ":")) + "\n"
    disk.write_file(path(partial, part["N"]), text.encode("ascii"))


def path(partial, number):
    return "%s-%d" % (partial, number)


def human(size):
    for limit, unit in ((1000 ** 3, "GB"), (1000 ** 2, "MB"), (1000, "KB")):
        if size >= limit:
            return f"{round(size / limit, 1):g} {unit}"
    return "%d B" % size
