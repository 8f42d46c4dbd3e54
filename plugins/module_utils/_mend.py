# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Mends a release directory in its place, file by file, while it serves.

Each file is replaced by a rename: whoever runs it keeps what it has open, and a run that is killed leaves it no worse.
"""

from __future__ import annotations

import os
import stat

from ansible_collections.barellama.fleet.plugins.module_utils import _durable as durable
from ansible_collections.barellama.fleet.plugins.module_utils._release_record import RECORD, file_sha256, members


def mend(home, tree):
    """Make ``home`` equal to ``tree``, a complete release on the same file system, taking only what differs from it."""
    folders = [os.path.relpath(folder, tree) for folder, _directories, _files in os.walk(tree)]
    for folder in folders:
        _make_directory(os.path.normpath(os.path.join(home, folder)))
    good = list(members(tree))
    for path in set(members(home)).difference(good):
        durable.remove(os.path.join(home, path))
    for path in good:
        _replace(os.path.join(tree, path), os.path.join(home, path))
    for folder in reversed(folders):
        durable.flush_directory(os.path.join(home, folder))
    # The record comes last: what it says is true then.
    _replace(os.path.join(tree, RECORD), os.path.join(home, RECORD))


def _make_directory(path):
    if os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path)):
        durable.remove(path)
    durable.make_directories(path)
    os.chmod(path, 0o755)


def _replace(source, target):
    if _content(source) == _content(target):
        return
    if os.path.isdir(target) and not os.path.islink(target):
        durable.remove(target)
    durable.move(source, target)


def _content(path):
    """What a file or a link is, so that two can be compared; None where there is neither."""
    try:
        shape = os.lstat(path)
    except OSError:
        return None
    if stat.S_ISLNK(shape.st_mode):
        return os.readlink(path)
    return (shape.st_mode, file_sha256(path)) if stat.S_ISREG(shape.st_mode) else None
