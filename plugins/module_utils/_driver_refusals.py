# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Why a driver will not be installed: what would not work, or would harm, told before anything is touched. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils import _driver_table as table
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_cards import OPEN_ONLY, PROPRIETARY_ONLY
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import ELSEWHERE, GRID, NAMES, numbers
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_verdict import (
    BEFORE_VOLTA,
    NEWEST_BEFORE_TURING,
    OLDEST_BEFORE_VOLTA,
    OLDEST_NVIDIA,
)

OTHERWISE = "set gpu_driver_source: none and install the driver in another way"


def missing(gpus, host, wanted):
    """What the inventory says is there, and is not."""
    least, vendors = wanted["gpu_driver_expected"], {gpu["vendor"] for gpu in gpus}
    if least > len(gpus):
        away = f", and {len(host['passed_through'])} given to virtual machines" if host["passed_through"] else ""
        if host["elsewhere"]:
            yield f"gpu_driver_expected: this is {ELSEWHERE[host['elsewhere']]}, and {least} GPUs are expected on the bus; write 0"
            return
        yet = ", ".join(gpu["bus_id"] for gpu in gpus)
        yield (f"gpu_driver_expected: there are {len(gpus)} GPUs on the PCI bus{f' ({yet})' if yet else ''}{away}, and {least} are expected; "
               "see: lspci -nn, and the firmware's settings of the slots; or correct the number")
    named = wanted["gpu_driver_vendor"]
    if gpus and named != "auto" and named not in vendors:
        yield (f"gpu_driver_vendor: this host has GPUs of {' and '.join(NAMES[vendor] for vendor in sorted(vendors))}, not of {NAMES[named]}; "
               "write auto")


def blocked(host, vendors):
    """What stands in the way of any driver on this host."""
    system = host["system"]
    if host["elsewhere"]:
        yield f"this is {ELSEWHERE[host['elsewhere']]}; {OTHERWISE}"
    if system["runfile"] and "nvidia" in vendors:
        yield "NVIDIA's own installer has put a driver here, which packages would mix with; remove it: /usr/bin/nvidia-uninstall"
    if system["foreign"] and "nvidia" in vendors:
        yield (f"this host also takes packages from {' and '.join(system['foreign'])}, whose drivers would mix with these; "
               f"turn that source off, or {OTHERWISE}")
    for module in system["blacklisted"]:
        if {"amdgpu": "amd", "nvidia": "nvidia"}[module] in vendors:
            yield (f"a file in /etc/modprobe.d forbids {module}, also to a driver that DKMS builds; "
                   f"find it: grep -r {module} /etc/modprobe.d /usr/lib/modprobe.d")
    if not all(host["drivers"][vendor]["installed"] for vendor in vendors):
        for path in system["cramped"]:
            yield f"{path} has less than {table.ROOM[path] / 10**9:g} GB free, which a driver takes; make room there"


def turned_back(host, vendors, wanted):
    """What this role does not undo: the driver's own packages would stay, and be newer than those that are wanted instead."""
    remove, all_of_it, sources = {
        "apt": ("apt-get purge", "*nvidia*", "/etc/apt/sources.list.d/{}.sources"), "dnf": ("dnf remove", "*nvidia*", "/etc/yum.repos.d/{}.repo"),
        "zypper": ("zypper remove", table.LOCKED, "/etc/zypp/repos.d/{}.repo"),
    }[table.manager(host["system"]["os"])]
    for vendor, name, old, new, packages, source in (
        ("nvidia", "gpu_driver_source", "vendor", "distro", f"'{all_of_it}'", "nvidia-driver"),
        ("amd", "gpu_driver_amd", "dkms", "inbox", "amdgpu-dkms", "amdgpu"),
    ):
        if vendor in vendors and (host["system"]["made"].get(vendor), wanted[name]) == (old, new):
            yield (f"{name}: this role gave this host {NAMES[vendor]}'s own packages, and does not exchange them for others; write {old}, "
                   f"or remove them, their repository and the record: {remove} {packages}; rm {sources.format(source)} {table.OUTCOME}")


