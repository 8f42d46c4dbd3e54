# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The files of a store as they lie there, whatever they are: a store belongs to a server that may have been broken."""

from __future__ import annotations

import os
import re
import stat
from collections import namedtuple
from contextlib import contextmanager

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

LARGEST_TEXT = 16 << 20  # manifests have some hundred bytes, those of models in thousands of tensors a few megabytes
BLOB = re.compile(r"sha256[:-]([0-9a-f]{64})")
PARTIAL = re.compile(r"sha256-([0-9a-f]{64})-partial(?:-(0|[1-9]\d{0,8}))?")
KINDS = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}

# ``allocated`` is what it takes on the disk; ``modified`` and ``moved`` are seconds of the clock; ``identity`` changes
# whenever the content does; ``fault`` says why it cannot be read, for what is no file.
File = namedtuple("File", "name size allocated modified moved identity fault")

# By digest: blobs, then partial downloads as {None: data, N: part file}; at last the files that are neither.
Blobs = namedtuple("Blobs", "whole partial leftovers")


class Unusable(Exception):
    """Something that cannot be read, and why."""


def demand_store(store):
    if not os.path.isdir(store):
        raise FleetError(f"no store at {store}: give the directory that OLLAMA_MODELS names, with blobs and manifests in it")


def names_in(directory):
    """The names in ``directory``, sorted; none where there is no such directory."""
    try:
        return sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unusable(error.strerror) from error


def blobs(store):
    """All files below blobs."""
    directory = os.path.join(store, "blobs")
    try:
        names = names_in(directory)
    except Unusable as error:
        raise FleetError(f"cannot list {directory}: {error}; make it a directory, or run this task as root (become: true)") from error
    found = Blobs({}, {}, [])
    for file in filter(None, (look(directory, name) for name in names)):
        blob, partial = BLOB.fullmatch(file.name), PARTIAL.fullmatch(file.name)
        if partial:
            number = partial.group(2)
            found.partial.setdefault(partial.group(1), {})[number and int(number)] = file
        elif blob and blob.group(1) not in found.whole:  # of two, the name with a dash comes first, and the server reads that
            found.whole[blob.group(1)] = file
        else:
            found.leftovers.append(file)
    return found


def look(directory, name):
    """The File ``name``, links followed as the server follows them; None where it has just gone."""
    path = os.path.join(directory, name)
    try:
        own = os.lstat(path)
    except OSError:
        return None
    try:
        shape = os.stat(path)
        fault = None if stat.S_ISREG(shape.st_mode) else KINDS.get(stat.S_IFMT(shape.st_mode), "a device")
    except OSError as error:
        shape, fault = own, f"a link that leads nowhere ({error.strerror})"
    modified = max(own.st_mtime, shape.st_mtime)
    return File(name, shape.st_size, shape.st_blocks * 512, modified, own.st_ctime, identity(shape), fault)


def identity(shape):
    """What a file that is still the same has kept. Its owner can set the other times back, but not that of the change."""
    return (shape.st_dev, shape.st_ino, shape.st_size, shape.st_mtime_ns, shape.st_ctime_ns)


def same(one, other):
    """Whether two looks saw the same. What a file takes on the disk may settle later, without any change."""
    return other is not None and one._replace(allocated=0) == other._replace(allocated=0)


@contextmanager
def regular(path):
    """A descriptor of a file. Whatever else lies there is refused, without waiting for a pipe's other end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unusable(error.strerror) from error
    try:
        kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
        if kind != stat.S_IFREG:
            raise Unusable(f"{KINDS.get(kind, 'a device')}, not a file")
        yield descriptor
    except OSError as error:
        raise Unusable(error.strerror) from error
    finally:
        os.close(descriptor)


def read_text(path):
    """The bytes of a file that has to be small."""
    with regular(path) as descriptor:
        size = os.fstat(descriptor).st_size
        if size > LARGEST_TEXT:
            raise Unusable(f"{size} bytes, far too large for one")
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read(LARGEST_TEXT)


def printable(text):
    """``text`` as it may be printed: names of files may hold any byte, and JSON half a character."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
