# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Which driver a host's GPUs are to have: branch, flavour, packages, where from, and what of that differs. No I/O.

It follows from what gpu_facts tells and from the variables of role gpu_driver, which all begin with ``gpu_driver_``.
"""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils import _driver_origin as origin
from ansible_collections.barellama.fleet.plugins.module_utils import _driver_table as table
from ansible_collections.barellama.fleet.plugins.module_utils._driver_amd import amd
from ansible_collections.barellama.fleet.plugins.module_utils._driver_key import enrolment, waiting
from ansible_collections.barellama.fleet.plugins.module_utils._driver_refusals import blocked, missing, refused, turned_back
from ansible_collections.barellama.fleet.plugins.module_utils._driver_restart import restart
from ansible_collections.barellama.fleet.plugins.module_utils._driver_tuning import tuning
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_cards import OPEN_ONLY, PROPRIETARY_ONLY
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import MODULES, NAMES, numbers

LOADED = {"nvidia": ("nvidia", "nvidia_uvm"), "amd": ("amdgpu",)}
KEPLER = "Kepler or older"
NOTHING = {"vendors": [], "repositories": [], "streams": [], "first": [], "headers": [], "packages": [], "desired": [], "modules": [],
           "blacklist": [], "locks": [], "versions": {}, "flavours": {}, "daemons": [], "signs": [], "enrol": [], "refusals": [], "said": []}


def plan(gpus, host, wanted, local=False):
    """What to do about the drivers, as plain data; ``local`` is whether Ansible runs on that very host.

    refusals      lines; when there are any, nothing may be touched
    vendors       those whose driver this role has to see to; not those that have none, or one that works and is another's
    repositories  what role vendor_repo is to set up, its variables without their prefix
    streams       modules of dnf to enable, name:stream
    first         packages that have to be there before the others, since they choose the others' versions
    headers       packages with the headers of the kernel that runs, to be installed where it has none
    packages      those of the driver, as the package manager takes them, with the version where the name has none
    desired       bare names of all packages that have to be there
    modules       kernel modules that have to be there for the kernel that runs, by vendor
    load          those, and what Ollama needs beside them, that are not loaded
    blacklist     modules that stand in their way
    versions      vendor -> what the installed version has to begin with
    flavours      vendor -> what kernel module it has to be
    signs         vendors whose module DKMS builds and signs here
    enrol         where the key for it lies, if it has to be enrolled for Secure Boot: one of gpu_facts' ``mok``, or none
    daemons       units that have to run for the GPUs, and start with the host
    manager       apt, dnf or zypper
    locks         versions that zypper has to pass over, as it has them in its list of locks
    made          vendor -> where its driver is from, of those that this role gave the host or is about to: gpu_driver_source, gpu_driver_amd
    differs       lines on what drivers are not as wanted, which a package's bare name does not show
    restart       what to do about a restart: see ``_driver_restart.py``
    tuning        what GPUs are to be set to: see ``_driver_tuning.py``
    said          lines for the operator
    """
    planned = {key: list(value) if isinstance(value, list) else dict(value) for key, value in NOTHING.items()}
    planned["refusals"] = list(missing(gpus, host, wanted))
    for vendor, choose in (("nvidia", nvidia), ("amd", amd)):
        cards = [gpu for gpu in gpus if gpu["vendor"] == vendor and gpu["generation"] != KEPLER]
        if not cards or wanted["gpu_driver_source"] == "none":
            continue
        kept = _kept(vendor, cards, host, wanted)
        _merge(planned, {"said": [kept]} if kept else {**choose(cards, host, wanted), "vendors": [vendor]})
    _merge(planned, enrolment(host, wanted) if planned["signs"] else {})
    if planned["vendors"]:
        planned["refusals"] += [*blocked(host, planned["vendors"]), *turned_back(host, planned["vendors"], wanted)]
    tuned = tuning(gpus, host, wanted)
    planned["refusals"] += tuned["refusals"]
    unloaded = [vendor for vendor in planned["vendors"] if not host["drivers"][vendor]["loaded"]]
    ways = {"nvidia": wanted["gpu_driver_source"], "amd": wanted["gpu_driver_amd"]}
    before = host["system"]["made"] if host["system"] else {}
    made = {**before, **{vendor: ways[vendor] for vendor in planned["vendors"]}}
    return {**planned, "made": made, "manager": table.manager(host["system"]["os"]) if planned["vendors"] else "",
            "load": [module for vendor in unloaded for module in LOADED[vendor]],
            "tuning": tuned, "differs": [*_differing(planned, host), *waiting(planned, host)],
            "restart": restart(host, wanted["gpu_driver_reboot_policy"], local)}


def nvidia(cards, host, wanted):
    """What is wanted of NVIDIA's driver."""
    system, (ours, theirs) = host["system"], table.system_of(host["system"]["os"])
    source, row = wanted["gpu_driver_source"], table.SYSTEMS.get(ours)
    offered = table.DISTRIBUTIONS.get(theirs, ()) if source == "distro" else ()
    branch = _branch(cards, wanted, source, row, offered)
    flavour = _flavour(cards, wanted, branch, offered)
    builds = source == "vendor" or theirs.startswith("debian")
    refusals = refused(cards, host, wanted, branch, flavour, row, offered, builds)
    if refusals:
        return {"refusals": refusals}
    version = wanted["gpu_driver_nvidia_version"]
    opened, place = flavour == "open", "NVIDIA's repository" if source == "vendor" else "the distribution"
    if source == "vendor":
        first, packages = table.vendor_packages(row, branch, opened)
        first = [name.replace(branch, version) for name in first] if version else first
    else:
        first, packages = table.distribution_packages(theirs, branch, opened, system["kernel"])
    if host["nvswitches"]:
        packages = [*packages, table.fabric_manager(source, theirs, branch)]
    exact, following = table.header_packages(theirs, system["kernel"], system["arch"], system["headers"]) if builds else ([], [])
    signed = not builds and not host["drivers"]["nvidia"]["installed"]
    streams = row.streams if source == "vendor" else False
    repositories = [origin.repository(row, system, wanted, branch, version)] if source == "vendor" else []
    obsolete = [path for repository in repositories for path in repository["obsolete"]]
    return {
        "repositories": repositories,
        "streams": [f"nvidia-driver:{branch}-{'open' if opened else 'dkms'}"] if streams else [],
        "first": first,
        "headers": exact,
        "packages": [*following, *(table.signed_module(theirs, branch, opened, system["kernel"]) if signed else []),
                     *(origin.exactly(name, row, source, branch, version) for name in packages)],
        "desired": [*first, *following, *packages],
        "modules": [MODULES["nvidia"]],
        "blacklist": ["nouveau", "nova_core"],
        "locks": [origin.lock(branch, version)] if source == "vendor" and row.manager == "zypper" and wanted["gpu_driver_hold"] else [],
        "versions": {"nvidia": version or branch},
        "flavours": {"nvidia": flavour},
        "signs": ["nvidia"] if builds else [],
        "daemons": ["nvidia-fabricmanager.service"] if host["nvswitches"] else [],
        "said": [f"the NVIDIA driver {version or branch or 'of the distribution'} with the {flavour} kernel module, from {place}",
                 *(f"{path} of the package cuda-keyring goes: it is the same repository, which apt takes with one key alone" for path in obsolete)],
    }


