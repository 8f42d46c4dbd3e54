# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Removes from a store what no model needs, and moves aside the blobs that are not what they should be."""

from __future__ import annotations

import os
from collections import namedtuple
from contextlib import contextmanager

from ansible_collections.barellama.fleet.plugins.module_utils import _durable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import BLOB, Unusable, look, names_in, printable, same
from ansible_collections.barellama.fleet.plugins.module_utils._store_partials import ACTIVE, QUIET, STUCK

QUARANTINE = "quarantine"
ORPHANED, PARTIAL, LEFTOVER, CORRUPT, QUARANTINED = "orphaned", "partial", "leftover", "corrupt", QUARANTINE + "d"

# ``place`` is the directory below the store; ``to`` the one that the file is moved to, or None where it is removed.
Change = namedtuple("Change", "place file why to")


def plan(survey, quarantined, older_than):
    """The Changes that are due, of what ``survey`` found and of the files that were ``quarantined`` before."""
    if older_than < 0:
        raise FleetError(f"older_than is {older_than}; it must be at least 0")
    calm = max(older_than, QUIET)  # what is newer may be named by a manifest that is written right now
    loading = any(download.state == ACTIVE for download in survey.downloads)
    corrupt = [survey.whole[digest] for digest in survey.corrupt if survey.age(survey.whole[digest]) >= QUIET]
    # A pull that goes on may count on a blob that it found, long before it writes the manifest that names it.
    orphans = [] if loading else [survey.whole[digest] for digest in survey.orphans]
    return [
        *(Change("blobs", file, CORRUPT, QUARANTINE) for file in corrupt),
        *(Change("blobs", file, ORPHANED, None) for file in orphans
          if file not in corrupt and not file.fault and survey.age(file) >= calm),
        *(Change("blobs", file, PARTIAL, None) for download in survey.downloads if _is_due(download, survey.now, older_than)
          for file in download.files if not file.fault),
        *(Change("blobs", file, LEFTOVER, None) for file in survey.leftovers
          if file.name.startswith("sha256-") and not file.fault and survey.age(file) >= calm),
        *(Change(QUARANTINE, file, QUARANTINED, None) for file in quarantined
          if not file.fault and survey.now - file.moved >= older_than),
    ]


def quarantined(store):
    """The Files that were moved aside before."""
    directory = os.path.join(store, QUARANTINE)
    try:
        names = [] if os.path.islink(directory) else names_in(directory)
    except Unusable as error:
        raise FleetError(f"cannot list {directory}: {error}; move it away or run this task as root (become: true)") from error
    return [file for file in (look(directory, name) for name in names if BLOB.fullmatch(name)) if file]


def _is_due(download, now, older_than):
    """A download that is stuck has no use at any age."""
    return download.state == STUCK or (download.state != ACTIVE and now - download.modified >= older_than)


def refuse_unknown(survey):
    """FleetError while there are manifests that may name what nothing else names, or none that say anything."""
    if survey.whole and not survey.models and not survey.unreadable:
        raise FleetError(
            f"nothing was removed: {len(survey.whole)} blobs and not one manifest, as where a disk is not mounted or a copy is not"
            " complete; if no model is to be left, set despite_unreadable: true"
        )
    unknown = [entry.path for entry in survey.unreadable] + [f"the list {model.name}" for model in survey.models if model.unknown]
    if unknown:
        first = ", ".join(map(printable, unknown[:5])) + (f" and {len(unknown) - 5} more" if unknown[5:] else "")
        raise FleetError(
            f"nothing was removed: {len(unknown)} manifests cannot be read and may name blobs that no other does ({first});"
            " pull those models again or remove these files, or set despite_unreadable: true",
            unreadable=[entry._asdict() for entry in survey.unreadable],
        )


def carry_out(store, changes):
    """Make the Changes; those files are left alone that have become others since they were looked at."""
    done = []
    for change in changes:
        try:
            if _carry_out(store, change):
                done.append(change)
        except OSError as error:
            cure = "; run this task as root (become: true)" if isinstance(error, PermissionError) else ""
            verb = "move" if change.to else "remove"
            raise FleetError(f"cannot {verb} {change.place}/{printable(change.file.name)} in {store}: {error.strerror}{cure}") from error
    return done


def _carry_out(store, change):
    directory, name = os.path.join(store, change.place), change.file.name
    if not same(change.file, look(directory, name)):
        return False
    if not change.to:
        # By descriptor: between two looks the store's owner could put a link in the directory's place.
        with _opened(store, change.place) as source:
            os.unlink(name, dir_fd=source)
        return True
    _durable.make_directories(os.path.join(store, change.to))
    with _opened(store, change.place) as source, _opened(store, change.to) as target:
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
        os.fsync(target)
        os.fsync(source)
    return True


@contextmanager
def _opened(store, place):
    """A descriptor of the directory. ``blobs`` may lie elsewhere, by a link; what we have made is no link."""
    follow = 0 if place == "blobs" else os.O_NOFOLLOW
    descriptor = os.open(os.path.join(store, place), os.O_RDONLY | os.O_DIRECTORY | follow)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def told(change):
    """A Change as the module returns it."""
    return {"file": f"{change.place}/{printable(change.file.name)}", "bytes": change.file.allocated, "why": change.why}


def difference(changes):
    """The files before and after."""
    before = [told(change)["file"] for change in changes]
    after = [f"{change.to}/{change.file.name}" for change in changes if change.to]
    return {"before": "".join(f"{file}\n" for file in before), "after": "".join(f"{file}\n" for file in after)}
