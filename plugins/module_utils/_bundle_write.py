# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Writes a bundle beside its place, blob after blob, and renames it when all are verified. A killed run is gone on with."""

from __future__ import annotations

import os

from ansible_collections.barellama.fleet.plugins.module_utils import _bundle, _durable, _record_files
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_file import NoBundle, NotWhole, opened
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_member import Member
from ansible_collections.barellama.fleet.plugins.module_utils._durable import human_size
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

PARTIAL = ".partial"


def export(path, content, check_mode):
    """Make the bundle ``path`` hold ``content``, a Content; the module's result."""
    before, wanted = found(path), content.index
    changed = before is None or before.head != wanted.head
    if changed and not check_mode:
        write(path, content)
    return {
        "changed": changed,
        "bundle": wanted.told(path),
        "actions": [f"write {path} ({human_size(wanted.length)})"] if changed else [],
        "diff": {"before": _lines(before), "after": _lines(wanted)},
    }


def found(path):
    """The Index of the bundle at ``path``; None where none is there, or not a whole one. What else lies there is not ours."""
    try:
        with opened(path) as bundle:
            bundle.demand_whole()
            return bundle.index
    except (NoBundle, NotWhole):
        return None


def write(path, content):
    """Make the bundle ``path`` of ``content``, a Content."""
    try:
        with _record_files.alone(path), _open(path + PARTIAL, content.index.head) as stream:
            _durable.demand_space(os.path.dirname(path), content.index.length - _length(stream), "write the bundle")
            for digest, place in content.index.places.items():
                _write_blob(stream, digest, place, content)
            stream.truncate(content.index.length - len(_bundle.TRAILER))
            stream.seek(0, os.SEEK_END)
            stream.write(_bundle.TRAILER)
            _durable.flush(stream)
            _durable.move(path + PARTIAL, path)
    except OSError as error:
        raise FleetError(f"cannot write the bundle {path}: {error.strerror or error}; mend this and run again, it goes on from here") from error


def _open(partial, head):
    """The partial bundle, if it is one of the same content, or else a fresh one."""
    stream = os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644), "r+b")
    if stream.read(len(head)) != head:
        stream.seek(0)
        stream.truncate()
        stream.write(head)
    return stream


def _write_blob(stream, digest, place, content):
    offset, size = place
    end = offset + size + _bundle.padding(size)
    if _length(stream) > end:
        return  # the next one was begun, which is done only once this one is verified and on the disk
    if _length(stream) < offset:
        stream.truncate(offset - _bundle.BLOCK)
        stream.seek(offset - _bundle.BLOCK)
        stream.write(_bundle.header(_bundle.blob_name(digest), size))
    if not Member(stream, offset, size).fill(content.sources[digest], digest):
        stream.truncate(offset)
        users = ", ".join(content.index.users(digest))
        raise FleetError(f"blob {digest} of {users} is not what its digest says where it comes from: mend that (ollama_store_info"
                         " with verify: true looks at a store) and run again")
    stream.write(bytes(_bundle.padding(size)))
    _durable.flush(stream)


def _lines(index):
    entries = [] if index is None else [*((name, digests[0]) for name, digests in index.models.items()), *index.archives.items()]
    return "".join(f"{name} {digest}\n" for name, digest in entries)


def _length(stream):
    return stream.seek(0, os.SEEK_END)
