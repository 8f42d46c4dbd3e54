# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a removal takes away, by the record of what role ollama made, and what it leaves. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._plan_told import called
from ansible_collections.barellama.fleet.plugins.module_utils._record import RUNNING

PROGRAMS = ("file", "link", "tree")
RELEASES = ("releases", "downloads", "current", "previous", "proven", ".lock")


def removal(record, models_dir, volume="", models_too=False):
    """What to take away, as plain data. ``models_dir``, or ``volume`` where it has a name, is the store.

    running   things on record, to be stopped
    discard   images and volumes to delete
    paths     what to delete, whole
    accounts  users (name, group) to delete
    kept      things that stay on record, so that a later removal knows that they are this role's
    plan      the same paths for host_drift
    goes      lines for the operator: what is taken away
    stays     lines for the operator: what is not, and how to be rid of it
    """
    made = record.get("made") or []
    directories = [thing for thing in made if thing["kind"] == "directory"]
    # Keys, caches and models, wherever they were while this role served. What was there before is on no record.
    stores = _outermost([thing["path"] for thing in directories if thing.get("kept")])
    volumes = [thing for thing in made if thing["kind"] == "volume"]
    images = [thing for thing in made if thing["kind"] == "image"]
    accounts = [thing for thing in made if thing["kind"] == "user"]
    roots = [thing["path"] for thing in made if thing["kind"] == "release"]
    programs = [thing["path"] for thing in made if thing["kind"] in PROGRAMS]
    running = [thing for thing in made if thing["kind"] in RUNNING]
    # Of the root only what is ours: it may have been there before, with things of others.
    paths = programs + [f"{root}/{name}" for root in roots for name in RELEASES]
    if models_too:
        paths += stores
    goes = [
        ("To be stopped and removed", [thing["name"] for thing in running]),
        ("To be removed", [*programs, *(f"all releases in {root}" for root in roots), *map(called, images)]),
        ("To be removed if nothing else is in them", [thing["path"] for thing in directories if not thing.get("kept")]),
        ("To be removed with all models", [*stores, *map(called, volumes)] if models_too else []),
        ("Accounts to be removed", [thing["name"] for thing in accounts] if models_too else []),
    ]
    return {
        "running": running,
        "discard": images + volumes * models_too,
        "paths": paths,
        "accounts": accounts if models_too else [],
        "kept": [] if models_too else [thing for thing in made if thing["kind"] in ("user", "volume") or thing.get("kept")],
        "plan": [{"kind": "absent", "path": path} for path in paths],
        "goes": [f"{what}: {', '.join(names)}" for what, names in goes if names],
        "stays": _stays(made, stores, volumes, accounts, models_dir, volume, models_too),
    }


def _stays(made, stores, volumes, accounts, models_dir, volume, models_too):
    if not made:
        return ["Nothing on this host is on record as made by this role, so nothing is removed."]
    lines = []
    names, ours = [thing["name"] for thing in accounts], [*stores, *map(called, volumes)]
    if ours and not models_too:
        owners = f", and the account {names[0]}" if names else ""
        lines = [f"Models stay in {', '.join(ours)}{owners}; ollama_remove_models: true removes them, now or later."]
    elif names and not models_too:
        lines = [f"The account {names[0]} stays, as models that stay may be its files; ollama_remove_models: true removes it, now or later."]
    if (volume not in [thing["name"] for thing in volumes]) if volume else not _is_in(models_dir, stores):
        where = f"the volume {volume}" if volume else models_dir
        lines.append(f"Models that are in {where} stay in any case: it was there before this role came, so remove it by hand.")
    return lines


def _outermost(paths):
    return [path for path in paths if not _is_in(path, [other for other in paths if other != path])]


def _is_in(path, places):
    """Whether a path is one of the places or below one."""
    return any(path == place or path.startswith(f"{place}/") for place in places)
