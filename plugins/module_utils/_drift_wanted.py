# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What is wanted of each kind of thing: field -> value, in the words of an observation (see ``_drift.py``). No I/O."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._openpgp import plain
from ansible_collections.barellama.fleet.plugins.module_utils._release import wanted_release

# States in which nothing of a container runs; one that is unknown is that of an engine that does not run.
AT_REST = ("absent", "created", "configured", "initialized", "stopped", "exited", "dead", "unknown")


def _user(item, found):
    wanted = {**_optional(item, "uid", "gid"), **_fields(item, "group", "home", "shell")}
    return {"state": "present", **wanted, "groups": found["groups_present"]}


def _directory(item, found):
    if "access" in found:  # it was there before, and keeps its owner and mode
        return {"state": "directory", "access": "full"}
    return {"state": "directory", **_fields(item, "mode", "owner", "group")}


def _file(item, found):
    content = item["content"].encode("utf-8", "surrogateescape")
    return {"state": "file", "content": content, **_fields(item, "mode", "owner", "group")}


def _key(item, found):
    # Any of the expected keys will do, and no other beside it.
    expected = sorted(plain(each) for each in item["fingerprints"])
    there = found.get("fingerprints")
    fingerprints = there if there and set(there) <= set(expected) else expected
    return {"state": "file", "fingerprints": fingerprints, **_fields(item, "mode", "owner", "group")}


def _absent(item, found):
    return {"state": "absent"}


def _link(item, found):
    return {"state": "link", "target": item["target"]}


def _package(item, found):
    return {"state": "installed"}


def _unit(item, found):
    # A unit that should neither run nor start at boot may as well not exist.
    wanted = {"state": "loaded"} if item["enabled"] or item["active"] else {}
    wanted.update(_fields(item, "enabled", "active"), definition="current")
    if item["active"] and "marker" in item:
        wanted["started_from"] = item["marker"]
    return wanted


def _container(item, found):
    if not item["active"]:
        return {} if found["state"] in AT_REST else {"state": "exited"}
    wanted = {"state": "running", "image": item["image"], "definition": "current"}
    return {**wanted, "started_from": item["marker"]} if "marker" in item else wanted


def _present(item, found):
    return {"state": "present"}


def _launchd(item, found):
    wanted = {"state": "running", "enabled": True, "definition": "current"}
    return {**wanted, "started_from": item["marker"]} if "marker" in item else wanted


def _keg(item, found):
    return {"state": "linked"}


def _engine(item, found):
    wanted = {"state": "running"}
    for field, least in (("version", item.get("minimum")), ("compose", item.get("compose"))):
        if least:
            wanted[field] = found[field] if _parts(found.get(field)) >= _parts(least) else f"{least} or newer"
    return wanted


def _release(item, found):
    options = (item.get("own_sums", False), item.get("overlays", ()))
    wanted = wanted_release(item["version"], item["checksums"], found["machine"], *options).wanted(found)
    if "overlays" not in item:
        del wanted["overlays"]
    return {"state": "installed", **wanted, **_optional(item, "proven")}


def _port(item, found):
    return {"holder": item["unit"]} if found["state"] == "held" else {}


def _record(item, found):
    # Without a definition the record is only read.
    return {"state": "present", "definition": item["definition"]} if item.get("definition") else {}


def _fields(item, *names):
    return {name: item[name] for name in names}


def _optional(item, *names):
    return {name: item[name] for name in names if name in item}


def _parts(version):
    """What a version begins with, to compare; nothing is older than any."""
    return [int(number) for number in re.findall(r"\d+", re.match(r"[\d.]*", version or "").group())]


# What is wanted of each kind: field -> value, in the words of an observation and in the order in which it is shown.
WANTED = {
    "user": _user,
    "directory": _directory,
    "file": _file,
    "key": _key,
    "absent": _absent,
    "link": _link,
    "package": _package,
    "unit": _unit,
    "engine": _engine,
    "container": _container,
    "volume": _present,
    "image": _present,
    "launchd": _launchd,
    "keg": _keg,
    "release": _release,
    "port": _port,
    "record": _record,
}
