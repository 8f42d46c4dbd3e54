# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Desired things against what was observed: differences as plain data. No I/O.

An observation is a dict in the words of the desired thing (``mode``, ``owner``, ``content`` ...) plus ``state``, as
``_host.py`` makes them. ``notes`` in it maps a field to a remark, such as that the wanted owner does not exist yet.
"""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._drift_desired import KINDS, name_of
from ansible_collections.barellama.fleet.plugins.module_utils._drift_shown import entries, word
from ansible_collections.barellama.fleet.plugins.module_utils._drift_wanted import WANTED


def report(desired, observed, everything):
    """``differences``, ``apply``, ``diff``, and ``record`` where one is desired.

    Things and observations are in the same order.
    """
    result = {"differences": [], "apply": {kind: [] for kind in KINDS}, "diff": []}
    rewritten = set()
    for item, found in zip(desired, observed):
        found = _with_files(item, found, rewritten) if "files" in item else found
        wanted = WANTED[item["kind"]](item, found)
        fields = differing(wanted, found)
        if fields or everything:
            result["apply"][item["kind"]].append(_to_apply(item, found, wanted))
        if fields:
            result["differences"].append(_told(item, found, wanted, fields))
            result["diff"].extend(entries(item, found, wanted, fields))
        if item["kind"] == "record":
            result["record"] = found
        if item["kind"] == "file" and {"state", "content"} & set(fields):
            rewritten.add(item["path"])
    return result


def differing(wanted, found):
    """The names of the wanted fields that were observed otherwise: ``state`` alone where the whole thing is amiss."""
    if found["state"] != wanted.get("state", found["state"]):
        return ["state"]
    return [field for field in wanted if found[field] != wanted[field]]


def _with_files(item, found, rewritten):
    """A unit or container as observed, with a definition that is out of date also while one of its files is."""
    older = [path for path in item.get("files", ()) if path in rewritten]
    return {**found, "definition": f"made from another {older[0]}"} if older else found


def _to_apply(item, found, wanted):
    """The thing as it was given, with ``found``, both without content, which may hold secrets and would be printed.

    A user also has ``groups``, those of groups_if_present there are. A directory that keeps its owner and mode is given
    as it is.
    """
    usable = "access" in wanted and found["access"] == wanted["access"]
    kept = {field: found[field] for field in ("mode", "owner", "group")} if usable else {}
    applied = {**_without_content(item), **kept, "found": _without_content(found)}
    return {**applied, "groups": found["groups_present"]} if item["kind"] == "user" else applied


def _without_content(fields):
    return {field: value for field, value in fields.items() if field != "content"}


def _told(item, found, wanted, fields):
    return {
        "kind": item["kind"],
        "name": name_of(item),
        "fields": fields,
        "reason": "; ".join(_reason(item, field, found, wanted) for field in fields),
    }


def _reason(item, field, found, wanted):
    if field == "content":
        return "content differs"
    if field == "holder":
        pid = f" (pid {found['pid']})" if found["pid"] else ""
        return f"port {item['port']} is held by {found['holder']}{pid}, not by {wanted['holder']}"
    note = found.get("notes", {}).get(field)
    remark = f" ({note})" if note else ""
    return f"{field} is {word(found[field])}, not {word(wanted[field])}{remark}"
