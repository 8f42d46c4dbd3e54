# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What role ollama has to do about a host: what to refuse, restart, retire, and what to go back to. No I/O.

It follows from what is desired, from what host_drift found, and from the record of what this role made and proved on
that host before. A *thing* of that record is a dict that names it: ``kind`` with ``path`` or ``name`` and, of what
runs, ``method``, with ``engine`` and ``user`` of what is of containers. A directory is ``kept`` that holds keys or models.
"""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._plan_refusals import refusals
from ansible_collections.barellama.fleet.plugins.module_utils._plan_told import processes, told
from ansible_collections.barellama.fleet.plugins.module_utils._record import LASTING, RUNNING

# These were there before, or are shared with others, unless this role made them.
MADE_IF_ABSENT = ("user", "directory", "volume", "image")
# What a record has of a thing, where that is not what names an account or a thing of systemd or of an engine.
FIELDS = {"file": ("path",), "directory": ("path", "kept"), "link": ("path", "target")}
RECORDED = ("file", "link", "keg", *LASTING, *RUNNING)


def plan(desired, probe, instances, method, version, retry_failed=False):
    """What to do, as plain data.

    ``desired`` is what host_drift was given, ``probe`` its result, ``instances`` the completed ones.

    refusals    lines; when there are any, nothing may be touched
    made        the things that are this role's when the run is through
    begun       ``made`` and what it made before: what to put on record first
    retire      running things that are no longer wanted, to be stopped first
    sweep       paths of files and links that are no longer wanted, to be removed once the rest is proven
    surplus     images that were pulled and neither serve nor are the way back then, to be removed with them
    hollow      directories that are no longer wanted, to be removed with them where they are empty, the innermost first
    roll        names of the instances to start or restart, one after the other
    running     the running things that are this role's when the run is through
    former      what served before: method, version, served (endpoints); None where nothing is proven
    said        lines for the operator: what stops, starts and restarts, and why
    """
    recorded = probe.get("record") or {}
    before = recorded.get("made") or []
    made = _made(desired, probe, before, method)
    obsolete = [thing for thing in before if identity(thing) not in {identity(each) for each in made}]
    surplus = _surplus(obsolete, recorded, method, version, [item["name"] for item in desired if item["kind"] == "image"])
    planned = {
        "refusals": refusals(probe, recorded, version, retry_failed),
        "made": made + [thing for thing in obsolete if thing["kind"] in LASTING and thing not in surplus],
        "begun": made + obsolete,
        "retire": [thing for thing in obsolete if thing["kind"] in RUNNING],
        "sweep": [thing["path"] for thing in obsolete if thing["kind"] in ("file", "link", "tree")],
        "surplus": surplus,
        "hollow": sorted((thing["path"] for thing in obsolete if thing["kind"] == "directory" and not thing.get("kept")), reverse=True),
        "roll": _rolled(instances, probe),
        "running": [thing for thing in made if thing["kind"] in RUNNING],
        "former": _former(recorded),
    }
    # The names alone: settings may hold secrets, and -v shows a plan.
    return {**planned, "roll": [instance["name"] for instance in planned["roll"]], "said": told(planned, probe, method, version)}


def identity(thing):
    """What makes two things of a record the same. A unit of one method is not the unit of another."""
    return (thing["kind"], thing.get("path") or thing.get("name"), *map(thing.get, ("method", "engine", "user")))


def _former(recorded):
    if not recorded.get("version"):
        return None
    return {name: recorded[name] for name in ("method", "version", "served")}


def _made(desired, probe, before, method):
    """The desired things in the words of a record, without those that were there before this role came."""
    known = {identity(thing): thing for thing in before}
    absent = {
        (kind, item.get("path") or item.get("name"))
        for kind in MADE_IF_ABSENT
        for item in probe["apply"].get(kind, [])
        if item["found"]["state"] == "absent"
    }
    things = [_thing(item, method) for item in desired if item["kind"] in RECORDED]
    things = [known.get(identity(each)) or _account(each, probe) if each["kind"] == "user" else each for each in things]
    return [
        thing
        for thing in things
        if thing["kind"] not in MADE_IF_ABSENT
        or identity(thing) in known
        or (thing["kind"], thing.get("path") or thing.get("name")) in absent
    ]


def _thing(item, method):
    if item["kind"] in ("release", "keg"):
        return {"kind": "release", "path": item["root"]}
    names = FIELDS.get(item["kind"], ("name", "group", "engine", "user"))
    thing = {"kind": item["kind"], **{name: item[name] for name in names if name in item}}
    return {**thing, "method": method} if item["kind"] in RUNNING else thing


def _surplus(obsolete, recorded, method, version, images):
    """The images that nothing leads to once what is wanted is proven (see ``_record.proven``)."""
    served = [recorded.get(field) for field in ("method", "version")]
    other = served != [method, version] or (images and recorded.get("release") not in images)
    back = recorded if other else recorded.get("previous") or {}
    way_back = back.get("method"), back.get("release")
    return [thing for thing in obsolete if thing["kind"] == "image" and (thing["engine"], thing["name"]) != way_back]


def _account(thing, probe):
    """A user, with its group only where that is made too: others may be in one that was there before."""
    others = [item for item in probe["apply"]["user"] if item["name"] == thing["name"] and item["found"].get("gid") is not None]
    return {name: value for name, value in thing.items() if not (others and name == "group")}


def _rolled(instances, probe):
    """Instances whose process does not run, or runs from an older definition, release or image."""
    differences = probe["differences"]
    # Also where the release is whole and merely not proven: a run that was killed may have mended or switched it under what runs.
    if any(each["kind"] == "release" for each in differences):
        return list(instances)
    differing = {
        (each["kind"], each["name"])
        for each in differences
        if each["kind"] in RUNNING and each["fields"] != ["enabled"]
    }
    # To restart a unit restarts the relay too, which one without a network has.
    return [
        instance
        for instance in instances
        if not differing.isdisjoint([*processes(instance), ("unit", f"relay-{instance['unit']}")])
    ]
