# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What a host has to compute on and to run containers with, looked at when first asked. Reads only."""

from __future__ import annotations

import glob
import os
from functools import cached_property

from ansible_collections.barellama.fleet.plugins.module_utils import _cdi
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_kernel import GIVEN_AWAY, Kernel
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_nvidia import COMPUTING, parse_processes
from ansible_collections.barellama.fleet.plugins.module_utils._host_engines import Engines
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read
from ansible_collections.barellama.fleet.plugins.module_utils._record import EMPTY, parse
from ansible_collections.barellama.fleet.plugins.module_utils._release import CURRENT, linked_release

RECORD = "/var/lib/barellama/ollama.json"
# The namespace that the kernel itself has; in any other one, drivers tell of no process, or by other numbers.
FIRST_NAMESPACE = "pid:[4026531836]"


class Host:
    """The host itself. ``wanted`` are the vendors of GPUs that the operator says it has, ``method`` how servers run."""

    name = ""  # findings about it name no instance

    def __init__(self, tools, method="systemd", wanted=()):
        self.tools = tools
        self.kernel = Kernel(tools.root)
        self.method = method
        self.wanted = set(wanted)

    @property
    def gpus(self):
        """The GPUs on the PCI bus, each with vendor, slot and driver (the kernel's, or None)."""
        return self.kernel.cards

    @property
    def vendors(self):
        """The vendors whose GPUs servers shall use: what the operator says, else what is there and not given away."""
        return self.wanted or {gpu["vendor"] for gpu in self.gpus if gpu["driver"] != GIVEN_AWAY}

    @property
    def has_others(self):
        """Whether there may be GPUs that no PCI bus shows."""
        return self.kernel.has_others

    @property
    def nodes(self):
        """Vendor -> path -> (mode, uid, gid, when it was made) of the device nodes that its GPUs are used through."""
        return self.kernel.nodes

    @property
    def nvidia_version(self):
        """The version of the NVIDIA driver that is loaded; None where none is."""
        return self.kernel.nvidia_version

    @cached_property
    def nvidia_smi(self):
        """(status, words) of nvidia-smi; None where it is not there. It is not asked without a driver, which it loads."""
        return self.tools.limited("nvidia-smi", "-L") if self.nvidia_version else None

    @cached_property
    def cdi_versions(self):
        """Path -> version of the NVIDIA driver that a CDI specification was made for."""
        paths = [path for folder in _cdi.FOLDERS for path in sorted(glob.glob(f"{self.tools.root}{folder}/*"))]
        places = [path[len(self.tools.root):] for path in paths if os.path.isfile(path)]
        told = {path: _cdi.parse(self.kernel.text(path)) for path in places}
        return {path: spec["driver"] for path, spec in told.items() if spec and spec["driver"]}

    @cached_property
    def computing(self):
        """The processes that drivers tell to compute on a GPU; None where they do not, or not by numbers that hold here."""
        try:
            if os.readlink(f"{self.tools.root}/proc/self/ns/pid") != FIRST_NAMESPACE:
                return None
        except OSError:
            return None
        found = {"amd": self.kernel.computing() if "amd" in self.vendors else set(), "nvidia": set()}
        if self.nvidia_version:
            status, words = self.tools.limited(*COMPUTING) or (1, "")
            found["nvidia"] = None if status else parse_processes(words)
        return None if None in found.values() else set().union(*found.values())

    @cached_property
    def engine(self):
        """What is there of the engine that ``method`` names: state, version, compose (see ``_host_engines.py``)."""
        wanted = {"kind": "engine", "name": self.method, **({"compose": True} if self.method == "docker" else {})}
        return Engines(self.tools, []).engine(wanted)

    @property
    def record(self):
        """What the role has on record here (see ``_record.py``); nothing where it has none."""
        return self._record[0]

    @property
    def record_trouble(self):
        """Why the record cannot be read; None where it can, or is not there."""
        return self._record[1]

    @cached_property
    def _record(self):
        try:
            text = read(self.tools.root + RECORD)
            return (EMPTY if text is None else parse(text, RECORD)), None
        except FleetError as error:
            return EMPTY, str(error)

    @cached_property
    def missing_files(self):
        """The files that the role has written for what serves, and that are no longer there."""
        return [path for path in (self.record["proven"] or {}).get("files", ()) if not os.path.lexists(self.tools.root + path)]

    @property
    def release_root(self):
        """Where the role keeps the releases that serve; None where something else serves."""
        if (self.record["proven"] or {}).get("method") != "systemd":
            return None
        return next((thing["path"] for thing in self.record["made"] if thing["kind"] == "release"), None)

    @cached_property
    def release(self):
        """The release that is to serve, as ``_release.found_release`` tells it; None where there is none."""
        return linked_release(self.tools.root + self.release_root, CURRENT)

    def kernel_log(self, since):
        """What the kernel said since a moment (seconds since 1970), as far as the journal has it."""
        said = self.tools.out("journalctl", "-q", "-k", "--no-pager", "-o", "cat", f"--since=@{since:.0f}")
        return (said or "").splitlines()
