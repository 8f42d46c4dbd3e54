#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_diagnose
short_description: Say what is wrong with a host that serves Ollama, why, and what to do
version_added: 0.1.0
author: barellama contributors (@barellama)
description:
  - Looks at the instances of a host and at the host itself, and tells symptom, cause and cure of all that is wrong.
  - Nothing is changed, no model is loaded, and a host where nothing is wrong has no findings.
  - What the tools of the host would tell is left out where they are not there.
extends_documentation_fragment:
  - barellama.fleet.attributes.info
  - barellama.fleet.attributes.action_group
options:
  instances:
    description:
      - The instances, as the filter P(barellama.fleet.ollama_instances#filter) completes them.
      - Used are C(name), C(unit), C(container), C(url), C(address), C(models), C(settings), C(visible), C(env_file), and
        with O(method=launchd) C(log), the file that the server writes its log to. Other keys are passed over.
    type: list
    elements: dict
    required: true
  method:
    description: How the instances run.
    type: str
    choices: [systemd, docker, podman, launchd]
    default: systemd
  user:
    description: Whose rootless Podman runs the instances. Left out, it is root's.
    type: str
  gpu_vendor:
    description:
      - Whose GPUs the servers shall compute on. With V(none), those that are on the PCI bus, if any.
      - Where servers shall use no GPU, hide them with the setting C(cuda_visible_devices=-1) or C(rocr_visible_devices=-1).
    type: str
    choices: [none, nvidia, amd]
    default: none
  version:
    description: The version that is wanted.
    type: str
  extra_env:
    description: Variables that are wanted beside the instances' settings.
    type: dict
    default: {}
  checks:
    description:
      - Which checks to make. Left out, all.
      - V(engine), whether Docker with its Compose plugin, or Podman, is there, runs and is new enough.
      - V(driver), whether the driver of each GPU is loaded, new enough and of one piece, and its device nodes are there.
      - V(record), whether the last run of the role came to its end, and the files that it wrote are there.
      - V(release), whether the files of the release that serves are there, by name, size and mode.
      - V(service), whether what runs the server keeps it running; else why it ends.
      - V(answers), whether the server answers at its address, with the wanted version.
      - V(settings), whether what is set arrives at the server, and is read by it as it was meant. Ollama refuses no
        value and no name; what it made of them is in its log only.
      - V(environment), the same of variables that the server has from elsewhere, such as a drop-in.
      - V(devices), whether the server's process may open the device nodes of the GPUs.
      - V(gpu), whether the server found the GPUs of the host.
      - V(offload), whether the models in memory are in the memory of the GPUs that it found.
      - V(memory), whether memory sufficed since the server was started.
      - V(store), whether the disk with the models has room, and their manifests can be read.
    type: list
    elements: str
    choices: [engine, driver, record, release, service, answers, settings, environment, devices, gpu, offload, memory, store]
  fail:
    description: Whether the module fails when something is found. The findings are returned in either case.
    type: bool
    default: true
seealso:
  - module: barellama.fleet.ollama_health
"""

EXAMPLES = r"""
- name: Make sure that the server reads its settings as they were meant
  barellama.fleet.ollama_diagnose:
    instances:
      - name: default
        unit: ollama.service
        settings:
          num_parallel: 4
    checks: [settings]

- name: Look at everything, without failing
  barellama.fleet.ollama_diagnose:
    instances: "{{ my_instances }}"
    method: docker
    fail: false
  register: diagnosis
"""

RETURN = r"""
findings:
  description: What is wrong, in the order of O(checks) and O(instances).
  returned: always, unless an option is wrong
  type: list
  elements: dict
  contains:
    check:
      description: The check that found it.
      type: str
    instance:
      description: The instance's name; empty where it is about the host.
      type: str
    symptom:
      description: What shows.
      type: str
    cause:
      description: Why it is so.
      type: str
    cure:
      description: What to do.
      type: str
  sample:
    - check: settings
      instance: default
      symptom: OLLAMA_FLASH_ATTENTION is set to 'off', and the server reads 'true'
      cause: Ollama takes 1 and 0, and reads every other word as true
      cure: "write 1 or 0, where it is set: systemctl cat ollama.service"
lines:
  description: The same, each finding in one line.
  returned: always, unless an option is wrong
  type: list
  elements: str
unseen:
  description: What could not be looked at, and why; neither a finding nor a clean bill.
  returned: always, unless an option is wrong
  type: list
  elements: dict
  contains:
    check:
      description: The check.
      type: str
    instance:
      description: The instance's name; empty where it is about the host.
      type: str
    reason:
      description: Why not.
      type: str
  sample:
    - check: settings
      instance: default
      reason: it does not run
"""

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose import (
    NAMES,
    check_instances,
    diagnose,
    summary,
)
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_host import Host
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_look import instances
from ansible_collections.barellama.fleet.plugins.module_utils._module import run

SPEC = {
    "instances": {"type": "list", "elements": "dict", "required": True},
    "method": {"type": "str", "choices": ["systemd", "docker", "podman", "launchd"], "default": "systemd"},
    "user": {"type": "str"},
    "gpu_vendor": {"type": "str", "choices": ["none", "nvidia", "amd"], "default": "none"},
    "version": {"type": "str"},
    "extra_env": {"type": "dict", "default": {}},
    "checks": {"type": "list", "elements": "str", "choices": list(NAMES)},
    "fail": {"type": "bool", "default": True},
}


def look(module):
    options = module.params
    check_instances(options["instances"], options["method"])
    vendors = [options["gpu_vendor"]] if options["gpu_vendor"] != "none" else []
    host = Host(Commands(module.run_command), options["method"], vendors)
    return summary(diagnose(host, instances(host, options), options["checks"] or NAMES), options["fail"])


def main():
    run(SPEC, look, hidden=["instances", "extra_env"])


if __name__ == "__main__":
    main()
