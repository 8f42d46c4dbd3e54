# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Which packages bring a container engine or NVIDIA's toolkit, on which distribution and from where. No I/O."""

from __future__ import annotations

import re

TOOLKIT = ("nvidia-container-toolkit", "nvidia-container-toolkit-base", "libnvidia-container-tools", "libnvidia-container1")
VENDORS_DOCKER = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin", "docker-compose-plugin")
DEBIANS_PODMAN = ("podman", "crun", "uidmap", "fuse-overlayfs", "dbus-user-session")
NEWER_PODMAN = (*DEBIANS_PODMAN, "netavark", "aardvark-dns", "nftables", "passt", "catatonit")
ELS_PODMAN = ("podman", "crun", "netavark", "aardvark-dns", "fuse-overlayfs", "shadow-utils")
# (distribution, its oldest version that this is true of) -> packages of the distribution's own.
DOCKER = (
    ("debian", [13], ("docker.io", "docker-cli", "docker-compose", "iptables")),
    ("ubuntu", [22, 4], ("docker.io", "docker-compose-v2")),
    ("fedora", [41], ("moby-engine", "docker-compose")),
)
PODMAN = (
    ("debian", [13], NEWER_PODMAN),
    ("debian", [12], (*DEBIANS_PODMAN, "slirp4netns")),
    ("ubuntu", [24, 4], (*DEBIANS_PODMAN, "netavark", "aardvark-dns", "passt", "catatonit")),
    ("ubuntu", [22, 4], (*DEBIANS_PODMAN, "slirp4netns")),
    ("el", [9], ELS_PODMAN),
    ("fedora", [41], ELS_PODMAN),
)
ENGINES = {"docker": ("docker-ce", "docker.io", "moby-engine"), "podman": ("podman",)}
KNOWN = sorted({*TOOLKIT, *VENDORS_DOCKER, *(name for _id, _version, names in (*DOCKER, *PODMAN) for name in names)})
ELS = ("rhel", "rocky", "almalinux", "ol", "centos")


def parse_os_release(text):
    """(distribution, version as numbers): debian, ubuntu, fedora, el, or the name that it gives itself."""
    told = dict(re.findall(r"^(\w+)=[\"']?(.*?)[\"']?$", text, re.MULTILINE))
    name = told.get("ID", "")
    version = [int(number) for number in re.findall(r"\d{1,9}", told.get("VERSION_ID", ""))]
    return "el" if name in ELS else name, version


def codename(text):
    """What apt calls the release; empty where it has no such name."""
    found = re.search(r"^VERSION_CODENAME=[\"']?(\w+)[\"']?$", text, re.MULTILINE)
    return found[1] if found else ""


def parse_dpkg(status, names):
    """Name -> version of those packages that dpkg's status file (text) has as installed."""
    found = {}
    for entry in status.split("\n\n"):
        told = dict(re.findall(r"^(Package|Status|Version): (.*)$", entry, re.MULTILINE))
        if told.get("Package") in names and told.get("Status", "").endswith(" ok installed"):
            found[told["Package"]] = upstream(told.get("Version", ""))
    return found


def parse_rpm(output, names):
    """The same from lines of name and version."""
    pairs = [line.split(" ") for line in output.splitlines() if line.count(" ") == 1]
    return {name: version for name, version in pairs if name in names}


def upstream(version):
    """A Debian version without its epoch and its last part."""
    return re.sub(r"-[^-]*$", "", version.partition(":")[2] or version)


def is_compose_2(told):
    """Whether what is told of Docker's Compose is the version of a plugin that is new enough."""
    return bool(re.match(r"[2-9]\.|\d\d+\.", told or ""))


def wanted(engine, source, system, installed):
    """(packages, source) that bring an engine; that which is there stays with its source. None where there are none."""
    there = next((name for name in ENGINES[engine] if name in installed), None)
    if there:
        source = "vendor" if there == "docker-ce" else "distro"
    if source == "vendor" and engine == "docker":
        return VENDORS_DOCKER, source
    name, version = system
    table = DOCKER if engine == "docker" else PODMAN
    return next((names for its, first, names in table if its == name and version >= first), None), "distro"
