# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Drivers: which is loaded, which lie on the disk, which kernels they were built for, and when only a restart helps. No I/O."""

from __future__ import annotations

import re

MODULES = {"nvidia": "nvidia", "amd": "amdgpu"}
NAMES = {"nvidia": "NVIDIA", "amd": "AMD"}
# Debian's files are called nvidia-current.ko, nvidia-tesla-535.ko and so on; nvidia-uvm.ko and its like are other modules.
FILES = {"nvidia": r"nvidia(?:-(?:current|tesla|legacy)(?:-open|-\d\w*)*)?", "amd": "amdgpu"}
ELSEWHERE = {"jetson": "a Jetson, whose GPU may be on no PCI bus, and whose driver comes with JetPack",
             "wsl": "Windows' own Linux, whose GPU is on no PCI bus, and whose driver is that of Windows"}
GRID = "a virtual GPU (vGPU), which needs the GRID driver that fits its hypervisor's, and a licence"
CONSOLE = "a key for Secure Boot waits to be confirmed at the console while the host starts: Enroll MOK, and its password"
ASKED = "the distribution asks for it: /run/reboot-required"
VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9}){1,4}", re.ASCII)


def module_file(modules_dep, vendor):
    """The path of a vendor's module below its kernel's folder, from the text of modules.dep; None where it is not built."""
    found = re.search(rf"^((?:\S*/)?{FILES[vendor]}\.ko(?:\.\w+)?):", modules_dep, re.MULTILINE)
    return found and found[1]


def parse_modinfo(output):
    """Version and flavour of a module's file; the kernel's own amdgpu has no version."""
    told = dict(re.findall(r"^(\w+):[ \t]+(.*?)\s*$", output, re.MULTILINE))
    licence = told.get("license", "")
    return {"version": _version(told.get("version")),
            "flavour": {"Dual MIT/GPL": "open", "NVIDIA": "proprietary"}.get(licence)}


def newest(versions):
    """The newest of some texts, those passed over that are no versions; None where there is none."""
    return max(filter(None, map(_version, versions)), key=numbers, default=None)


def numbers(version):
    """What a version begins with, to compare: 595.80 has two parts, 595.91.07 three. Words have none, and are older than any."""
    return [int(number) for number in re.findall(r"\d{1,9}", re.match(r"[\d.]*", version or "", re.ASCII).group())]


def reasons(host):
    """Why this host has to be restarted, each in one line. ``host`` is what ``_gpu.py`` puts together."""
    for vendor, driver in sorted(host["drivers"].items()):
        yield from _of_driver(vendor, driver, host)
    for gpu in host["gpus"]:
        mig = gpu["mig"]
        if mig and mig["pending"] not in (None, mig["enabled"]):
            yield (f"MIG of the GPU {gpu['bus_id']} is to be turned {'on' if mig['pending'] else 'off'}: "
                   "with its reset if nothing uses it, else with a restart")
        tuning = gpu.get("tuning")
        if tuning and tuning["ecc_pending"] not in (None, tuning["ecc"]):
            yield f"ECC of the GPU {gpu['bus_id']} is to be turned {'on' if tuning['ecc_pending'] else 'off'}: with a restart"
        if gpu["recovery"]:
            yield f"the GPU {gpu['bus_id']} asks for it: {gpu['recovery']}"
    if host["key_queued"]:
        yield CONSOLE
    if host["restart_required"]:
        yield ASKED


def keeps_working(reason):
    """Whether the drivers are of use until that restart: one of ``reasons`` that is no driver's."""
    return reason == ASKED or reason.startswith(("MIG of ", "ECC of "))


def goes_with_a_reload(reason):
    """Whether loading NVIDIA's driver anew takes away one of ``reasons``, too: another version or flavour is on the disk."""
    return bool(re.match(r"the (?:NVIDIA driver \S+|\S+ kernel module of the NVIDIA driver) is loaded, and ", reason))


def closed(nodes, uid, gids):
    """Those device nodes, path -> (mode, uid, gid, ...), that a user may not read and write."""
    for path, (mode, owner, group, *more) in sorted(nodes.items()):
        bits = mode >> 6 if uid == owner else mode >> 3 if group in gids else mode
        if uid and bits & 6 != 6:
            yield path, (mode, owner, group, *more)


def _of_driver(vendor, driver, host):
    name, loaded, flavour = NAMES[vendor], driver["loaded_version"], driver["loaded_flavour"]
    others = sorted({gpu["driver"] for gpu in host["gpus"] if gpu["vendor"] == vendor} - {None, MODULES[vendor]})
    if others and driver["installed"]:
        yield f"the {name} driver is installed, and {' and '.join(others)} drives the GPU"
    if driver["built_for"] and not driver["installed"]:
        yield f"the {name} driver is built for the kernel {' and '.join(driver['built_for'])}, and {host['kernel']} runs"
    other = next((version for version in (driver["libraries"], driver["installed_version"]) if version not in (None, loaded)), None)
    if loaded and other:
        yield f"the {name} driver {loaded} is loaded, and {other} is installed"
    elif driver["loaded"] and None not in (flavour, driver["installed_flavour"]) and flavour != driver["installed_flavour"]:
        yield f"the {flavour} kernel module of the {name} driver is loaded, and the {driver['installed_flavour']} one is installed"


def _version(text):
    return text if text and VERSION.fullmatch(text) else None
