# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes to the store's files, with Go's error texts and with faults: a full, read-only or forbidden disk."""

from __future__ import annotations

import errno
import os
import threading

from . import faults
from .errors import path_error

BLOCK = 4096
_space = threading.RLock()  # looking for room and taking it is one step, or writers side by side would share the same room


def make_directories(path):
    """Create a directory and its missing parents; the error names the one that could not be made."""
    if os.path.isdir(path):
        return
    make_directories(os.path.dirname(path))
    _change("mkdir", path, lambda: _directory(path))


def _directory(path):
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:  # as in Go, it is well if another one made it in the meantime
        if not os.path.isdir(path):
            raise


def create(path, mode="wb"):
    """Open a file for writing, created with mode 0644 where it is missing."""
    return _change("open", path, lambda: open(path, mode))  # pylint: disable=consider-using-with


def open_for_update(path):
    """Open a file for writing at any place without emptying it."""
    def opened():
        return os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o644), "r+b", buffering=0)
    return _change("open", path, opened)


def write_file(path, data):
    """Replace a file's content in place, as the server does: a crash in between leaves it empty."""
    with _space, create(path) as stream:
        write(stream, path, data)


def write(stream, path, data):
    """Append ``data`` to the file ``path`` opened with create."""
    try:
        with _space:
            fitting = _fitting(path, stream.tell(), len(data))
            stream.write(data[:fitting])
            stream.flush()
        if fitting < len(data):
            raise OSError(errno.ENOSPC, "")
    except OSError as error:
        raise path_error("write", path, error.errno) from None


def write_at(stream, path, offset, data):
    """Write ``data`` at ``offset`` of a file opened with open_for_update."""
    try:
        with _space:
            fitting = _fitting(path, offset, len(data))
            os.pwrite(stream.fileno(), data[:fitting], offset)
        if fitting < len(data):
            raise OSError(errno.ENOSPC, "")
    except OSError as error:
        raise path_error("write", path, error.errno) from None


def remove(path):
    _change("remove", path, lambda: os.rmdir(path) if os.path.isdir(path) else os.unlink(path))


def rename(old, new):
    _change("rename", f"{old} {new}", lambda: os.rename(old, new))


def touch(path):
    """Set a file's time to now."""
    if faults.read().get("disk", {}).get("denied"):
        raise path_error("chtimes", path, errno.EPERM)
    _change("chtimes", path, lambda: os.utime(path))


def read_file(path, length=-1):
    try:
        with open(path, "rb") as stream:
            return stream.read(length)
    except OSError as error:
        raise path_error("open", path, error.errno) from None


def _change(operation, path, act):
    fault = faults.read().get("disk", {})
    try:
        if fault.get("readonly"):
            raise OSError(errno.EROFS, "")
        if fault.get("denied"):
            raise OSError(errno.EACCES, "")
        return act()
    except OSError as error:
        raise path_error(operation, path, error.errno) from None


def _fitting(path, offset, length):
    """Return how much of ``length`` bytes at ``offset`` the pretended file system, counted in real blocks, can still take."""
    size = faults.read().get("disk", {}).get("size")
    if size is None:
        return length
    used = sum(entry.stat().st_blocks * 512 for entry in os.scandir(os.path.dirname(path)))
    end = (offset + size - used) // BLOCK * BLOCK  # a block begun is a block taken
    return max(0, min(length, end - offset))
