# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Specifications of devices for containers (CDI), as vendors' tools write them: what is in one, and whether it still fits. No I/O."""

from __future__ import annotations

import json
import re

from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import numbers

KINDS = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu"}
FOLDERS = ("/etc/cdi", "/var/run/cdi")
AMDS_PATH = "/etc/cdi/amd.json"
# The newest version of a specification that an engine can read, from which of its versions on. What reads more than 0.7.0
# is not known here: no vendor's tool writes it.
READABLE = {
    "docker": (([25], "0.6.0"), ([26, 1], "0.7.0")),
    "podman": (([4, 1], "0.3.0"), ([4, 2], "0.4.0"), ([4, 3], "0.5.0"), ([4, 9], "0.6.0"), ([5, 1], "0.7.0")),
}
# The toolkit writes 0.7.0 for the sake of these.
WITHOUT_GROUPS = "no-additional-gids-for-device-nodes"
ITS_OWN = "0.7.0"

DRIVER = re.compile(r"lib(?:cuda|nvidia-ml)\.so\.(\d{2,4}(?:\.\d{1,4}){1,2})(?![\d.])", re.ASCII)
HOOK = re.compile(r"""\bpath["']?\s*:\s*["']?(/[^\s"',}]*)""")
NUMBERED = re.compile(r"\d{1,3}(:\d{1,3})?", re.ASCII)


def parse(content):
    """kind, version (the specification's), devices, driver (the version of its libraries), hooks; None of what is none.

    In JSON or as YAML in block style, which the vendors' tools write.
    """
    told = _json(content) or _yaml(content)
    if not told["kind"] or not told["version"]:
        return None
    driver = DRIVER.search(content)
    hooks = [path for path in HOOK.findall(content) if path.endswith(("-hook", "-ctk"))]
    return {**told, "driver": driver and driver[1], "hooks": sorted(set(hooks))}


def readable(engine, version):
    """The newest version of a specification that an engine of a version can read; None of one that reads none."""
    return next((newest for first, newest in reversed(READABLE[engine]) if numbers(version) >= first), None)


def generated(spec):
    """Whether a vendor's tool wrote it: no person names a driver's libraries, and AMD's are not in there."""
    return bool(spec["driver"]) or spec["path"] == AMDS_PATH


def stale(spec, host):
    """Why a specification, with its path, does not fit the host any more, in a few words; None where it does.

    ``host``: driver (the version that is loaded), gpus (the names that the devices have by their numbers, None where nobody
    knows), missing (those of the hooks that are not there).
    """
    if spec["driver"] and host["driver"] and spec["driver"] != host["driver"]:
        return f"it is for the driver {spec['driver']}, and {host['driver']} is loaded"
    gone = [path for path in spec["hooks"] if path in host["missing"]]
    if gone:
        return f"it runs {gone[0]}, which is not there; the toolkit was changed"
    numbered = [name for name in spec["devices"] if NUMBERED.fullmatch(name)]
    if generated(spec) and host["gpus"] is not None and numbered and sorted(numbered) != sorted(host["gpus"]):
        return f"it has the devices {', '.join(numbered)}, and the host has {', '.join(host['gpus']) or 'none'}"
    return None


def devices(listed):
    """The names of NVIDIA's devices by number, from what ``nvidia-smi -L`` lists: GPU -> its MIG devices."""
    return [name for gpu, slices in sorted(listed.items())
            for name in ([f"{gpu}:{number}" for number in range(len(slices))] or [str(gpu)])]


def _json(content):
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("devices"), list):
        return {"kind": None, "version": None, "devices": []}
    names = [device.get("name") for device in told["devices"] if isinstance(device, dict)]
    return {"kind": told.get("kind"), "version": told.get("cdiVersion"), "devices": list(map(str, names))}


def _yaml(content):
    top = dict(re.findall(r"^(\w+):[ \t]*(.*?)[ \t]*$", content, re.MULTILINE))
    section = re.search(r"^devices:[ \t]*\n((?:[ \t-].*\n|\n)*)", content + "\n", re.MULTILINE)
    item = section and re.match(r"([ \t]*)- ", section[1])
    names = re.findall(rf"^{item[1]}(?:- |  )name:[ \t]*(.*?)[ \t]*$", section[1], re.MULTILINE) if item else []
    return {"kind": _plain(top.get("kind")), "version": _plain(top.get("cdiVersion")), "devices": list(map(_plain, names))}


def _plain(scalar):
    return scalar and scalar.strip("\"'")
