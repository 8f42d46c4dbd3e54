#!/usr/bin/python

# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: unit_sandbox
short_description: Tell which protections of a unit its running process lacks
version_added: 0.1.0
author:
  - barellama contributors (@barellama)
description:
  - systemd starts a unit without the protection that it cannot give, with no more than a line in the log. In containers
    and on kernels without some options this happens.
  - Compares what units ask for, drop-ins included, with what their main processes show in C(/proc), namespaces, mounts,
    filters of system calls, capabilities, privileges and account, and says what is missing.
  - Only looks. A process that lacks protection is a result, not an error. What to do about it is the caller's decision.
options:
  units:
    description: The names of system units, with their suffixes.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - barellama.fleet.attributes.info
notes:
  - Only root can look into the namespaces of others, so this needs C(become) as a rule.
seealso:
  - module: barellama.fleet.host_drift
"""

EXAMPLES = r"""
- name: Look at the sandbox of the server
  barellama.fleet.unit_sandbox:
    units: [ollama.service]
  register: proof

- name: Refuse to go on without it
  ansible.builtin.assert:
    that: proof.lacking | length == 0
    fail_msg: "{{ proof.lacking | map(attribute='reason') | join('; ') }}"
"""

RETURN = r"""
units:
  description: The units, in the order of O(units).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    state:
      description: V(running), V(stopped) when it has no main process, V(absent) when systemd does not know it.
      type: str
    pid:
      description: Its main process. None when it has none.
      type: int
lacking:
  description: What the processes of all units lack. Empty when every process that runs has what its unit asks for.
  returned: success
  type: list
  elements: dict
  contains:
    unit:
      description: The unit.
      type: str
    protection:
      description: What is missing.
      type: str
    directives:
      description: What in the unit asks for it.
      type: list
      elements: str
    reason:
      description: What was seen, in one line.
      type: str
  sample:
    - unit: ollama.service
      protection: UTS namespace
      directives: [ProtectHostname]
      reason: "ollama.service: the process is in the machine's own UTS namespace, so ProtectHostname cannot hold"
"""

from ansible_collections.barellama.fleet.plugins.module_utils._module import run
from ansible_collections.barellama.fleet.plugins.module_utils._sandbox_process import Sandboxes


def sandbox(module):
    return {"changed": False, **Sandboxes(module.run_command).look(module.params["units"])}


def main():
    run({"units": {"type": "list", "elements": "str", "required": True}}, sandbox)


if __name__ == "__main__":
    main()
