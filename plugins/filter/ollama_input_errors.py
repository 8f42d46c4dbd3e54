# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is wrong with the variables of a role."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._inputs import problems


def ollama_input_errors(variables, role, known=(), present=(), checksums=None, gpus=()):
    try:
        return problems(variables, role, known, present, checksums, gpus)
    except FleetError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"ollama_input_errors": ollama_input_errors}
