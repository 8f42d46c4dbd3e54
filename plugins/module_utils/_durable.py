# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Changes to a disk that are whole or not there, whatever kills the run: each is flushed, then shown by one rename."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import contextmanager

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

LOCK_POLL = 0.2


def make_directories(path):
    """Like os.makedirs with mode 0755, whatever the umask; what exists is left as it is."""
    if not os.path.isdir(path):
        make_directories(os.path.dirname(path))
        os.mkdir(path)
        os.chmod(path, 0o755)


def write_file(path, text):
    with open(path, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), 0o644)
        stream.write(text)
        flush(stream)


def flush(stream):
    stream.flush()
    os.fsync(stream.fileno())


def flush_directory(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(source, target):
    """Rename and flush, so that what is written later is never on disk before this."""
    os.rename(source, target)
    flush_directory(os.path.dirname(target))


def point(link, target):
    """Let the symbolic link ``link`` lead to ``target``; at every moment it leads to the old or to the new."""
    if os.path.lexists(link) and not os.path.islink(link):
        raise FleetError(f"{link} is not a symbolic link, and only a link is replaced: move it away and run again")
    fresh = half_link(link)
    os.symlink(target, fresh)
    move(fresh, link)


def half_link(link):
    """Where ``point`` makes the new link before it takes the old one's place."""
    directory, name = os.path.split(link)
    return os.path.join(directory, f".{name}.new")


def remove(path):
    """Remove a file, a link or a whole directory; what a link leads to stays."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.remove(path)


def demand_space(directory, needed, purpose):
    """Refuse when ``directory``'s disk has less than ``needed`` bytes free."""
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise FleetError(
            f"not enough space in {directory} to {purpose}: {human_size(needed)} needed, {human_size(free)} free;"
            " make room or choose another root"
        )


def human_size(size):
    """Bytes as people say them, in powers of ten: 12.3 MB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{size:.1f} {unit}" if unit != "B" else f"{size} B"
        size /= 1000


@contextmanager
def locked(path, wait):
    """Hold the kernel's lock on ``path``, which ends with the process; give up after ``wait`` seconds."""
    with open(path, "a+", encoding="ascii") as stream:
        deadline = time.monotonic() + wait
        while not _lock(stream):
            if time.monotonic() > deadline:
                stream.seek(0)
                raise FleetError(
                    f"another run (pid {stream.read().strip() or 'unknown'}) holds {path}, waited {wait} s for it:"
                    " let it end, then run again"
                )
            time.sleep(LOCK_POLL)
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def _lock(stream):
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
