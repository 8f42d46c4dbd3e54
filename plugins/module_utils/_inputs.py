# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Everything that is wrong with the variables of a role, told at once and before anything is touched."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils import (
    _inputs_container,
    _inputs_container_runtime,
    _inputs_gpu_driver,
    _inputs_host,
    _inputs_method,
    _inputs_models,
    _inputs_release,
    _inputs_service,
    _inputs_vendor_repo,
)
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown

# Those of the role ollama depend on each other, and on the host.
OTHERS = {
    "ollama_models": _inputs_models.problems,
    "container_runtime": _inputs_container_runtime.problems,
    "gpu_driver": _inputs_gpu_driver.problems,
    "vendor_repo": _inputs_vendor_repo.problems,
}
ROLES = ("ollama", *OTHERS)


def problems(variables, role, known=(), present=(), checksums=None, gpus=()):
    """All problems as a list of lines, empty when all is well.

    ``variables`` are the role's variables by name. ``known`` are all names that mean something to this collection,
    ``present`` those that the host has; what is present and not known is probably a slip. ``checksums`` has a key for
    every version whose sha256 is known; None skips that question. ``gpus`` are those that the host is known to have.
    """
    if role not in ROLES:
        raise FleetError(f"role {shown(role)} has no rules here; there are {', '.join(ROLES)}")
    if not isinstance(variables, dict):
        raise FleetError(f"{shown(variables)} is not a dictionary of variables by name")
    found = strangers(present, known, role)
    if role in OTHERS:
        return found + OTHERS[role](variables)
    if variables.get("ollama_method") in _inputs_container.METHODS:
        checksums = None  # an image comes with its own
    found += _inputs_release.problems(variables, checksums) + _inputs_service.problems(variables)
    found += _inputs_container.problems(variables) + _inputs_method.problems(variables)
    return found + _inputs_host.problems(variables, gpus)


def strangers(present, known, role):
    """Variables that begin as those of ``role`` do, not of a role with a longer name, and that nothing reads."""
    known = set(known)
    return [
        f"{name}: is not a variable of this collection{did_you_mean(name, known) or f'; see roles/{role}/README.md'}"
        for name in sorted(present)
        if name not in known and _role_of(name) == role
    ]


def _role_of(name):
    return next((role for role in sorted(ROLES, key=len, reverse=True) if name.startswith(role + "_")), None)
