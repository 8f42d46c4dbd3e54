# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What is to be done on a host so that its container engine is the wanted one and gives GPUs to containers. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils import _cdi as cdi
from ansible_collections.barellama.fleet.plugins.module_utils import _daemon_json as daemon_json
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_packages as packages
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_repositories as repositories
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_units as units
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import NAMES as VENDORS
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import numbers

NAMES = {"docker": "Docker", "podman": "Podman"}
WITH_ZYPPER = ("sle", "opensuse")
SUPPORTED = "Debian 12 and 13, Ubuntu 22.04 to 26.04, RHEL and its likes 9 and 10, Fedora"


def plan(found, wanted):
    """``found`` as ``_runtime.py`` looks at a host; ``wanted``: engine, source, gpu_vendor, toolkit_version, repositories, daemon, everything.

    The result has every list and flag that the role acts upon, and all that differs in words as ``differences``. With everything it also
    has what is as wanted already, of what can be done twice: packages, files, units.
    """
    made = {"refusals": [], "notes": [], "differences": [], "manager": found["manager"], "repositories": [], "packages": [], "toolkit": [],
            "daemon": None, "marker": None, "start": False, "older": False, "restart": False, "bring_back": [], "files": [], "obsolete": [], "aside": [],
            "units": [], "refresh": []}
    if wanted["engine"] == "none":
        return made
    engine = found["engines"][wanted["engine"]]
    if wanted["gpu_vendor"] != "none" and found["vendors"] and wanted["gpu_vendor"] not in found["vendors"]:
        made["refusals"].append(f"container_runtime_gpu_vendor: this host has GPUs of {' and '.join(map(VENDORS.get, found['vendors']))}, not of "
                                f"{VENDORS[wanted['gpu_vendor']]}; correct it, or ollama_gpu_vendor, which it follows")
    _packages(made, found, wanted, engine)
    toolkit_stays = wanted["gpu_vendor"] != "nvidia" or _toolkit(made, found, wanted)
    if wanted["engine"] == "docker":
        _docker(made, found, wanted, engine)
    if engine["state"] != "absent" and toolkit_stays:
        _specifications(made, found, wanted, engine.get("version"))
    if made["refusals"]:
        made["differences"] = []
    return made


def _packages(made, found, wanted, engine):
    name, source = wanted["engine"], wanted["source"]
    names, source = packages.wanted(name, source, found["system"], found["packages"])
    if engine["state"] != "absent" and not set(found["packages"]) & set(packages.ENGINES[name]):
        return  # it came without a package, and whoever brought it looks after it
    if packages.is_compose_2(engine.get("compose")):
        names = [package for package in names or () if package in found["packages"]]  # the rest is as its operator chose
    if names is None and name == "podman" and engine["state"] != "absent":
        return  # the operator's distribution has brought it
    if names is None:
        made["refusals"].append(_no_packages(name, found))
        return
    missing = [package for package in names if package not in found["packages"]]
    made["packages"] = list(names) if wanted["everything"] else missing
    made["differences"] += [f"package {package} is absent, not installed" for package in missing]
    if missing and source == "vendor":
        made["repositories"].append(repositories.docker(found, wanted["repositories"].get("docker", {})))


def _no_packages(name, found):
    system, where = found["system"], _where(found)
    if name == "docker" and system[0] in ("debian", "el", "ubuntu"):
        there = next((package for package in packages.ENGINES[name] if package in found["packages"]), None)
        first = f"remove its {there}, and " if there else ""  # an engine that is there stays with its source
        return f"{where} has no package of Docker with Compose 2; {first}set container_runtime_source: vendor"
    return f"container_runtime_engine: nobody knows the packages of {NAMES[name]} on {where}; there are those of {SUPPORTED}, " \
           "or install it yourself, and it is used as it is"


def _where(found):
    name, version = found["system"]
    return " ".join([name or "a distribution without a name", ".".join(map(str, version))]).strip()


def _toolkit(made, found, wanted):
    """Whether it is as wanted."""
    version, there = wanted["toolkit_version"], found["packages"]
    other = [name for name in packages.TOOLKIT if there.get(name) != version]
    if found["system"][0].startswith(WITH_ZYPPER):
        made["refusals"] += [f"container_runtime_gpu_vendor: NVIDIA's toolkit is not installed on {_where(found)} by this role; install "
                             f"{packages.TOOLKIT[0]} {version} there yourself, and it is used as it is"] if other else []
    elif other or wanted["everything"]:
        made["repositories"].append(repositories.toolkit(found, wanted["repositories"].get("toolkit", {}), version))
        between = "=" if found["manager"] == "apt" else "-"
        made["toolkit"] = [f"{name}{between}{version}-1" for name in packages.TOOLKIT]
        made["differences"] += [f"package {name} is {there.get(name) or 'absent'}, not {version}" for name in other]
    return not other