def _branch(cards, wanted, source, row, offered):
    """The branch to install, as text; empty where the distribution chooses, or none can be told."""
    if wanted["gpu_driver_nvidia_version"]:
        return wanted["gpu_driver_nvidia_version"].partition(".")[0]
    if wanted["gpu_driver_nvidia_branch"] != "auto":
        return wanted["gpu_driver_nvidia_branch"]
    old = any(card["generation"] in PROPRIETARY_ONLY for card in cards)
    if source == "distro":
        return offered[0][0] if offered else ""
    return table.LONG_TERM if old else row.branch if row else ""


def _flavour(cards, wanted, branch, offered):
    """Open for all that can, since it alone drives the newest; proprietary for what is older than Turing, and where there is no other."""
    if wanted["gpu_driver_nvidia_flavour"] != "auto":
        return wanted["gpu_driver_nvidia_flavour"]
    there = next((flavours for name, flavours in offered if name == branch), ("open", "proprietary"))
    needs = "proprietary" if any(card["generation"] in PROPRIETARY_ONLY for card in cards) else "open"
    return needs if needs in there or any(card["generation"] in OPEN_ONLY for card in cards) else there[0]


def _kept(vendor, cards, host, wanted):
    """Why a driver is left as it is: it works, nobody asked for another, and it is not this role's."""
    chosen = {"nvidia": (wanted["gpu_driver_nvidia_branch"] != "auto" or wanted["gpu_driver_nvidia_flavour"] != "auto"
                         or wanted["gpu_driver_nvidia_version"]), "amd": wanted["gpu_driver_amd"] == "dkms"}[vendor]
    if chosen or vendor in host["system"]["made"] or not all(card["usable"] for card in cards):
        return None
    version = host["drivers"][vendor]["loaded_version"]
    return (f"the {NAMES[vendor]} driver{' ' + version if version else ''} works and was not installed by this role; it stays. "
            f"Choose {'gpu_driver_nvidia_branch' if vendor == 'nvidia' else 'gpu_driver_amd: dkms'} to have it replaced")


def _differing(planned, host):
    """Lines: what is installed and not of the wanted version or flavour, or not built for the kernel that runs."""
    for vendor in planned["vendors"]:
        driver, name, wanted = host["drivers"][vendor], NAMES[vendor], planned["versions"].get(vendor)
        there = [version for version in (driver["libraries"], driver["installed_version"]) if version]
        others = [version for version in there if wanted and numbers(version)[:len(numbers(wanted))] != numbers(wanted)]
        if MODULES[vendor] in planned["modules"] and not driver["installed"]:
            yield f"the {name} driver is not installed for the kernel {host['system']['kernel']}"
        elif vendor == "amd" and wanted and driver["installed_flavour"] == "kernel":
            yield f"the {name} driver {wanted} is not built for the kernel {host['system']['kernel']}, whose own would be loaded"
        elif others:
            yield f"the {name} driver {others[0]} is installed, and {wanted} is wanted"
        elif driver["installed_flavour"] not in (None, planned["flavours"].get(vendor, driver["installed_flavour"])):
            yield (f"the {driver['installed_flavour']} kernel module of the {name} driver is installed, "
                   f"and the {planned['flavours'][vendor]} one is wanted")
    if "nvidia" in planned["vendors"]:
        yield from origin.other_locks(host["system"]["locks"], planned["locks"])


def _merge(planned, more):
    for key, value in more.items():
        if isinstance(value, dict):
            planned[key].update(value)
        else:
            planned[key] += [each for each in value if each not in planned[key]]
