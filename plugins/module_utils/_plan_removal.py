# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a removal takes away, by the record of what role ollama made. No I/O."""

from __future__ import annotations

RUNNING = ("unit", "container", "launchd")
PROGRAMS = ("file", "link", "tree")
RELEASES = ("releases", "downloads", "current", "previous", "proven", ".lock")
STORE = ("blobs", "manifests")


def removal(record, models_dir, home, models_too=False):
    """What to take away, as plain data.

    running   things on record, to be stopped
    paths     what to delete, whole
    accounts  users (name, group) to delete
    plan      the same paths for host_drift
    """
    made = record.get("made") or []
    paths = [thing["path"] for thing in made if thing["kind"] in PROGRAMS]
    # Of the root only what is ours: it may have been there before, with things of others.
    paths += [f"{thing['path']}/{name}" for thing in made if thing["kind"] == "release" for name in RELEASES]
    if models_too:
        paths += [f"{models_dir}/{name}" for name in STORE]
        # Keys and caches of the account; a home that was there before is not ours.
        paths += [thing["path"] for thing in made if thing["kind"] == "directory" and thing["path"] in (home, models_dir)]
    return {
        "running": [thing for thing in made if thing["kind"] in RUNNING],
        "paths": paths,
        "accounts": [thing for thing in made if thing["kind"] == "user"] if models_too else [],
        "plan": [{"kind": "absent", "path": path} for path in paths],
    }
