# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What vendors offer: driver branches, repositories, names of packages by system. Data alone; look here first when a vendor renames.

Verified against the vendors' documents on 2026-11-20.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import numbers

VERIFIED_ON = "2026-11-20"

# NVIDIA's branches. One without a floor gets no fixes any more, or is a feature branch.
FLOORS = {"580": "580.159.03", "595": "595.71.05"}
BRANCHES = ("550", "570", "580", "590", "595", "610", "615", "620")
LONG_TERM = "580"
FIRST_UNVERSIONED = 590  # from here on the names of Ubuntu's packages have no branch, and those of SUSE's another generation
LAST_PROPRIETARY = {"apt": 615, "dnf": 610, "zypper": 610}

DEBIAN_13_KEY = ("8793F200.pub", "02182E60104FCDC26EAE1B8597A5D4CB8793F200")
APT_KEY = ("3bf863cc.pub", "EB693B3035CD5710E231E123A4B469963BF863CC")
RPM_KEY = ("D42D0685.pub", "610C7B14E068A878070DA4E99CD0A493D42D0685")
AMD_KEY = ("rocm/rocm.gpg.key", "CA8BB4727A47B4D09B4EE8969386B48A1A693C5C")


class System(NamedTuple):
    """A distribution's release: what NVIDIA's and AMD's repositories call it, the former's key, the default branch and the oldest there."""

    manager: str
    nvidia: str
    key: tuple[str, str]
    branch: str = LONG_TERM
    amd: str = ""  # AMD's driver that DKMS builds is not offered where this is empty
    streams: bool = False  # whether dnf chooses the branch by a module stream
    oldest: str = ""


SYSTEMS = {
    "debian 12": System("apt", "debian12", APT_KEY),
    "debian 13": System("apt", "debian13", DEBIAN_13_KEY),
    "ubuntu 22.04": System("apt", "ubuntu2204", APT_KEY, amd="jammy"),
    "ubuntu 24.04": System("apt", "ubuntu2404", APT_KEY, amd="noble"),
    "ubuntu 26.04": System("apt", "ubuntu2604", APT_KEY, branch="595", oldest="595"),
    "el 8": System("dnf", "rhel8", RPM_KEY, streams=True),
    "el 9": System("dnf", "rhel9", RPM_KEY, amd="9", streams=True),
    "el 10": System("dnf", "rhel10", RPM_KEY, amd="10"),
    # NVIDIA has the newest Fedora's alone, with the branches of its day.
    "fedora 42": System("dnf", "fedora42", RPM_KEY, branch=""),
    "fedora 44": System("dnf", "fedora44", RPM_KEY, branch=""),
    # Before 580 packages have other names.
    "sles 15": System("zypper", "sles15", RPM_KEY, oldest="580"),
    "opensuse-leap 15": System("zypper", "opensuse15", RPM_KEY, oldest="580"),
    "sles 16": System("zypper", "suse16", RPM_KEY, branch="595", oldest="595"),
    "opensuse-leap 16": System("zypper", "suse16", RPM_KEY, branch="595", oldest="595"),
}
EL = ("rhel", "rocky", "almalinux", "ol", "centos")
SUSE = {"sles": "sles", "sles_sap": "sles", "opensuse-leap": "opensuse-leap"}
SERVICE_PACK = 6  # the oldest of SUSE's 15
ARCHES = {"x86_64": "x86_64", "aarch64": "sbsa"}
DEBIAN_ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}

# (branch, flavours) that a distribution itself has: signed by it, but for Debian's, which DKMS builds.
DISTRIBUTIONS = {
    "debian 12": (("535", ("proprietary", "open")),),
    "debian 13": (("550", ("proprietary",)),),  # its open module does not build on its own kernel
    "ubuntu 22.04": (("580", ("open", "proprietary")),),
    "ubuntu 24.04": (("580", ("open", "proprietary")), ("595", ("open", "proprietary"))),
    "ubuntu 26.04": (("595", ("open", "proprietary")),),
    "almalinux 9": (("", ("open",)),),  # follows NVIDIA's newest
    "almalinux 10": (("", ("open",)),),
}

# Ubuntu's first kernel of each release: a newer one follows other packages, whose names end with -hwe and the release.
FIRST_KERNELS = {"ubuntu 22.04": "5.15", "ubuntu 24.04": "6.8", "ubuntu 26.04": "7.0"}

# Release of AMD's driver -> the version that DKMS gives it; those that AMD validated.
AMD_RELEASES = {"30.10.2": "6.14.14", "30.20.1": "6.16.6", "30.30.3": "6.16.13", "30.30.4": "6.16.13", "31.30.0": "6.19.4", "31.40.0": "6.19.14"}

FIRMWARE = {"debian": "firmware-amd-graphics", "ubuntu": "linux-firmware", "el 8": "linux-firmware", "el 9": "linux-firmware", "el 10": "amd-gpu-firmware",
            "fedora": "amd-gpu-firmware"}

# What this role locks for zypper, always with versions: the driver's packages, none of the container toolkit's by its versions, and not
# SUSE's own kernel-firmware-nvidia, whose versions are dates.
LOCKED = "*nvidia-*"