def _docker(made, found, wanted, engine):
    if found["unreadable"]:
        made["refusals"].append(f"{found['unreadable']}; mend it, and run again; nothing was changed")
        return
    try:
        there = daemon_json.parse(found["daemon"])
    except FleetError as error:
        made["refusals"].append(str(error))
        return
    version = engine.get("version")
    keys = daemon_json.merge(daemon_json.for_gpus(wanted["gpu_vendor"], version), wanted["daemon"])
    merged = daemon_json.merge(there, keys)
    changes = list(daemon_json.changes(there, merged))
    if changes:
        made["daemon"] = daemon_json.text(merged)
        made["marker"] = units.daemon(daemon_json.digest(merged))
        made["differences"] += [f"{daemon_json.PATH}: {line}" for line in changes]
    older = found["marker"] != units.marker(found["files"].get(units.DAEMON_PATH))
    made["older"] = older
    if engine["state"] != "absent":
        stopped = engine["state"] == "stopped"
        made["restart"] = bool(changes) or older and not stopped
        made["start"] = (stopped or wanted["everything"]) and not changes
        made["bring_back"] = found["unfinished"]
        made["differences"] += ["docker.service is stopped, not running"] * stopped
        made["differences"] += ["docker.service runs with an older daemon.json"] * (older and not changes and not stopped)
        made["differences"] += [f"container {name[:12]} was stopped with Docker" for name in found["unfinished"]]
    if version and wanted["gpu_vendor"] == "nvidia" and numbers(version) < daemon_json.CAN_READ_CDI:
        made["notes"].append(f"Docker {version} gives GPUs by a hook, and every systemctl daemon-reload takes them from running containers; "
                             "upgrade to 25 or newer, or set exec-opts: [native.cgroupdriver=cgroupfs] in container_runtime_daemon")


def _specifications(made, found, wanted, version):
    vendor = wanted["gpu_vendor"]
    newest = cdi.readable(wanted["engine"], version) if vendor in found["toolkits"] else None
    files, service, enabled, active = _refreshed_by(vendor, found, newest) if newest else ({}, None, [], [])
    made["obsolete"] = [path for path in found["files"] if path != units.DAEMON_PATH and path not in files]
    made["differences"] += [f"{path} is there, and not needed any more" for path in made["obsolete"]]
    if newest is None:
        return
    for path, content in files.items():
        differs = found["files"].get(path) != content
        made["files"] += [{"path": path, "content": content}] if differs or wanted["everything"] else []
        made["differences"] += [f"{path} is {'another' if path in found['files'] else 'absent'}"] if differs else []
    for unit in dict.fromkeys([*enabled, *active]):
        state = found["units"].get(unit, {})
        differs = state.get("enabled") is not True or unit in active and state.get("active") is not True
        made["units"] += [{"name": unit, "active": unit in active}] if differs or wanted["everything"] else []
        made["differences"] += [f"unit {unit} is not {'enabled and active' if unit in active else 'enabled'}"] if differs else []
    specs = [spec for spec in found["specs"] if spec["kind"] == cdi.KINDS[vendor]]
    if not found["gpus"][vendor]:
        made["notes"].append(f"no GPU of {vendor} has its driver loaded; its specification is written when one has")
        return
    host = {"driver": found["driver"] if vendor == "nvidia" else None, "gpus": found["numbered"][vendor], "missing": found["missing_hooks"]}
    reasons = {spec["path"]: _unfit(spec, host, newest, wanted["engine"], version) for spec in specs}
    made["differences"] += [f"{path}: {why}" for path, why in reasons.items() if why]
    if vendor == "nvidia":  # the one that is refreshed is in the other folder
        made["aside"] = [spec["path"] for spec in specs if reasons[spec["path"]] and spec["path"].startswith(cdi.FOLDERS[0])]
    fit = [path for path, why in reasons.items() if not why]
    if not fit:
        made["refresh"] = [service]
        made["differences"] += [] if reasons else [f"there is no specification of {cdi.KINDS[vendor]} in {' or '.join(cdi.FOLDERS)}"]
    elif any(why for path, why in reasons.items() if path not in made["aside"]):
        made["refresh"] = [service]


def _refreshed_by(vendor, found, newest):
    """(files, the service that writes the specification, units to be enabled, units to be active)."""
    if vendor == "amd":
        return units.amd(found["toolkits"]["amd"]), units.AMDS_SERVICE, [units.AMDS_SERVICE], []
    if units.REFRESH_PATH in found["units"]:
        flags = {units.FLAGS_PATH: units.FLAGS} if numbers(newest) < numbers(cdi.ITS_OWN) else {}
        return flags, units.REFRESH_SERVICE, [units.REFRESH_SERVICE], [units.REFRESH_PATH]
    return units.nvidia(found["toolkits"]["nvidia"]), units.OUR_SERVICE, [units.OUR_SERVICE], [units.OUR_PATH]


def _unfit(spec, host, newest, engine, version):
    if numbers(newest) < numbers(cdi.ITS_OWN) and numbers(spec["version"]) > numbers(newest):
        return f"it is of CDI {spec['version']}, and {NAMES[engine]} {version} reads up to {newest}"
    return cdi.stale(spec, host)
