# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What the kernel's files tell of a host's GPUs. Reads only, without a driver, a tool or root."""

from __future__ import annotations

import glob
import os
import re
import stat
from functools import cached_property

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_amd import parse_node
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_cards import CLASSES, SWITCH, VENDORS, is_virtual
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import FILES, module_file, newest
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read
from ansible_collections.barellama.fleet.plugins.module_utils._mok import digest

GIVEN_AWAY = "vfio-pci"
# Their GPU is on no PCI bus.
ELSEWHERE = {"/etc/nv_tegra_release": "jetson", "/dev/dxg": "wsl"}
NODES = {"nvidia": ("/dev/nvidia[0-9]*", "/dev/nvidiactl", "/dev/nvidia-uvm"), "amd": ("/dev/kfd", "/dev/dri/renderD*")}
SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
PCI_IDS = ("/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids")
LIBRARIES = ("/usr/lib/*-linux-gnu", "/usr/lib/*-linux-gnu/nvidia/*", "/usr/lib64")


class Kernel:
    """``root`` is put before every path. ``notes`` are the files that are there and could not be read, and why."""

    def __init__(self, root=""):
        self.root = root
        self.notes = []

    @cached_property
    def _devices(self):
        """(folder, vendor, class) of what those vendors have on the PCI bus, which may hold hundreds of others."""
        folders = sorted(glob.glob(f"{self.root}/sys/bus/pci/devices/*"))
        vendors = ((folder, self._line(f"{folder}/vendor")) for folder in folders)
        return [(folder, vendor, self._line(f"{folder}/class")) for folder, vendor in vendors if vendor in VENDORS]

    @cached_property
    def cards(self):
        """The GPUs on the PCI bus, each as vendor, vendor_id (10de), device (0x2684), slot, driver (the kernel's, or None) and virtual."""
        return [
            {"vendor": VENDORS[vendor], "vendor_id": vendor[2:], "device": self._line(f"{folder}/device"),
             "slot": os.path.basename(folder), "driver": _bound(folder),
             "virtual": VENDORS[vendor] == "nvidia" and is_virtual(self._bytes(f"{folder}/config"))}
            for folder, vendor, kind in self._devices if kind.startswith(CLASSES)
        ]

    @property
    def nvswitches(self):
        return sum(vendor == SWITCH[0] and kind.startswith(SWITCH[1]) for _folder, vendor, kind in self._devices)

    @cached_property
    def elsewhere(self):
        """What has a GPU that no PCI bus shows, jetson or wsl (Windows' own Linux); None for another host."""
        return next((name for path, name in ELSEWHERE.items() if self.has(path)), None)

    @property
    def has_others(self):
        """Whether there may be GPUs that no PCI bus shows."""
        return self.elsewhere is not None

    @cached_property
    def nodes(self):
        """Vendor -> path -> (mode, uid, gid, when it was made) of the device nodes that its GPUs are used through."""
        return {vendor: dict(self._nodes(vendor, patterns)) for vendor, patterns in NODES.items()}

    @cached_property
    def nvidia_version(self):
        """The version of the NVIDIA driver that is loaded; None where none is."""
        return self.module_version("nvidia")

    @cached_property
    def release(self):
        """The kernel that runs."""
        return self._line(f"{self.root}/proc/sys/kernel/osrelease")

    @property
    def secure_boot(self):
        """None where the host was not started by EFI."""
        content = self._bytes(self.root + SECURE_BOOT)
        return content[-1] == 1 if content else None

    def has(self, path):
        return os.path.exists(self.root + path)

    def is_loaded(self, module):
        return self.has(f"/sys/module/{module}")

    def module_version(self, module):
        """The version of a module that is loaded; None where it is not, or has none."""
        return self._line(f"{self.root}/sys/module/{module}/version") or None

    def modules(self, vendor):
        """Kernel -> path of the file of a vendor's module, of the kernels that have one."""
        found = {}
        for path in sorted(glob.glob(f"{self.root}/lib/modules/*/modules.dep")):
            file = module_file(self.text(path[len(self.root):]), vendor)
            if file:
                folder = os.path.dirname(path)
                found[os.path.basename(folder)] = f"{folder}/{file}"
        return found

    def dkms(self, vendor):
        """The versions of a vendor's module that DKMS has the source of."""
        found = [path.split("/")[-3:-1] for path in sorted(glob.glob(f"{self.root}/var/lib/dkms/*/*/source"))]
        return [version for name, version in found if re.fullmatch(FILES[vendor], name)]

    def libraries(self):
        """The version of NVIDIA's user-space libraries; the newest of several, None of none."""
        paths = [path for place in LIBRARIES for path in glob.glob(f"{self.root}{place}/libnvidia-ml.so.*")]
        return newest(path.rpartition(".so.")[2] for path in paths)

    def compute_nodes(self):
        """Bus id -> what the kernel's compute topology tells of AMD's GPUs, in its order, which is that of their indexes."""
        places = glob.glob(f"{self.root}/sys/class/kfd/kfd/topology/nodes/*/properties")
        numbered = sorted(places, key=lambda path: (len(path), path))
        nodes = filter(None, (parse_node(self.text(path[len(self.root):])) for path in numbered))
        found = {}
        for node in nodes:  # a card cut into partitions has several
            found.setdefault(node.pop("bus_id"), {"index": len(found), **node})
        return found

    def computing(self):
        """The processes that have memory on AMD's GPUs, as text; None where the kernel does not tell."""
        folder = "/sys/class/kfd/kfd/proc"
        paths = glob.glob(f"{self.root}{folder}/*/vram_*")
        return {path.split("/")[-2] for path in paths if self._number(path)} if self.has(folder) else None

    def memory(self, slot):
        """Bytes of an AMD GPU's own memory, total and free, each None where the driver does not tell."""
        folder = f"{self.root}/sys/bus/pci/devices/{slot}"
        total, used = (self._number(f"{folder}/mem_info_vram_{which}") for which in ("total", "used"))
        return {"memory_total": total, "memory_free": None if None in (total, used) else total - used}

    @cached_property
    def pci_ids(self):
        """The text of the list of all PCI devices, empty on a host without one."""
        return next(filter(None, map(self.text, PCI_IDS)), "")

    def digest(self, path):
        """The digest of a file; None where it is not there."""
        content = self._bytes(self.root + path)
        return digest(content) if content else None

    def texts(self, *patterns):
        """The texts of the files of these patterns, in the order of their names."""
        places = {path for pattern in patterns for path in glob.glob(self.root + pattern)}
        return [self.text(path[len(self.root):]) for path in sorted(places)]

    def text(self, path):
        """A file's text; empty where it is not there or cannot be read."""
        return self._bytes(self.root + path).decode("utf-8", "replace")

    def _line(self, path):
        return self._bytes(path).decode("ascii", "replace").strip()

    def _number(self, path):
        text = self._line(path)
        return int(text) if re.fullmatch(r"\d{1,18}", text, re.ASCII) else None

    def _bytes(self, path):
        try:
            return read(path) or b""
        except FleetError as error:
            self.notes.append(str(error))
            return b""

    def _nodes(self, vendor, patterns):
        for path in sorted(path for pattern in patterns for path in glob.glob(self.root + pattern)):
            found = os.stat(path)
            if stat.S_ISDIR(found.st_mode) or "renderD" in path and not self._is_of(path, vendor):
                continue
            yield path[len(self.root):], (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_ctime)

    def _is_of(self, path, vendor):
        return VENDORS.get(self._line(f"{self.root}/sys/class/drm/{os.path.basename(path)}/device/vendor")) == vendor


def _bound(folder):
    driver = f"{folder}/driver"
    return os.path.basename(os.readlink(driver)) if os.path.islink(driver) else None
