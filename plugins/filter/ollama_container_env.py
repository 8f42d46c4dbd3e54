# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of an instance in a container, as Compose or Podman reads it."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.barellama.fleet.plugins.module_utils._containers import environment_text
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError


def ollama_container_env(instance, options, extra_env=None):
    try:
        return environment_text(instance, options, extra_env)
    except FleetError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"ollama_container_env": ollama_container_env}
