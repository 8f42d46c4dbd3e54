# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What else of a host with GPUs decides about its drivers: its distribution, what stands in a driver's way, what was done before. Reads only."""

from __future__ import annotations

import glob
import json
import os
import re

from ansible_collections.barellama.fleet.plugins.module_utils._driver_table import LOCKED, OUTCOME, ROOM
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_tuning import UNIT

CONTAINERS = ("/run/systemd/container", "/run/.containerenv", "/.dockerenv")
RUNFILE = "/usr/bin/nvidia-uninstall"
# Sources of packages that mix badly with NVIDIA's own and the distribution's.
FOREIGN = {
    "RPM Fusion": ("/etc/yum.repos.d/rpmfusion-nonfree*.repo",),
    "ELRepo": ("/etc/yum.repos.d/elrepo*.repo",),
    "the PPA graphics-drivers": ("/etc/apt/sources.list.d/graphics-drivers-*.list", "/etc/apt/sources.list.d/graphics-drivers-*.sources"),
}
KEYRING = "/var/lib/dpkg/info/cuda-keyring.list"  # the files of a package of NVIDIA's, which adds its repository to apt
LOCKS = "/etc/zypp/locks"
MODPROBE = ("/etc/modprobe.d/*.conf", "/run/modprobe.d/*.conf", "/usr/lib/modprobe.d/*.conf", "/lib/modprobe.d/*.conf")
RESTARTED = "/var/lib/barellama/gpu_driver-restart.json"
DRAINED = "/var/lib/barellama/gpu_driver-drained"


def system(kernel):
    """As plain data; ``kernel`` is the host's, of ``_gpu_kernel.py``."""
    return {
        "os": distribution(kernel),
        "arch": kernel.text("/proc/sys/kernel/arch").strip() or os.uname().machine,
        "kernel": kernel.release,
        "boot_id": kernel.text("/proc/sys/kernel/random/boot_id").strip(),
        "container": any(map(kernel.has, CONTAINERS)),
        "headers": kernel.has(f"/lib/modules/{kernel.release}/build"),
        "cramped": [path for path, least in ROOM.items() if _free(kernel.root + path) < least],
        "runfile": kernel.has(RUNFILE),
        "foreign": [name for name, patterns in FOREIGN.items() if any(map(enabled, kernel.texts(*patterns)))],
        "keyring": keyring(kernel),
        "locks": locks(kernel.text(LOCKS)),
        "blacklisted": sorted({name for text in kernel.texts(*MODPROBE) for name in blacklisted(text)} & {"amdgpu", "nvidia"}),
        "build_errors": _build_errors(kernel),
        "made": made(kernel.text(OUTCOME)),
        "restarted": record(kernel.text(RESTARTED)),
        "tuned": kernel.has(UNIT),
        "drained": kernel.has(DRAINED),
    }


def distribution(kernel):
    return os_release(kernel.text("/etc/os-release") or kernel.text("/usr/lib/os-release"))


def os_release(text):
    """id, version and code name of a distribution; empty texts for what is not told."""
    told = dict(re.findall(r"""^(\w+)=["']?(.*?)["']?$""", text, re.MULTILINE))
    return {"id": told.get("ID", ""), "version": told.get("VERSION_ID", ""), "codename": told.get("VERSION_CODENAME", "")}


def enabled(text):
    """Whether a file of package sources has one that is not turned off: a section of dnf's, a paragraph or a line of apt's."""
    text = re.sub(r"^\s*#.*\n?", "", text, flags=re.MULTILINE)
    sources = re.split(r"^\[.*\]\s*$", text, flags=re.MULTILINE) if re.match(r"\s*\[", text) else re.split(r"\n\s*\n", text)
    return any(each.strip() and not re.search(r"^\s*enabled\s*[=:]\s*(0|no|false)\s*$", each, re.MULTILINE | re.IGNORECASE) for each in sources)


def keyring(kernel):
    """Source of apt -> its address, of those that are there from the package cuda-keyring."""
    sources = re.findall(r"^/etc/apt/sources\.list\.d/.*\.list$", kernel.text(KEYRING), re.MULTILINE)
    told = {path: re.search(r"^deb\s+(?:\[.*?\]\s+)?(\S+)", kernel.text(path), re.MULTILINE) for path in sources}
    return {path: found[1].rstrip("/") for path, found in told.items() if found}


def locks(text):
    """Of zypper's locks those that this role makes: of its packages, and of some versions alone, which nobody writes by hand."""
    entries = [dict(re.findall(r"^(\w+): *(.*?) *$", entry, re.MULTILINE)) for entry in re.split(r"\n\s*\n", text)]
    return [f"{LOCKED} {entry['version']}" for entry in entries if entry.get("solvable_name") == LOCKED and entry.get("version")]


def blacklisted(text):
    """The modules that a file for modprobe forbids."""
    return re.findall(r"^\s*blacklist\s+([\w-]+)", text, re.MULTILINE) + re.findall(r"^\s*install\s+([\w-]+)\s+/bin/(?:false|true)", text, re.MULTILINE)


def first_error(log):
    """The line of a log of DKMS that says why nothing was built; the last one where none has the word."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    # Compilers are called with words such as -Wno-error, and their command lines are in the log too.
    return next((line for line in lines if re.search(r"(?<![\w-])error: |\*\*\* ", line, re.IGNORECASE)), lines[-1] if lines else "")


def record(text):
    """What the last restart for GPUs was for: the boot it ended, and the reasons; None without one."""
    try:
        told = json.loads(text)
    except ValueError:
        return None
    known = isinstance(told, dict) and isinstance(told.get("boot_id"), str) and isinstance(told.get("reasons"), list)
    return {"boot_id": told["boot_id"], "reasons": [str(reason) for reason in told["reasons"]]} if known else None


def made(text):
    """Vendor -> where the role took its driver from, of those that it gave this host; nothing where the record is none."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    ways = told.get("made") if isinstance(told, dict) else None
    return {str(vendor): str(way) for vendor, way in ways.items()} if isinstance(ways, dict) else {}


def _build_errors(kernel):
    """Module and version -> why DKMS failed. It leaves its log where it built, and takes that away when all went well."""
    found = {}
    for path in sorted(glob.glob(f"{kernel.root}/var/lib/dkms/*/*/build/make.log")):
        name, version = path.split("/")[-4:-2]
        found[f"{name}/{version}"] = first_error(kernel.text(path[len(kernel.root):]))
    return found


def _free(path):
    """Bytes that are free below a path; without end where it is not there."""
    try:
        room = os.statvfs(path)
    except OSError:
        return float("inf")
    return room.f_bavail * room.f_frsize
