# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What may be desired of a host: the kinds, their fields, and a strict check of a list of them."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Callable, NamedTuple

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._listen import HIGHEST_PORT, address
from ansible_collections.barellama.fleet.plugins.module_utils._openpgp import FINGERPRINT, plain
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown

# The next two mean nobody or no change to some program or other.
HIGHEST_ID = 2**32 - 3


class Field(NamedTuple):
    """One field of a kind: what it accepts, told to a machine and to a person."""

    accepts: Callable[[Any], bool]
    expected: str
    required: bool = True


def _text(pattern):
    matches = re.compile(pattern).fullmatch
    return lambda value: isinstance(value, str) and bool(matches(value))


def _is_flag(value):
    return isinstance(value, bool)


def _is_port(value):
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= HIGHEST_PORT


def _is_id(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= HIGHEST_ID


def _is_address(value):
    try:
        return isinstance(value, str) and "%" not in value and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _is_names(value):
    return isinstance(value, list) and all(isinstance(name, str) and name for name in value)


def _is_paths(value):
    return _is_names(value) and all(path.startswith("/") for path in value)


def _is_fingerprints(value):
    return _is_names(value) and bool(value) and all(FINGERPRINT.fullmatch(plain(each)) for each in value)


def _is_checksums(value):
    return (
        isinstance(value, dict)
        and all(key.split("-")[0] in ("amd64", "arm64") for key in value)
        and all(isinstance(digest, str) for digest in value.values())
    )


ANY_TEXT = Field(lambda value: isinstance(value, str), "a text")
NAME = Field(_text(r"(?!\d+$)[^\0/:\s]+"), "a name")
USER = NAME._replace(required=False)
PATH = Field(_text(r"/[^\0]*"), "an absolute path")
MODE = Field(_text(r"[0-7]{4}"), 'a quoted text of four octal digits such as "0644"')
FLAG = Field(_is_flag, "true or false")
ID = Field(_is_id, f"a whole number from 0 to {HIGHEST_ID}", required=False)
MARKER = Field(_text(r"[A-Za-z_][A-Za-z0-9_]*=[^\0]*"), "an environment entry NAME=value", required=False)
FILES = Field(_is_paths, "a list of absolute paths", required=False)
VERSION = Field(_text(r"\d+\.\d+\.\d+\S*"), 'a quoted version such as "0.34.4"')
IMAGE = Field(_text(r"[^\0\s]+"), "an image with its tag or digest")
ENGINE = Field(_text("docker|podman"), "docker or podman")
LEAST = Field(_text(r"\d+(\.\d+)*"), 'a quoted version such as "2.18"', required=False)

VOLUME = Field(_text(r"[A-Za-z0-9][A-Za-z0-9_.-]*"), "a volume's name")
UNIT = Field(
    _text(r"[A-Za-z0-9:_.\\@-]+\.(service|socket|timer|path|mount|automount|swap|target|device|slice|scope)"),
    'a unit with its suffix such as "ollama.service"',
)

OWNED = {"mode": MODE, "owner": NAME, "group": NAME}

KINDS = {
    "user": {
        "name": NAME,
        "group": NAME,
        "home": PATH,
        "shell": PATH,
        "groups_if_present": Field(_is_names, "a list of group names", required=False),
        "system": FLAG._replace(required=False),
        "uid": ID,
        "gid": ID,
    },
    "directory": {"path": PATH, **OWNED, "kept": FLAG._replace(required=False)},
    "file": {"path": PATH, "content": ANY_TEXT, **OWNED},
    "key": {"path": PATH, "fingerprints": Field(_is_fingerprints, "a list of full fingerprints"), **OWNED},
    "absent": {"path": PATH},
    "link": {"path": PATH, "target": Field(_text(r"[^\0]+"), "a path")},
    "package": {"name": Field(_text(r"[A-Za-z0-9][A-Za-z0-9+._-]*"), "a package's bare name")},
    "unit": {
        "name": UNIT,
        "enabled": FLAG,
        "active": FLAG,
        "user": USER,
        "marker": MARKER,
        "files": FILES,
    },
    "engine": {"name": ENGINE, "minimum": LEAST, "compose": LEAST},
    "container": {
        "name": Field(_text(r"[A-Za-z0-9][A-Za-z0-9_.-]*"), "a container's name"),
        "engine": ENGINE,
        "image": IMAGE,
        "active": FLAG,
        "user": USER,
        "marker": MARKER,
        "files": FILES,
    },
    "volume": {"name": VOLUME, "engine": ENGINE, "user": USER},
    "image": {"name": IMAGE, "engine": ENGINE, "user": USER},
    "launchd": {"name": Field(_text(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+"), "a label"), "marker": MARKER, "files": FILES},
    "keg": {"root": PATH, "name": NAME, "version": VERSION},
    "release": {
        "root": PATH,
        "version": VERSION,
        "checksums": Field(_is_checksums, "a dictionary of amd64 and arm64 to sha256 sums"),
        "own_sums": FLAG._replace(required=False),
        "overlays": Field(_is_names, "a list of overlays such as rocm", required=False),
        "proven": FLAG._replace(required=False),
    },
    "port": {
        "address": Field(_is_address, 'an IP address such as "127.0.0.1"'),
        "port": Field(_is_port, f"a whole number from 1 to {HIGHEST_PORT}"),
        "unit": UNIT,
        "user": USER,
    },
    "record": {"path": PATH, "definition": ANY_TEXT._replace(required=False)},
}


def name_of(item):
    """What a desired thing is called: its path, name, root, or address with port; "?" where it has none of these."""
    if "address" in item and "port" in item:
        return address(str(item["address"]), item["port"])
    return str(item.get("path") or item.get("name") or item.get("root") or "?")


def check_desired(desired):
    """Raise FleetError for the first thing in the list that is not written as its kind wants it."""
    for index, item in enumerate(desired):
        complaint = _complaint(item)
        if complaint:
            raise FleetError(f"desired[{index}] ({item.get('kind', 'no kind')} {name_of(item)}): {complaint}")


def _complaint(item):
    """What is wrong with one desired thing, or None."""
    if "kind" not in item:
        return f"kind is missing; it is one of {', '.join(KINDS)}"
    fields = KINDS.get(item["kind"]) if isinstance(item["kind"], str) else None
    if fields is None:
        return f"unknown kind{did_you_mean(str(item['kind']), KINDS) or '; it is one of ' + ', '.join(KINDS)}"
    for key in item:
        if key != "kind" and key not in fields:
            known = f"; {item['kind']} has {', '.join(fields)}"
            return f"unknown field {key}{did_you_mean(str(key), fields) or known}"
    for key, field in fields.items():
        if key not in item:
            if field.required:
                return f"{key} is missing; it must be {field.expected}"
        elif not field.accepts(item[key]):
            return f"{key} must be {field.expected}, not {shown(item[key], key)}"
    return None
