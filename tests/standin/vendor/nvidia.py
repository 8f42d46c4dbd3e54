# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NVIDIA's drivers as its repositories have them, by operating system: names, versions, relations, and what they leave behind."""

from __future__ import annotations

import platform
import re
from pathlib import Path

from .package import Package

PROGRAMS = Path(__file__).with_name("programs")
REPLAY = (PROGRAMS / "replay").read_text()
# One of each branch, and two of the one that lasts.
VERSIONS = ("550.163.01", "570.211.01", "580.105.08", "580.178.04", "590.48.01", "595.91.07", "610.57.04", "615.71.09")
UNVERSIONED_SINCE = 590  # names of Ubuntu's packages
LIBRARIES = f"/usr/lib/{platform.machine()}-linux-gnu"  # Debian's place
FLAVOURS = {"open": "Dual MIT/GPL", "proprietary": "NVIDIA"}


def flavours(version):
    return [flavour for flavour in FLAVOURS if flavour == "open" or branch(version) < 615]


def branch(version):
    return int(version.partition(".")[0])


def dkms(version, flavour, module="nvidia"):
    """The script after whose run a module is there, or not."""
    told = {"MODULE": module, "VERSION": version, "LICENSE": FLAVOURS[flavour]}
    return re.sub("@([A-Z]+)@", lambda name: told[name[1]], (PROGRAMS / "dkms-like").read_text())


def libraries(version, *names, folder=LIBRARIES):
    """Empty files in the places of the libraries by whose names versions are known."""
    return {f"{folder}/lib{name}.so.{version}": "" for name in names or ("cuda", "nvidia-ml")}


def debian():
    for version in VERSIONS:
        same = f"(= {version}-1)"
        suffix = f"-{branch(version)}" if branch(version) < 580 else ""
        yield Package("libcuda1", f"{version}-1", files=libraries(version, "cuda"))
        yield Package("libnvidia-ml1", f"{version}-1", files=libraries(version, "nvidia-ml"))
        yield Package("nvidia-persistenced", f"{version}-1")
        yield Package("nvidia-driver-cuda", f"{version}-1", files={"/usr/bin/nvidia-smi": REPLAY},
                      depends=(f"libcuda1 {same}", f"libnvidia-ml1 {same}", f"nvidia-persistenced {same}"))
        yield Package(f"nvidia-fabricmanager{suffix}", f"{version}-1")
        for flavour in flavours(version):
            name, other = ("nvidia-kernel-open-dkms", "nvidia-kernel-dkms")[::1 if flavour == "open" else -1]
            yield Package(name, f"{version}-1", conflicts=(other,), files={f"/usr/src/nvidia-{version}/dkms.conf": ""},
                          script=dkms(version, flavour))
        yield from pins(version)


def ubuntu():
    for version in VERSIONS:
        yield from (_versioned if branch(version) < UNVERSIONED_SINCE else _unversioned)(version, f"{version}-1ubuntu1")
        yield from pins(version)


def _versioned(version, full):
    number = branch(version)
    same = f"(= {full})"
    yield Package(f"libnvidia-compute-{number}", full, provides=("libnvidia-compute",), conflicts=("libnvidia-compute",), files=libraries(version))
    yield Package(f"nvidia-utils-{number}", full, depends=(f"libnvidia-compute-{number} {same}",), provides=("nvidia-utils",),
                  conflicts=("nvidia-utils",), files={"/usr/bin/nvidia-smi": REPLAY})
    yield Package(f"nvidia-compute-utils-{number}", full)
    yield Package(f"nvidia-fabricmanager{'' if number >= 580 else f'-{number}'}", full)
    for flavour in flavours(version):
        suffix = "-open" if flavour == "open" else ""
        yield Package(f"nvidia-dkms-{number}{suffix}", full, depends=("dkms",), provides=("nvidia-dkms-kernel",), conflicts=("nvidia-dkms-kernel",),
                      files={f"/usr/src/nvidia-{version}/dkms.conf": ""}, script=dkms(version, flavour))
        yield Package(f"nvidia-headless-{number}{suffix}", full, depends=(
            f"nvidia-dkms-{number}{suffix} {same}", f"libnvidia-compute-{number} {same}", f"nvidia-compute-utils-{number} {same}"))


