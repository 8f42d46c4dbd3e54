# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The only place that knows AnsibleModule."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError


def run(argument_spec, verb, **rules):
    """Build the module, call ``verb(module) -> result dict`` and report what it returns.

    ``rules`` are AnsibleModule's own (``required_one_of`` and the like). Every module supports check mode.
    """
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True, **rules)
    try:
        result = verb(module)
    except FleetError as error:
        module.fail_json(msg=str(error), **error.facts)
    module.exit_json(**result)