# Where role gpu_driver records what it did.
OUTCOME = "/var/lib/barellama/gpu_driver.json"
# Bytes that have to be free before anything is installed.
ROOM = {"/usr": 2 * 10**9, "/var": 2 * 10**9, "/boot": 10**8}


def system_of(told):
    """(key of SYSTEMS, key of DISTRIBUTIONS) of what a host's os-release tells; the keys need not be there."""
    version, major = told["version"], told["version"].partition(".")[0]
    if told["id"] in EL:
        return f"el {major}", f"{told['id']} {major}"
    if told["id"] in SUSE and (major != "15" or numbers(version)[1:] >= [SERVICE_PACK]):
        return (f"{SUSE[told['id']]} {major}",) * 2
    return (f"{told['id']} {version if told['id'] not in SUSE or '.' in version else version + '.0'}",) * 2  # SUSE's first 15 is just that


def manager(told):
    """What installs packages there."""
    return "apt" if told["id"] in ("debian", "ubuntu") else "zypper" if told["id"] in SUSE else "dnf"


def generation(branch):
    """What SUSE calls the drivers of a branch, and those of its like."""
    return "G06" if int(branch) < FIRST_UNVERSIONED else "G07"


def vendor_packages(system, branch, open_module):
    """NVIDIA's own packages without a display: those to install before all others, and the others."""
    opened = "-open" if open_module else ""
    if system.manager == "dnf":
        return [], ["nvidia-driver-cuda", "kmod-nvidia-open-dkms" if open_module else "kmod-nvidia-latest-dkms", "nvidia-persistenced"]
    if system.manager == "zypper":
        return [], [f"nvidia{opened}-driver-{generation(branch)}", f"nvidia-compute-utils-{generation(branch)}", "nvidia-persistenced"]
    if system.nvidia.startswith("debian"):
        return [f"nvidia-driver-pinning-{branch}"], ["nvidia-driver-cuda", f"nvidia-kernel{opened}-dkms", "nvidia-persistenced"]
    if int(branch) < FIRST_UNVERSIONED:
        return [f"nvidia-driver-pinning-{branch}"], [f"nvidia-headless-{branch}{opened}", f"nvidia-utils-{branch}"]
    driver = ["nvidia-headless-open"] if open_module else ["libnvidia-compute", "nvidia-dkms"]
    return [f"nvidia-driver-pinning-{branch}"], [*driver, "nvidia-persistenced"]


def distribution_packages(name, branch, open_module, kernel):
    """The same, of a distribution's own."""
    if name.startswith("debian"):
        return [], [f"nvidia-{'open-' if open_module else ''}kernel-dkms", "libcuda1", "nvidia-smi", "nvidia-persistenced"]
    if name.startswith("almalinux"):
        return ["almalinux-release-nvidia-driver"], ["nvidia-open-kmod", "nvidia-driver-cuda"]
    kind = f"{branch}-server{'-open' if open_module else ''}"
    return [], [f"linux-modules-nvidia-{kind}-{kernel_flavour(name, kernel)}", f"nvidia-headless-no-dkms-{kind}", f"nvidia-utils-{branch}-server"]


def signed_module(name, branch, open_module, kernel):
    """Ubuntu's package of the module for the very kernel that runs; that of its flavour may be for a newer one."""
    return [f"linux-modules-nvidia-{branch}-server{'-open' if open_module else ''}-{kernel}"] if name.startswith("ubuntu") else []


def fabric_manager(source, name, branch):
    """The package for NVSwitches; None where a distribution has none that is known."""
    if source == "distro":
        return f"nvidia-fabricmanager-{branch}" if name.startswith("ubuntu") else None
    return f"nvidia-fabricmanager-{branch}" if name.startswith(("debian", "ubuntu")) and int(branch) < 580 else "nvidia-fabricmanager"


def header_packages(name, kernel, arch, there):
    """What DKMS builds against: the headers of the kernel that runs, unless they are ``there``, and what brings those of later ones."""
    if name.startswith("debian"):
        return [] if there else [f"linux-headers-{kernel}"], [f"linux-headers-{DEBIAN_ARCHES[arch]}"]
    if name.startswith("ubuntu"):
        return [] if there else [f"linux-headers-{kernel}"], [f"linux-headers-{kernel_flavour(name, kernel)}"]
    if name.partition(" ")[0] in SUSE.values():
        release, _dash, flavour = kernel.rpartition("-")
        return [] if there else [f"kernel-{flavour}-devel={release}"], [f"kernel-{flavour}-devel"]
    if name.endswith(" 8"):  # and every EL 8
        return [f"kernel-devel-{kernel}"], ["kernel-devel"]
    # Headers that are there may be of kernel-devel alone: what follows would bring a newer kernel then, as it would without the release.
    return [f"kernel-devel-matched-{kernel}"], ["kernel-devel-matched"]


def kernel_flavour(name, kernel):
    """What Ubuntu's 6.8.0-31-generic ends with, which names the package that follows its updates."""
    flavour = re.sub(r"^[\d.]+-\d+-", "", kernel)
    newer = flavour.startswith(("generic", "lowlatency")) and numbers(kernel)[:2] > numbers(FIRST_KERNELS.get(name, kernel))
    return f"{flavour}-hwe-{name.partition(' ')[2]}" if newer else flavour
