# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of an Ollama server to the text of its environment file."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._settings import environment, render


def ollama_env(settings, extra_env=None, version=None):
    try:
        return render(environment(settings, extra_env, version))
    except FleetError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"ollama_env": ollama_env}
