# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Which driver AMD's GPUs are to have: the kernel's own with its firmware, or by choice AMD's, which DKMS builds. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils import _driver_table as table
from ansible_collections.barellama.fleet.plugins.module_utils._driver_refusals import OTHERWISE
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import MODULES


def amd(_cards, host, wanted):
    """In the words of ``_driver_plan.py``."""
    system = host["system"]
    ours, name = table.system_of(system["os"])
    return _own(host, ours) if wanted["gpu_driver_amd"] == "inbox" else _built(host, wanted, ours, name)


def _own(host, ours):
    """The kernel's driver: there is nothing to build, but a distribution may have put module and firmware in packages apart."""
    system = host["system"]
    firmware = table.FIRMWARE.get(ours) or table.FIRMWARE.get(ours.partition(" ")[0])
    if not firmware:
        return {"refusals": [f"gpu_driver_amd: the package with AMD's firmware for {ours} is not known here; {OTHERWISE}"]}
    apart = ours.startswith("ubuntu") and not host["drivers"]["amd"]["installed"]
    packages = [firmware, *([f"linux-modules-extra-{system['kernel']}"] if apart else [])]
    return {"packages": packages, "desired": packages, "modules": [MODULES["amd"]],
            "said": [f"the kernel's own AMD driver, with {' and '.join(packages)}"]}


def _built(host, wanted, ours, name):
    """AMD's own amdgpu of a release that is known to go together, in the place of the kernel's."""
    system, row, release = host["system"], table.SYSTEMS.get(ours), wanted["gpu_driver_amd_release"]
    if row is None or not row.amd or system["arch"] != "x86_64":
        known = ", ".join(key for key, each in table.SYSTEMS.items() if each.amd)
        return {"refusals": [f"gpu_driver_amd: AMD's own driver for {name} on {system['arch']} is not known here; "
                             f"it is for {known} on x86_64; write inbox"]}
    if host["secure_boot"] and host["key_enrolled"] is not True and wanted["gpu_driver_secure_boot"] == "require_signed":
        return {"refusals": ["gpu_driver_amd: Secure Boot is on, and the kernel would refuse a module that DKMS builds here; write inbox, "
                             "or gpu_driver_secure_boot: enroll"]}
    base, fingerprint = wanted["gpu_driver_amd_repository"].rstrip("/"), table.AMD_KEY[1]
    apt = row.manager == "apt"
    exact, following = table.header_packages(name, system["kernel"], system["arch"], system["headers"])
    return {
        "repositories": [{
            "name": "amdgpu", "url": f"{base}/amdgpu/{release}/ubuntu" if apt else f"{base}/amdgpu/{release}/el/{row.amd}/main/x86_64",
            "manager": row.manager, "suites": [row.amd] if apt else [], "components": ["main"] if apt else [], "key_url": f"{base}/{table.AMD_KEY[0]}",
            "key_fingerprints": wanted["gpu_driver_amd_key_fingerprints"] or [fingerprint], "pins": [], "obsolete": [],
        }],
        "headers": exact,
        "packages": [*following, "amdgpu-dkms"], "desired": [*following, "amdgpu-dkms"], "modules": [MODULES["amd"]], "signs": ["amd"],
        "versions": {"amd": table.AMD_RELEASES[release]},
        "said": [f"AMD's own driver {release}, which DKMS builds as {table.AMD_RELEASES[release]}"],
    }
