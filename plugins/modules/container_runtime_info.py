#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_runtime_info
short_description: Tell which container engines a host has, how they give GPUs to containers, and what is not as wanted
version_added: 0.1.0
description:
  - Looks at Docker and Podman, Docker's C(daemon.json), the toolkits of NVIDIA and AMD, and the specifications of devices (CDI)
    that these write, and compares those with the driver that is loaded and the GPUs that there are.
  - With O(engine) it also says what would have to be done for that engine, which the role C(container_runtime) then does.
  - Nothing is changed. A host that has none of it is no error; one that cannot have O(engine), or whose C(daemon.json) is broken, is.
author:
  - barellama contributors (@barellama)
extends_documentation_fragment:
  - barellama.fleet.attributes.info
  - barellama.fleet.root
options:
  engine:
    description: The wanted container engine.
    type: str
    choices: [docker, podman, none]
    default: none
  source:
    description: Where the engine's packages come from. An engine that is there stays with its source.
    type: str
    choices: [distro, vendor]
    default: distro
  gpu_vendor:
    description: Whose GPUs containers get.
    type: str
    choices: [nvidia, amd, none]
    default: none
  toolkit_version:
    description: The version of all four packages of NVIDIA's container toolkit.
    type: str
  repositories:
    description: In place of the vendors' own, of C(docker) and C(toolkit) any of C(url), C(key_url), C(key) and C(key_fingerprints).
    type: dict
    default: {}
  daemon:
    description: Keys of C(daemon.json), which are merged into what is there. V(none) takes a key away.
    type: dict
    default: {}
  everything:
    description: For the role alone, have in RV(plan) also what is as wanted already, so that Ansible's own modules look at it too.
    type: bool
    default: false
notes:
  - In check mode it reports a change where something is not as wanted.
  - Specifications are read in JSON and in the block style of YAML that the vendors' tools write.
seealso:
  - module: barellama.fleet.gpu_facts
"""

EXAMPLES = r"""
- name: Look for specifications that do not fit the loaded driver
  barellama.fleet.container_runtime_info:
    engine: docker
    gpu_vendor: nvidia
    toolkit_version: "1.20.0"
  register: containers
  failed_when: containers.differences | length > 0
"""

RETURN = r"""
differences:
  description: What is not as wanted, one line each.
  returned: always
  type: list
  elements: str
runtime:
  description: What was found.
  returned: always
  type: dict
  contains:
    engines:
      description: Of C(docker) and C(podman) the C(state) (V(absent), V(stopped) or V(running)), C(version) and, of Docker, C(compose).
      type: dict
    packages:
      description: Versions of the packages of engines and of NVIDIA's toolkit that are installed.
      type: dict
    driver:
      description: The version of the NVIDIA driver that is loaded.
      type: str
    specs:
      description:
        - Specifications of devices. Of each C(path), C(kind), C(version) (of the format), C(driver) (of the libraries in it), C(devices)
          and C(hooks).
      type: list
      elements: dict
plan:
  description: What the role acts upon.
  returned: always
  type: dict
  contains:
    refusals:
      description: Why nothing may be done, one line each.
      type: list
      elements: str
    notes:
      description: What an operator should know, and what could not be looked at.
      type: list
      elements: str
"""

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_kernel import Kernel
from ansible_collections.barellama.fleet.plugins.module_utils._module import run
from ansible_collections.barellama.fleet.plugins.module_utils._runtime import Runtime
from ansible_collections.barellama.fleet.plugins.module_utils._runtime_plan import plan

SHOWN = ("engines", "packages", "driver", "specs")


def container_runtime_info(module):
    root = module.params["root"].rstrip("/")
    runtime = Runtime(Kernel(root), Commands(module.run_command, root))
    found = runtime.look()
    made = plan(found, module.params)
    if made["refusals"]:
        raise FleetError("; ".join(made["refusals"]))
    made["notes"] += [*runtime.notes, *runtime.kernel.notes]
    differences = made.pop("differences")
    return {
        "changed": module.check_mode and bool(differences),
        "differences": differences,
        "diff": [{"prepared": "".join(f"{line}\n" for line in differences)}] if differences else [],
        "runtime": {key: found[key] for key in SHOWN},
        "plan": made,
    }


def main():
    run({
        "engine": {"type": "str", "choices": ["docker", "podman", "none"], "default": "none"},
        "source": {"type": "str", "choices": ["distro", "vendor"], "default": "distro"},
        "gpu_vendor": {"type": "str", "choices": ["nvidia", "amd", "none"], "default": "none"},
        "toolkit_version": {"type": "str"},
        "repositories": {"type": "dict", "default": {}},
        "daemon": {"type": "dict", "default": {}},
        "everything": {"type": "bool", "default": False},
        "root": {"type": "path", "default": ""},
    }, container_runtime_info)


if __name__ == "__main__":
    main()
