# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What role gpu_driver is told of a host, and its variables, as the tests of the decisions about drivers vary them."""

from __future__ import annotations

import copy

WANTED = {
    "gpu_driver_source": "vendor", "gpu_driver_vendor": "auto", "gpu_driver_expected": 0,
    "gpu_driver_nvidia_branch": "auto", "gpu_driver_nvidia_version": "", "gpu_driver_nvidia_flavour": "auto", "gpu_driver_nvidia_minimum": "",
    "gpu_driver_nvidia_repository": "https://nvidia.example/repos/", "gpu_driver_nvidia_key_fingerprints": [],
    "gpu_driver_amd": "inbox", "gpu_driver_amd_release": "30.30.4", "gpu_driver_amd_repository": "https://amd.example",
    "gpu_driver_amd_key_fingerprints": [],
    "gpu_driver_secure_boot": "require_signed", "gpu_driver_mok_certificate": "", "gpu_driver_mok_key": "", "gpu_driver_mok_password_hash": "",
    "gpu_driver_hold": True, "gpu_driver_reboot_policy": "report", "gpu_driver_persistence": True, "gpu_driver_tuning": {},
    "gpu_driver_drain_command": [], "gpu_driver_undrain_command": [], "gpu_driver_serial": "1",
}
MOK = {"key": "/var/lib/dkms/mok.key", "certificate": "/var/lib/dkms/mok.pub", "digest": None}
NONE = {"loaded": False, "loaded_version": None, "loaded_flavour": None, "installed": False, "installed_version": None,
        "installed_flavour": None, "libraries": None, "built_for": [], "dkms": []}
SYSTEM = {"os": {"id": "debian", "version": "13", "codename": "trixie"}, "arch": "x86_64", "kernel": "6.12.1-amd64", "boot_id": "now",
          "container": False, "headers": False, "cramped": [], "runfile": False, "foreign": [], "keyring": {}, "locks": [],
          "blacklisted": [], "build_errors": {}, "made": {}, "restarted": None, "tuned": False, "drained": False}
KERNELS = {"debian": "6.12.1-amd64", "ubuntu": "6.8.0-31-generic", "sles": "6.4.0-150600.23.65-default",
           "sles_sap": "6.4.0-150700.51-default", "opensuse-leap": "6.12.0-160000.5-default"}


def gpu(generation="Ada", vendor=None, where="0000:01:00.0", usable=False):
    vendor = vendor or ("amd" if generation.startswith(("RDNA", "CDNA", "Vega")) else "nvidia")
    return {"vendor": vendor, "generation": generation, "bus_id": where, "usable": usable, "virtual": False}


def host(system="debian 13", driver=(), **more):
    """One without a driver; ``driver`` is what is otherwise of it, ``more`` of the host or of its system."""
    told = copy.deepcopy(SYSTEM)
    name, _space, version = system.partition(" ")
    told["os"] = {"id": name, "version": version, "codename": ""}
    told["kernel"] = KERNELS.get(name, "5.14.0-503.el9.x86_64")
    told.update({key: more.pop(key) for key in list(more) if key in told})
    drivers = {vendor: {**NONE, **dict(driver)} for vendor in ("nvidia", "amd")}
    return {"drivers": drivers, "nvswitches": 0, "secure_boot": None, "key_enrolled": None, "key_queued": False, "mok": MOK, "elsewhere": None,
            "system": told, "passed_through": [],
            "reboot": [], "notes": [], **more}


def wanted(**others):
    return {**WANTED, **{f"gpu_driver_{name}": value for name, value in others.items()}}
