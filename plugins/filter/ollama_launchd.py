# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The property list by which launchd runs an instance on macOS."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._launchd import definition


def ollama_launchd(instance, options, extra_env=None):
    try:
        return definition(instance, options, extra_env)
    except FleetError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"ollama_launchd": ollama_launchd}
