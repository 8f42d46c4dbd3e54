# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What a host has to compute on and to run containers with, looked at when first asked. Reads only."""

from __future__ import annotations

import glob
import os
import stat
from functools import cached_property

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._host_engines import Engines
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read
from ansible_collections.barellama.fleet.plugins.module_utils._record import EMPTY, parse
from ansible_collections.barellama.fleet.plugins.module_utils._release import CURRENT, linked_release

RECORD = "/var/lib/barellama/ollama.json"
VENDORS = {"0x10de": "nvidia", "0x1002": "amd"}
GPU_CLASSES = ("0x0300", "0x0302", "0x0380", "0x1200")
# Not on a PCI bus: Jetson, Windows' own Linux.
ELSEWHERE = ("/etc/nv_tegra_release", "/dev/dxg")
NODES = {"nvidia": ("/dev/nvidia[0-9]*", "/dev/nvidiactl", "/dev/nvidia-uvm"), "amd": ("/dev/kfd", "/dev/dri/renderD*")}


class Host:
    """The host itself. ``wanted`` are the vendors of GPUs that the operator says it has, ``method`` how servers run."""

    name = ""  # findings about it name no instance

    def __init__(self, tools, method="systemd", wanted=()):
        self.tools = tools
        self.method = method
        self.wanted = set(wanted)

    @cached_property
    def gpus(self):
        """The GPUs on the PCI bus, each as vendor, slot and driver (the kernel's, or None)."""
        found = []
        for folder in sorted(glob.glob(f"{self.tools.root}/sys/bus/pci/devices/*")):
            vendor = VENDORS.get(_text(f"{folder}/vendor"))
            if vendor and _text(f"{folder}/class").startswith(GPU_CLASSES):
                driver = f"{folder}/driver"
                name = os.path.basename(os.readlink(driver)) if os.path.islink(driver) else None
                found.append({"vendor": vendor, "slot": os.path.basename(folder), "driver": name})
        return found

    @property
    def vendors(self):
        """The vendors whose GPUs servers shall use: what the operator says, else what is there and not given away."""
        return self.wanted or {gpu["vendor"] for gpu in self.gpus if gpu["driver"] != "vfio-pci"}

    @cached_property
    def has_others(self):
        """Whether there may be GPUs that no PCI bus shows."""
        return any(os.path.exists(self.tools.root + path) for path in ELSEWHERE)

    @cached_property
    def nodes(self):
        """Vendor -> path -> (mode, uid, gid, when it was made) of the device nodes that its GPUs are used through."""
        return {vendor: dict(self._nodes(vendor, patterns)) for vendor, patterns in NODES.items()}

    @cached_property
    def nvidia_version(self):
        """The version of the NVIDIA driver that is loaded; None where none is."""
        return _text(f"{self.tools.root}/sys/module/nvidia/version") or None

    @cached_property
    def nvidia_smi(self):
        """(status, words) of nvidia-smi; None where it is not there. It is not asked without a driver, which it loads."""
        status, output, errors = (self.nvidia_version and self.tools.run("nvidia-smi", "-L")) or (None, "", "")
        return None if status is None else (status, output + errors)

    @cached_property
    def engine(self):
        """What is there of the engine that ``method`` names: state, version, compose (see ``_host_engines.py``)."""
        wanted = {"kind": "engine", "name": self.method, **({"compose": True} if self.method == "docker" else {})}
        return Engines(self.tools, []).engine(wanted)

    @property
    def record(self):
        """What the role has on record here (see ``_record.py``); nothing where it has none."""
        return self._record[0]

    @property
    def record_trouble(self):
        """Why the record cannot be read; None where it can, or is not there."""
        return self._record[1]

    @cached_property
    def _record(self):
        try:
            text = read(self.tools.root + RECORD)
            return (EMPTY if text is None else parse(text, RECORD)), None
        except FleetError as error:
            return EMPTY, str(error)

    @cached_property
    def missing_files(self):
        """The files that the role has written for what serves, and that are no longer there."""
        return [path for path in (self.record["proven"] or {}).get("files", ()) if not os.path.lexists(self.tools.root + path)]

    @property
    def release_root(self):
        """Where the role keeps the releases that serve; None where something else serves."""
        if (self.record["proven"] or {}).get("method") != "systemd":
            return None
        return next((thing["path"] for thing in self.record["made"] if thing["kind"] == "release"), None)

    @cached_property
    def release(self):
        """The release that is to serve, as ``_release.found_release`` tells it; None where there is none."""
        return linked_release(self.tools.root + self.release_root, CURRENT)

    def kernel_log(self, since):
        """What the kernel said since a moment (seconds since 1970), as far as the journal has it."""
        said = self.tools.out("journalctl", "-q", "-k", "--no-pager", "-o", "cat", f"--since=@{since:.0f}")
        return (said or "").splitlines()

    def _nodes(self, vendor, patterns):
        root = self.tools.root
        for path in sorted(path for pattern in patterns for path in glob.glob(root + pattern)):
            found = os.stat(path)
            if stat.S_ISDIR(found.st_mode) or "renderD" in path and not self._is_of(path, vendor):
                continue
            yield path[len(root):], (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_ctime)

    def _is_of(self, path, vendor):
        found = _text(f"{self.tools.root}/sys/class/drm/{os.path.basename(path)}/device/vendor")
        return VENDORS.get(found) == vendor


def _text(path):
    return (read(path) or b"").decode("ascii", "replace").strip()