def refused(cards, host, wanted, branch, flavour, row, offered, builds):
    """What keeps NVIDIA's driver from this host: the first thing alone where the others would follow from it."""
    virtual = next((card["bus_id"] for card in cards if card["virtual"]), None)
    if virtual:
        return [f"{virtual} is {GRID}, and no repository has those; {OTHERWISE}"]
    told, source = host["system"]["os"], wanted["gpu_driver_source"]
    name = f"{told['id']} {told['version']}".strip() or "this distribution"
    if source == "distro" and not offered:
        return [f"gpu_driver_source: {name} has no NVIDIA driver of its own that is known here; write vendor, or none"]
    if source == "vendor" and (row is None or host["system"]["arch"] not in table.ARCHES):
        return [f"gpu_driver_source: NVIDIA's packages for {name} on {host['system']['arch']} are not known here; {OTHERWISE}"]
    if not branch and source == "vendor":
        return ["gpu_driver_nvidia_branch: NVIDIA has packages for the newest Fedora alone, with the branches of its day; "
                f"name one, such as {table.BRANCHES[-2]}"]
    if source == "distro" and branch not in [each for each, _flavours in offered]:
        return [f"gpu_driver_nvidia_branch: {name} itself has {' and '.join(each for each, _flavours in offered)}, not {branch}; "
                "write auto, or gpu_driver_source: vendor"]
    if host["nvswitches"] and not table.fabric_manager(source, table.system_of(told)[1], branch):
        return [f"gpu_driver_source: {name} itself has no fabric manager that is known here, without which the GPUs behind NVSwitches "
                "cannot be used; write vendor"]
    there = numbers(host["drivers"]["nvidia"]["libraries"])[:1]
    if source == "vendor" and row.manager == "zypper" and there and table.generation(there[0]) != table.generation(branch):
        return [f"gpu_driver_nvidia_branch: packages of {there[0]} and {branch} are called otherwise on {name}, and do not take each other's place; "
                f"remove those of {there[0]} first: zypper remove 'nvidia-*{table.generation(there[0])}*'"]
    return [*_by_card(cards, branch, flavour), *_by_offer(wanted, branch, flavour, row, offered, name), *_secure_boot(host, wanted, builds)]


def _by_card(cards, branch, flavour):
    """Which card the driver would leave alone, or Ollama with that driver."""
    generations = {card["generation"]: card["bus_id"] for card in reversed(cards)}
    old = [each for each in generations if each in PROPRIETARY_ONLY]
    new = [each for each in generations if each in OPEN_ONLY]
    major = int(branch) if branch else 10**3
    if old and new:
        yield (f"no driver works for {old[0]} ({generations[old[0]]}) and {new[0]} ({generations[new[0]]}) on one host: the one needs the "
               "proprietary kernel module, the other the open one; take one of them out")
        return
    if old and major > NEWEST_BEFORE_TURING:
        yield (f"{NEWEST_BEFORE_TURING} is the last driver for {old[0]} ({generations[old[0]]}), and "
               f"{branch or 'the newest'} would be installed; {_ask_for(branch)}")
    elif old and flavour == "open":
        yield f"{old[0]} ({generations[old[0]]}) works with the proprietary kernel module only; write gpu_driver_nvidia_flavour: proprietary, or auto"
    if new and flavour == "proprietary":
        yield f"{new[0]} ({generations[new[0]]}) works with the open kernel module only; write gpu_driver_nvidia_flavour: open, or auto"
    least = OLDEST_BEFORE_VOLTA if any(each in BEFORE_VOLTA for each in generations) else OLDEST_NVIDIA
    if major < least:
        yield f"Ollama needs the NVIDIA driver {least} or newer for these GPUs, and {branch} would be installed; {_ask_for(branch)}"


def _ask_for(branch):
    return "write gpu_driver_source: vendor and gpu_driver_nvidia_branch: auto" + ("" if branch != "595" else ", or '580' where it is offered")


def _by_offer(wanted, branch, flavour, row, offered, name):
    """What is not offered, or not safe."""
    version, floor = wanted["gpu_driver_nvidia_version"], wanted["gpu_driver_nvidia_minimum"] or table.FLOORS.get(branch, "")
    if wanted["gpu_driver_source"] == "distro" and flavour not in dict(offered)[branch]:
        yield f"gpu_driver_nvidia_flavour: {name} itself has no {flavour} kernel module of {branch or 'it'}; write gpu_driver_source: vendor"
    if wanted["gpu_driver_source"] == "vendor" and flavour == "proprietary" and int(branch) > table.LAST_PROPRIETARY[row.manager]:
        yield f"gpu_driver_nvidia_flavour: NVIDIA has no proprietary kernel module of {branch} for {name} any more; write open, or an older branch"
    if row and row.oldest and wanted["gpu_driver_source"] == "vendor" and int(branch) < int(row.oldest):
        yield (f"gpu_driver_nvidia_branch: {row.oldest} is the oldest that this role installs on {name}, and {branch} is wanted; "
               "write auto, or use another distribution")
    if version and floor and numbers(version) < numbers(floor):
        yield (f"gpu_driver_nvidia_version: {version} lacks fixes of security holes, and {floor} is the oldest of its branch that has them; "
               f"write that or newer, or set gpu_driver_nvidia_minimum: \"{version}\" to take the risk")


def _secure_boot(host, wanted, builds):
    if host["secure_boot"] and builds and host["key_enrolled"] is not True and wanted["gpu_driver_secure_boot"] == "require_signed":
        yield ("gpu_driver_secure_boot: Secure Boot is on, and the kernel would refuse a module that DKMS builds here. Use a driver that the "
               "distribution signs (gpu_driver_source: distro, on Ubuntu and AlmaLinux), turn Secure Boot off, or write enroll to have "
               "its key wait to be confirmed at the console")
