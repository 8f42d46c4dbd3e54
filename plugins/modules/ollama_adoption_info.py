#!/usr/bin/python

# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_adoption_info
short_description: Tell how an Ollama that others set up becomes one of the role
version_added: 0.1.0
author:
  - barellama contributors (@barellama)
description:
  - Looks at a service made by the install script or by hand, or at a container made by C(docker run) or Compose, and
    says with which variables the role C(barellama.fleet.ollama) runs the same server on the same store.
  - What such a server is given in its environment is told in the role's typed settings, as Ollama reads it.
  - Nothing is lost in silence. What the role has no variable for is told as a drop-in to write, or as an obstacle.
extends_documentation_fragment:
  - barellama.fleet.attributes.info
  - barellama.fleet.attributes.action_group
options:
  unit:
    description: The unit of the service to look at, with its suffix.
    type: str
    default: ollama.service
  allow_unauthenticated_network:
    description: Whether a server that other hosts reach may go on like that; else it is an obstacle.
    type: bool
    default: false
seealso:
  - module: barellama.fleet.ollama_record
"""

EXAMPLES = r"""
- name: Look at what is there
  barellama.fleet.ollama_adoption_info:
  register: there

- name: Print what would be carried over
  ansible.builtin.debug:
    msg: "{{ there.adoption.report }}"
"""

RETURN = r"""
adoption:
  description: What was found, and what to make of it.
  returned: success
  type: dict
  contains:
    found:
      description:
        - V(systemd) or V(docker) for an Ollama of others, V(ours) where the role has made it, V(nothing) where there
          is none. Only the first two have the other fields.
      type: str
      returned: always
    variables:
      description: The role's variables, to be written into the inventory. They may hold secrets.
      type: dict
      sample: {ollama_method: systemd, ollama_settings: {num_parallel: 4}, ollama_models_dir: /data/models}
    shown:
      description: The same with C(***) in place of what may be a secret.
      type: dict
    version:
      description: The version that answers.
      type: str
      sample: 0.32.15
    report:
      description: A line for each variable and setting, what became of it, and why; of a container also what is not carried over.
      type: list
      elements: str
      sample: ["OLLAMA_NOPRUNE=off becomes ollama_settings.noprune: true, which is how Ollama reads it"]
    stays:
      description: A line for each thing that is left as it is.
      type: list
      elements: str
    goes:
      description: What is removed once the role's own serves.
      type: list
      elements: str
      sample: [/usr/local/bin/ollama, /usr/local/lib/ollama]
    obstacles:
      description: Why this host cannot be adopted as it is, with the cure; empty where it can.
      type: list
      elements: str
    drop_in:
      description: The C(path) and C(content) of a drop-in with what the role has no variable for, or none.
      type: dict
    made:
      description: What was found, as M(barellama.fleet.ollama_record) wants it.
      type: list
      elements: dict
    files:
      description: The files to put back if the role's own does not serve.
      type: list
      elements: str
    container:
      description: The C(name) of the container, what it is C(kept) as until ours is proven, and whether it is by now.
      type: dict
    volume:
      description: The C(name) of the volume to make of a mounted directory, C(device), so that the store stays there, or none.
      type: dict
    served:
      description: The server that has to answer then, as M(barellama.fleet.ollama_health) wants it.
      type: list
      elements: dict
"""

from ansible_collections.barellama.fleet.plugins.module_utils._adoption import adoption
from ansible_collections.barellama.fleet.plugins.module_utils._adoption_docker import ScanDocker
from ansible_collections.barellama.fleet.plugins.module_utils._adoption_scan import Scan
from ansible_collections.barellama.fleet.plugins.module_utils._module import run


def look(module):
    service = Scan(module.run_command).service(module.params["unit"])
    scan = ScanDocker(module.run_command)
    containers, ours = scan.containers()
    found = adoption(service, containers, ours, module.params["allow_unauthenticated_network"], scan.of_podman())
    return {"changed": False, "adoption": found}


def main():
    spec = {
        "unit": {"type": "str", "default": "ollama.service"},
        "allow_unauthenticated_network": {"type": "bool", "default": False},
    }
    run(spec, look)


if __name__ == "__main__":
    main()
