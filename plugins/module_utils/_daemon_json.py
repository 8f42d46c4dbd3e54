# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Docker's daemon.json: what an operator has written there with what is wanted on top. No I/O."""

from __future__ import annotations

import hashlib
import json

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import numbers
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

PATH = "/etc/docker/daemon.json"
# Docker reads device specifications (CDI) from here on when it is told to, and later without.
CAN_READ_CDI, READS_CDI = [25], [28, 2]
LEGACY = {"runtimes": {"nvidia": {"path": "nvidia-container-runtime", "args": []}}}
CDI = {"features": {"cdi": True}}


def parse(content):
    """The object in a file's bytes, empty where there is no file or nothing in it; FleetError for what is no JSON object."""
    try:
        text = (content or b"").decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number) if text.strip() else {}
    except UnicodeDecodeError as error:
        raise _refusal(f"byte {error.start} is no UTF-8") from error
    except json.JSONDecodeError as error:
        raise _refusal(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise _refusal(error) from error
    if not isinstance(value, dict):
        raise _refusal("it holds no object, which begins with {")
    return value


def merge(found, wanted):
    """``found`` with what is wanted: objects key by key, anything else as a whole; null takes a key away."""
    merged = dict(found)
    for key, value in wanted.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            there = merged.get(key)
            merged[key] = merge(there if isinstance(there, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def changes(found, merged, path=""):
    """One line for each key that is to be another, with its old and its new value."""
    for key in dict.fromkeys([*found, *merged]):
        old, new, name = found.get(key), merged.get(key), f"{path}{key}"
        if isinstance(new, dict) and (isinstance(old, dict) or new and key not in found):
            yield from changes(old or {}, new, f"{name}.")
        elif (key in found) != (key in merged) or not _same(old, new):
            yield f"{name} is {shown(old, name)}, not {shown(new, name)}"


def text(value):
    return json.dumps(value, indent=4, ensure_ascii=False) + "\n"


def digest(wanted):
    """What tells one set of wanted keys from another."""
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]


def for_gpus(vendor, version):
    """What Docker of that version has to be told so that containers get a vendor's GPUs; nothing of a version not known."""
    if vendor == "none" or not version or numbers(version) >= READS_CDI:
        return {}
    if numbers(version) >= CAN_READ_CDI:
        return CDI
    return LEGACY if vendor == "nvidia" else {}


def _same(one, other):
    """Equal, and of one type, as 1 is not true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _object(pairs):
    keys = [key for key, _value in pairs]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise ValueError(f"{shown(twice[0])} is in it twice")
    return dict(pairs)


def _no_number(word):
    raise ValueError(f"{word} is no JSON")


def _refusal(problem):
    return FleetError(f"{PATH} is not what Docker can read: {problem}; mend it, and run again; nothing was changed")
