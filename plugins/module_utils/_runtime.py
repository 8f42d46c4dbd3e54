# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What a host has of container engines, their configuration, toolkits and specifications of devices. Reads only."""

from __future__ import annotations

import glob
import os
import platform
import shutil

from ansible_collections.barellama.fleet.plugins.module_utils import _cdi as cdi
from ansible_collections.barellama.fleet.plugins.module_utils import _daemon_json as daemon_json
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_packages as packages
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_units as units
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import MODULES
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_nvidia import parse_list
from ansible_collections.barellama.fleet.plugins.module_utils._host_engines import Engines
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read

UNFINISHED = "/var/lib/barellama/docker-containers"  # those that ran before Docker was restarted
TOOLKITS = {"nvidia": "nvidia-ctk", "amd": "amd-ctk"}
WATCHED = (units.REFRESH_PATH, units.REFRESH_SERVICE, units.OUR_PATH, units.OUR_SERVICE, units.AMDS_SERVICE)
WRITTEN = (units.DAEMON_PATH, units.FLAGS_PATH, *units.nvidia(""), *units.amd(""))
ACTIVE = ("active", "activating", "reloading")


class Runtime:
    """``kernel`` is a ``Kernel``, ``tools`` are ``Commands`` of one root. ``notes`` are what could not be looked at, and why."""

    def __init__(self, kernel, tools, which=shutil.which):
        self.kernel = kernel
        self.tools = tools
        self.root = tools.root
        self.notes = []
        self._which = which

    def look(self):
        """All of it as plain data, which ``_runtime_plan.plan`` takes. What cannot be seen counts as absent, with a note."""
        specs = [spec for folder in cdi.FOLDERS for path in sorted(glob.glob(f"{self.root}{folder}/*")) for spec in self._spec(path)]
        manager, installed = self._packages()
        release = self.kernel.text("/etc/os-release")
        daemon, unreadable = self._daemon()
        loaded = self.kernel.nvidia_version
        listed = self._listed() if loaded else {}
        amds = sum(card["vendor"] == "amd" and card["driver"] == MODULES["amd"] for card in self.kernel.cards)
        found = {
            "system": packages.parse_os_release(release),
            "codename": packages.codename(release),
            "machine": platform.machine(),
            "manager": manager,
            "packages": installed,
            "engines": {name: self._engine(name) for name in packages.ENGINES},
            "daemon": daemon,
            "unreadable": unreadable,
            "files": {path: content for path, content in ((path, self._text(path)) for path in WRITTEN) if content is not None},
            "unfinished": (self._text(UNFINISHED) or "").split(),
            "toolkits": {vendor: path for vendor, path in ((vendor, self._which(name)) for vendor, name in TOOLKITS.items()) if path},
            "specs": specs,
            "missing_hooks": sorted({hook for spec in specs for hook in spec["hooks"] if not os.path.exists(self.root + hook)}),
            "vendors": sorted({card["vendor"] for card in self.kernel.cards}),
            "driver": loaded,
            "gpus": {"nvidia": bool(loaded), "amd": bool(amds)},
            "numbered": {"nvidia": cdi.devices(listed) if listed else None, "amd": [str(number) for number in range(amds)]},
        }
        return {**found, **self._systemd()}

    def _engine(self, name):
        asked = {"kind": "engine", "name": name, **({"compose": "2"} if name == "docker" else {})}
        return Engines(self.tools, []).engine(asked)

    def _packages(self):
        """(apt or dnf, name -> version)."""
        status = self._text("/var/lib/dpkg/status")
        if status is not None:
            return "apt", packages.parse_dpkg(status, packages.KNOWN)
        answer = self.tools.run("rpm", "-q", "--qf", "%{NAME} %{VERSION}\\n", *packages.KNOWN)
        return "dnf", packages.parse_rpm(answer[1], packages.KNOWN) if answer else {}

    def _listed(self):
        answer = self.tools.limited("nvidia-smi", "-L")
        return parse_list(answer[1]) if answer and answer[0] == 0 else {}

    def _systemd(self):
        """units: name -> enabled and active, of those that there are; marker: of the Docker that runs."""
        try:
            shown = self.tools.units([*WATCHED, "docker.service"])
            docker = self.tools.environment(shown.pop("docker.service").get("MainPID", "0"))
        except FleetError as error:
            self.notes.append(str(error))
            return {"units": {}, "marker": None}
        there = {name: {"enabled": unit["UnitFileState"] == "enabled", "active": unit["ActiveState"] in ACTIVE}
                 for name, unit in shown.items() if unit["LoadState"] == "loaded"}
        return {"units": there, "marker": units.marker("\n".join(docker or ()))}

    def _spec(self, path):
        if not path.endswith((".json", ".yaml")):
            return
        path = path[len(self.root):]
        spec = cdi.parse(self._text(path) or "")
        if spec:
            yield {"path": path, **spec}
        else:
            self.notes.append(f"{path} is no specification of devices that can be read here")

    def _daemon(self):
        """(what is in daemon.json, why it cannot be read)."""
        try:
            return read(self.root + daemon_json.PATH), None
        except FleetError as error:
            return None, str(error)

    def _text(self, path):
        content = self._bytes(path)
        return None if content is None else content.decode("utf-8", "replace")

    def _bytes(self, path):
        try:
            return read(self.root + path)
        except FleetError as error:
            self.notes.append(str(error))
            return None
