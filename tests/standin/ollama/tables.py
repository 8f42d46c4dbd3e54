# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the command shows things: tables, sizes, ages."""

from __future__ import annotations

import datetime

AGES = ((31536000, "year"), (2592000, "month"), (604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"),
        (1, "second"))


def processor(model):
    """Return how a model is spread: 100% GPU, 100% CPU or 40%/60% CPU/GPU."""
    size, vram = model["size"], model["size_vram"]
    if vram == 0:
        return "100% CPU"
    if vram == size:
        return "100% GPU"
    if vram > size or size == 0:
        return "Unknown"
    share = round((size - vram) / size * 100)
    return "%d%%/%d%% CPU/GPU" % (share, 100 - share)


def print_table(head, rows):
    """Print rows of texts, each column as wide as its widest cell and four spaces."""
    widths = [max(len(row[column]) for row in [head] + rows) + 4 for column in range(len(head))]
    for row in [head] + rows:
        print("".join(cell.ljust(width) for cell, width in zip(row, widths)))


def human_bytes(size):
    """Return a size as the command shows it: 2.0 GB, 273 KB."""
    for limit, unit in ((10 ** 12, "TB"), (10 ** 9, "GB"), (10 ** 6, "MB"), (10 ** 3, "KB")):
        if size >= limit:
            value = size / limit
            return "%d %s" % (value, unit) if value >= 10 else f"{value:.1f} {unit}"
    return "%d B" % size


def ago(stamp):
    """Return a moment relative to now: 3 weeks ago, 4 minutes from now, Forever."""
    moment = datetime.datetime.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    seconds = (datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds()
    if -seconds > 100 * 31536000:
        return "Forever"
    for length, word in AGES:
        count = round(abs(seconds)) // length
        if count:
            plural = "" if count == 1 else "s"
            return "%d %s%s %s" % (count, word, plural, "ago" if seconds > 0 else "from now")
    return "Less than a second ago"
