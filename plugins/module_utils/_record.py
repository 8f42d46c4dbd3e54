# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The record of what we made on a host and of what served there last, and how each event changes it. No I/O.

    made      what may be on the host because of us, each as the one that removes it needs it
    begun     whether what serves was touched, and neither proven nor restored since: then nothing counts as defined
    proven    a snapshot of what passed its gate last: definition, method, version, release, served, made, and files
    previous  the snapshot before, which had another version, release or method
    failed    version -> when it did not pass, and why

``release`` of a snapshot is what it runs from, the id of a release or an image, and None where that is not known.
``files`` of a snapshot maps a path to {content, mode, owner, group}, the content as text with surrogateescape.
"""

from __future__ import annotations

import json

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

EMPTY = {"made": [], "begun": False, "proven": None, "previous": None, "failed": {}}
IDENTITY = ("definition", "method", "version", "release", "served")
SNAPSHOT = {*IDENTITY, "made", "files"}
LONGEST_REASON = 500
# The variable by which every process carries the digest of the definition that it was started from.
MARKER = "BARELLAMA_DEFINITION"
# The definition of what others made and adopt.yml has put on record.
ADOPTED = "adopted"
RUNNING = ("unit", "container", "launchd")
# What outlives a way back and a change of method, a release above all: it is the way back. Of these only images that no way
# back leads to, and directories that are empty, go before remove.yml comes.
LASTING = ("user", "directory", "release", "volume", "image")


def check_made(made):
    """Raise FleetError for the first thing that could not be found again."""
    for index, item in enumerate(made):
        named = item.get("path") or (item.get("name") and item.get("kind") != "file")
        if not item.get("kind") or not named:
            raise FleetError(f"made[{index}]: give it a kind, and a name or a path (a thing of kind file needs a path)")


def parse(text, path):
    """The record in the bytes of a file; FleetError where they are none."""
    try:
        record = json.loads(text)
        sound = isinstance(record["made"], list) and isinstance(record["failed"], dict)
        sound = sound and isinstance(record["begun"], bool)
        snapshots = [record[name] for name in ("proven", "previous") if record[name] is not None]
    except (ValueError, KeyError, TypeError):
        sound, snapshots = False, []
    if not sound or not all(isinstance(snapshot, dict) and SNAPSHOT <= set(snapshot) for snapshot in snapshots):
        raise FleetError(f"{path} is no record of what was made here: move it away and run again", path=path)
    return record


def dump(record):
    return (json.dumps(record, indent=1) + "\n").encode()


def prepared(record, made):
    """``made`` may from now on be there, beside what was before, which goes on serving untouched."""
    return {**record, "made": record["made"] + [item for item in made if item not in record["made"]]}


def begun(record, made):
    """The same, and what serves is touched."""
    return {**prepared(record, made), "begun": True}


def proven(record, snapshot):
    """The snapshot serves: all that is made is in it, and its version may be installed again anywhere."""
    former, previous = record["proven"], record["previous"]
    other = former and any(former[field] != snapshot[field] for field in ("version", "release", "method"))
    # The program of what was adopted goes once its successor is proven, so nothing leads back there.
    if other and former["definition"] != ADOPTED:
        previous = former
    failed = {version: told for version, told in record["failed"].items() if version != snapshot["version"]}
    return {"made": snapshot["made"], "begun": False, "proven": snapshot, "previous": previous, "failed": failed}


def restored(record, snapshot):
    """The snapshot's files are there again. Accounts, directories and releases may be there besides."""
    lasting = [item for item in record["made"] if item["kind"] in LASTING and item not in snapshot["made"]]
    return {**record, "begun": False, "made": snapshot["made"] + lasting}


def failed(record, version, reason, when):
    """``version`` did not pass its gate. The same failure again keeps the time of the first."""
    reason = " ".join(reason.split())[:LONGEST_REASON]
    known = record["failed"].get(version, {})
    told = known if known.get("reason") == reason else {"reason": reason, "when": when}
    return {**record, "failed": {**record["failed"], version: told}}


def snapshot_of(record, name, path):
    """The snapshot to go back to; FleetError where there is none."""
    if record[name]:
        return record[name]
    raise FleetError(f"{path} holds no {name} state to go back to: mend what failed and run again", path=path)


def wanted_again(record, snapshot):
    """The snapshot's files, and the absence of those that may have been made since, as desired things."""
    again = [{"kind": "file", "path": path, **kept} for path, kept in snapshot["files"].items()]
    made = [item["path"] for item in record["made"] if item["kind"] == "file" and item not in snapshot["made"]]
    return again + [{"kind": "absent", "path": path} for path in made if path not in snapshot["files"]]


def identity(snapshot):
    return {field: snapshot[field] for field in IDENTITY}


def told(snapshot):
    """A snapshot without what is in its files."""
    return {**identity(snapshot), "made": snapshot["made"], "files": list(snapshot["files"])}


def found(record):
    """What drift and results tell of a record, or of None where the host has none. Never what is in files."""
    known = record or EMPTY
    previous = known["previous"]
    return {
        "state": "present" if record else "absent",
        **(identity(known["proven"]) if known["proven"] else dict.fromkeys(IDENTITY)),
        **({"definition": None} if known["begun"] and not _is_adopted(known["proven"]) else {}),
        "made": known["made"],
        "previous": previous and {field: previous[field] for field in ("method", "version", "release")},
        "failed": known["failed"],
    }


def _is_adopted(snapshot):
    return bool(snapshot) and snapshot["definition"] == ADOPTED
