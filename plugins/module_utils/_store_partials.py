# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Downloads that were cut off: which a pull takes up again, and which make every pull fail.

The server keeps the data in a file of full length, and beside it a file for each part that says how far it has come. It
believes them: with one that is empty, lost or ahead of the data it never gets to the end again.
"""

from __future__ import annotations

import json
import os
from collections import namedtuple

from ansible_collections.barellama.fleet.plugins.module_utils._store_files import Unusable, read_text

# While a server loads, it rewrites part files in place: only what has been quiet for a minute is judged.
QUIET = 60
LARGEST_SIZE = 1 << 63
ACTIVE, RESUMABLE, STUCK = "active", "resumable", "stuck"

Download = namedtuple("Download", "digest files state reason completed total modified")
Part = namedtuple("Part", "offset size completed")


def downloads(store, partial, now):
    """A Download for each group of partial files, by digest."""
    return [_download(os.path.join(store, "blobs"), digest, files, now) for digest, files in sorted(partial.items())]


def _download(directory, digest, files, now):
    data = files.get(None)
    numbers = sorted(number for number in files if number is not None)
    modified = max(file.modified for file in files.values())
    try:
        parts = [_part(directory, files[number], number) for number in numbers]
        reason = fault(data, numbers, parts)
    except Unusable as error:
        parts, reason = [], str(error)
    state = STUCK if reason else RESUMABLE
    if now - modified < QUIET:
        state, reason = ACTIVE, None
    completed = sum(part.completed for part in parts)
    # Parts first: data alone does no harm, should the removal be cut off.
    ordered = [files[number] for number in numbers] + ([data] if data else [])
    return Download(digest, ordered, state, reason, completed, data.size if data else sum(part.size for part in parts), modified)


def _part(directory, file, number):
    try:
        content = json.loads(read_text(os.path.join(directory, file.name)) or b"null")
        if content is None:
            raise Unusable(f"part file {number} is empty")
        part = Part(content.get("Offset", 0), content.get("Size", 0), content.get("Completed", 0))
        if not all(isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_SIZE for value in part):
            raise ValueError
    except (ValueError, AttributeError, RecursionError) as error:
        raise Unusable(f"part file {number} cannot be read") from error
    except Unusable as error:
        raise error if str(error).startswith("part") else Unusable(f"part file {number} cannot be read ({error})") from error
    return part


def fault(data, numbers, parts):
    """Why a pull cannot take up these parts; None where it can."""
    if data is not None and data.fault:
        return f"the data is {data.fault}"
    end = 0
    for expected, number, part in zip(range(len(numbers)), numbers, parts):
        if number != expected or part.offset != end:
            return f"part file {expected} is missing"
        if not 0 <= part.completed <= part.size:
            return f"part file {number} says {part.completed} of {part.size} bytes"
        end += part.size
    if parts and data is None:
        return "the data is missing"
    if parts and data.size != end:
        return f"its parts make {end} bytes, the data has {data.size}"
    return None
