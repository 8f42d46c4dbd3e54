# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""NVIDIA's packages as each package manager takes them: the repository, the versions, and what keeps others away. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils import _driver_table as table


def repository(row, system, wanted, branch, version):
    """The variables of role vendor_repo, without their prefix."""
    url = f"{wanted['gpu_driver_nvidia_repository'].rstrip('/')}/{row.nvidia}/{table.ARCHES[system['arch']]}"
    pins = [] if row.manager != "dnf" else [{"packages": ["*nvidia*"], "version": f"{version}-*" if version else f"{branch}.*", "priority": 1001}]
    return {"name": "nvidia-driver", "url": url, "manager": row.manager,
            "suites": ["/"] if row.manager == "apt" else [], "components": [], "key_url": f"{url}/{row.key[0]}",
            "key_fingerprints": wanted["gpu_driver_nvidia_key_fingerprints"] or [row.key[1]],
            "pins": pins, "obsolete": [path for path, address in system["keyring"].items() if address == url]}


def exactly(name, row, source, branch, version):
    """A package as the manager takes it, with its version where the name does not tell the branch."""
    if source != "vendor" or (branch in name and not version):
        return name
    if row.manager == "zypper":  # which knows no patterns
        return f"{name}={version}" if version else f"{name}<{int(branch) + 1}"
    which = f"{version}-*" if version else f"{branch}.*"
    return f"{name}={which}" if row.manager == "apt" else f"{name}-{which}"


def lock(branch, version):
    """What zypper passes over when it upgrades all, and when something else asks for these packages."""
    return f"{table.LOCKED} > {version}" if version else f"{table.LOCKED} >= {int(branch) + 1}"


def other_locks(there, wanted):
    """Lines: how zypper's locks of these packages differ."""
    why = "is of another version" if wanted else "is not wanted"
    yield from (f"zypper has the lock {lock}, which {why}" for lock in there if lock not in wanted)
    yield from (f"zypper has no lock {lock}" for lock in wanted if lock not in there)
