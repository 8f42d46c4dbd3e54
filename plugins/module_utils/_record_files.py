# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The record's own file and those that it keeps: each is written as a whole or not at all, whatever kills the run."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
from contextlib import contextmanager

from ansible_collections.barellama.fleet.plugins.module_utils import _durable, _record
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read


def load(path):
    """The record at ``path``, or None."""
    content = read(path)
    return None if content is None else _record.parse(content, path)


def save(path, record):
    with _telling("write", path):
        write(path, _record.dump(record), 0o600, os.geteuid(), os.getegid())


@contextmanager
def alone(path):
    """Make the record's directory, and keep a second run on this host from changing the record meanwhile."""
    home = os.path.dirname(path)
    with _telling("write", path):
        if not os.path.isdir(home):
            _durable.make_directories(os.path.dirname(home))
            os.mkdir(home, 0o700)
        descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
        # The kernel ends the lock with the process.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def forget(path):
    """Remove the record, and its directory where that is empty then."""
    for file in (_durable.half_link(path), path):
        if os.path.lexists(file):
            remove(file)
    if is_empty(os.path.dirname(path)):
        remove_empty(os.path.dirname(path))


def is_empty(path, without=()):
    """Whether ``path`` is a directory, no link to one and no mount, with nothing in it but the paths ``without``."""
    if not os.path.isdir(path) or os.path.islink(path) or os.path.ismount(path):
        return False
    return all(entry.path in without for entry in os.scandir(path))


def remove_empty(path):
    with _telling("remove", path):
        os.rmdir(path)


def put_back(path, file):
    """Write a file of a snapshot."""
    with _telling("write", path):
        uid = _number(pwd.getpwnam, file["owner"], path)
        gid = _number(grp.getgrnam, file["group"], path)
        _durable.make_directories(os.path.dirname(path))
        write(path, file["content"].encode("utf-8", "surrogateescape"), int(file["mode"], 8), uid, gid)


def remove(path):
    """Remove a file or a link. A directory is not ours to remove."""
    with _telling("remove", path):
        os.remove(path)
        _durable.flush_directory(os.path.dirname(path))


def write(path, content, mode, uid, gid):
    fresh = _durable.half_link(path)
    if os.path.lexists(fresh):
        os.remove(fresh)
    # Nobody else may read it before it has its owner.
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        os.fchown(stream.fileno(), uid, gid)
        os.fchmod(stream.fileno(), mode)
        _durable.flush(stream)
    _durable.move(fresh, path)


def _number(ask, name, path):
    try:
        return int(name) if name.isdigit() else ask(name)[2]
    except KeyError:
        raise FleetError(f"cannot write {path}: it belongs to {name}, and this host has no such account; make it first")


@contextmanager
def _telling(verb, path):
    try:
        yield
    except OSError as error:
        cure = "; run this task as root (become: true)" if isinstance(error, PermissionError) else ""
        raise FleetError(f"cannot {verb} {path}: {error.strerror}{cure}", path=path) from error
