# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The file of sums that were found before. Who can write it can pass off any blob as good: only root may."""

from __future__ import annotations

import json
import os
import stat

from ansible_collections.barellama.fleet.plugins.module_utils import _record_files
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import Unusable, read_text

FOR_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def load(path):
    """The sums by identity; none where there is no such file, or it holds something else."""
    path = os.path.abspath(path)
    demand_safe(path)
    if not os.path.lexists(path):
        return {}
    try:
        content = json.loads(read_text(path))
        return content if all(isinstance(value, str) for value in content.values()) else {}
    except (Unusable, ValueError, AttributeError, RecursionError):
        return {}


def save(path, known):
    """Write them, where they are others than before."""
    path = os.path.abspath(path)
    demand_safe(path)
    with _record_files.alone(path):
        if load(path) != known:
            _record_files.write(path, json.dumps(known, sort_keys=True).encode(), 0o600, os.geteuid(), os.getegid())


def demand_safe(path):
    """FleetError unless only root, or whoever runs this, can change the file or any directory above it."""
    home = os.path.dirname(path)
    for place in (home, os.path.realpath(home)):
        _demand(place, _told(place), sticky_will_do=False)
        while place != os.path.dirname(place):
            place = os.path.dirname(place)
            _demand(place, _told(place), sticky_will_do=True)
    if os.path.lexists(path):
        if not os.path.isfile(path) or os.path.islink(path):
            raise FleetError(f"{path} is not a file: move it away, or choose another place for the cache")
        _demand(path, os.lstat(path), sticky_will_do=False)


def _told(place):
    try:
        return os.stat(place)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FleetError(f"cannot look at {place}, where the cache is to lie: {error.strerror}") from error


def _demand(place, shape, sticky_will_do):
    if shape is None or (sticky_will_do and shape.st_mode & stat.S_ISVTX and shape.st_uid == 0):
        return
    if shape.st_uid not in (0, os.geteuid()) or shape.st_mode & FOR_OTHERS:
        raise FleetError(
            f"the cache cannot be trusted, others may write to {place}: choose a place that only root can change,"
            " such as /var/lib/barellama/store-sums.json"
        )
