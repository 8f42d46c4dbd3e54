# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The only place that knows AnsibleModule."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError


def run(argument_spec, verb, hidden=(), **rules):
    """Build the module, call ``verb(module) -> result dict`` and report what it returns.

    ``hidden`` names the parameters in which secrets may be, and which -vvv therefore does not show. They are not
    ``no_log``, which would also mask every word of them in the result. ``rules`` are AnsibleModule's own
    (``required_one_of`` and the like). Every module supports check mode.
    """
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True, **rules)
    call = {"module_args": {**module.params, **dict.fromkeys(hidden, "hidden: it may hold secrets")}}
    try:
        _refuse_impossible_paths(argument_spec, module.params)
        result = verb(module)
    except FleetError as error:
        module.fail_json(msg=str(error), invocation=call, **error.facts)
    module.exit_json(invocation=call, **result)


def _refuse_impossible_paths(argument_spec, params):
    for name, rule in argument_spec.items():
        if rule.get("type") == "path" and "\0" in (params[name] or ""):
            raise FleetError(f"{name} has a null character in it, which no path can have")