def _unversioned(version, full):
    same = f"(= {full})"
    yield Package("libnvidia-compute", full, provides=("nvidia-utils",), conflicts=("nvidia-utils",),
                  files={**libraries(version), "/usr/bin/nvidia-smi": REPLAY})
    yield Package("nvidia-persistenced", full)
    yield Package("nvidia-fabricmanager", full)
    for flavour in flavours(version):
        suffix = "-open" if flavour == "open" else ""
        yield Package(f"nvidia-dkms{suffix}", full, depends=("dkms",), provides=("nvidia-dkms-kernel",), conflicts=("nvidia-dkms-kernel",),
                      files={f"/usr/src/nvidia-{version}/dkms.conf": ""}, script=dkms(version, flavour))
        yield Package(f"nvidia-headless{suffix}", full, depends=(
            f"nvidia-dkms{suffix} {same}", f"libnvidia-compute {same}", f"nvidia-persistenced {same}"))
        yield Package(f"nvidia-headless-no-dkms{suffix}", full, depends=(f"libnvidia-compute {same}",))


def pins(version):
    """The packages that keep apt on a branch, or on one version of it."""
    for name, wanted in ((str(branch(version)), f"{branch(version)}.*"), (version, f"{version}-*")):
        preferences = "".join(f"Package: {names}\nPin: version {pattern}\nPin-Priority: {priority}\n\n" for names, pattern, priority in (
            ("*nvidia* libcuda1", wanted, 1000), ("*nvidia* libcuda1", "*", -1)))
        newest = version == VERSIONS[-1] or branch(version) != branch(VERSIONS[VERSIONS.index(version) + 1])
        if name == version or newest:
            yield Package(f"nvidia-driver-pinning-{name}", f"{version}-1", provides=("nvidia-driver-pinning",), everywhere=True,
                          conflicts=("nvidia-driver-pinning",), files={f"/etc/apt/preferences.d/nvidia-driver-pinning-{name}": preferences})


def enterprise_linux():
    for version in VERSIONS:
        full = f"3:{version}-1"
        same = f"(= {full})"
        yield Package("nvidia-driver-cuda-libs", full, files=libraries(version, folder="/usr/lib64"))
        yield Package("nvidia-persistenced", full)
        yield Package("nvidia-kmod-common", full)
        yield Package("nvidia-fabricmanager", f"{version}-1")
        yield Package("nvidia-driver-cuda", full, files={"/usr/bin/nvidia-smi": REPLAY},
                      depends=(f"nvidia-driver-cuda-libs {same}", f"nvidia-persistenced {same}", f"nvidia-kmod {same}"))
        for flavour in flavours(version):
            name, other = ("kmod-nvidia-open-dkms", "kmod-nvidia-latest-dkms")[::1 if flavour == "open" else -1]
            yield Package(name, full, depends=("dkms", f"nvidia-kmod-common {same}"), provides=(f"nvidia-kmod = {full}",), conflicts=(other,),
                          files={f"/usr/src/nvidia-{version}/dkms.conf": ""}, script=dkms(version, flavour))


def streams():
    """EL 8's and 9's, by which dnf knows a branch: all packages but those of the other kernel module."""
    kmods = {"open": "kmod-nvidia-open-dkms", "dkms": "kmod-nvidia-latest-dkms"}
    same = ["nvidia-driver-cuda-libs", "nvidia-persistenced", "nvidia-kmod-common", "nvidia-fabricmanager", "nvidia-driver-cuda"]
    return {f"{number}-{kind}": ([*same, kmod], f"{number}.") for number in sorted(set(map(branch, VERSIONS))) for kind, kmod in kmods.items()
            if kind == "open" or number < 615}


def suse():
    """The kernel module is built by DKMS here too; the names tell a generation of drivers."""
    for version in VERSIONS:
        if branch(version) < 580:  # had other names
            continue
        same, generation = f"(= {version}-1)", "G07" if branch(version) >= UNVERSIONED_SINCE else "G06"
        yield Package("nvidia-persistenced", f"{version}-1")
        yield Package("nvidia-fabricmanager", f"{version}-1")
        yield Package(f"nvidia-compute-{generation}", f"{version}-1", files=libraries(version, folder="/usr/lib64"))
        yield Package(f"nvidia-compute-utils-{generation}", f"{version}-1", files={"/usr/bin/nvidia-smi": REPLAY},
                      depends=(f"nvidia-compute-{generation} {same}", f"nvidia-persistenced {same}", f"nvidia-kmod {same}"))
        for flavour in flavours(version):
            name, other = (f"nvidia-{each}driver-{generation}" for each in (("open-", "") if flavour == "open" else ("", "open-")))
            yield Package(name, f"{version}-1", depends=("dkms",), provides=(f"nvidia-kmod = {version}-1",), conflicts=(other,),
                          files={f"/usr/src/nvidia-{version}/dkms.conf": ""}, script=dkms(version, flavour))
