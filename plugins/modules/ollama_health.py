#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_health
short_description: Say how well Ollama servers serve, and wait until they do
version_added: 0.1.0
author: barellama contributors (@barellama)
description:
  - Looks at all given servers at the same time, up to the wanted level and never beyond it.
  - Nothing is changed. A generation at level 4 loads the model as any request does.
extends_documentation_fragment:
  - barellama.fleet.attributes.info
  - barellama.fleet.attributes.action_group
options:
  instances:
    description: The servers.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What messages call it.
        type: str
        required: true
      url:
        description: Where its API is, as seen from the host that this module runs on.
        type: str
        required: true
      unit:
        description: The systemd unit that runs it on this host. Messages tell to look at it.
        type: str
      container:
        description: The Docker container that it runs in on this host. Messages tell to look at it.
        type: str
      label:
        description: The service of launchd, on macOS, that messages tell to look at.
        type: str
      version:
        description: The version that has to answer. Left out, any version is right.
        type: str
      models:
        description:
          - The models that have to be there, as names or as dictionaries with C(name) and optionally C(digest), the
            sha256 of the manifest.
          - The list of M(barellama.fleet.ollama_models) can be given as it is; entries with C(state=absent) are
            passed over.
        type: list
        elements: raw
        default: []
  level:
    description:
      - V(1), connections are accepted.
      - V(2), the wanted version answers.
      - V(3), the wanted models are there, with the wanted digests.
      - V(4), every wanted model generates a token. Models that only embed have to make a vector.
      - V(5), it does so on GPUs, by the devices that the server's log names, by where C(/api/ps) says that each model is, and by
        the processes that the GPUs' drivers know. Where nobody says what runs the server on this host, by C(/api/ps) alone.
        A server that keeps nothing in memory (C(keep_alive) 0) cannot prove it.
      - V(6), every wanted model that makes text is fast enough, measured with up to 64 tokens.
    type: int
    choices: [1, 2, 3, 4, 5, 6]
    default: 2
  vram_share:
    description: The share of each model, with its context, that level V(5) wants in the memory of GPUs.
    type: float
    default: 1.0
  tokens_per_second:
    description: What level V(6) wants at least of every model.
    type: float
  smallest:
    description: At level V(4), prove a server for which no models are listed by the smallest one it has, if it has any.
    type: bool
    default: false
  wait:
    description:
      - Seconds to keep looking until all servers are healthy. A look that runs when the time is up is finished.
      - There is no waiting for what does not come by itself, such as a missing model, or a server whose unit has failed or
        container has exited, or whose process was restarted twice during the wait. The reason has its last words then.
    type: int
    default: 0
  timeout:
    description: Seconds that one request may stay without an answer. Left out, V(5), and V(300) for a generation.
    type: float
  fail:
    description: Whether the module fails when a server is not healthy. The reports are returned in either case.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Wait until the wanted version answers
  barellama.fleet.ollama_health:
    instances:
      - name: default
        url: http://127.0.0.1:11434
        unit: ollama.service
        version: "0.34.4"
    wait: 60

- name: Let every wanted model generate a token
  barellama.fleet.ollama_health:
    instances:
      - name: default
        url: http://127.0.0.1:11434
        models: [llama3.2:3b, "qwen3:8b"]
    level: 4

- name: Let every wanted model generate on a GPU, at 20 tokens per second or more
  barellama.fleet.ollama_health:
    instances:
      - name: default
        url: http://127.0.0.1:11434
        unit: ollama.service
        models: [llama3.2:3b]
    level: 6
    tokens_per_second: 20

- name: Look without failing
  barellama.fleet.ollama_health:
    instances: "{{ my_instances | map(attribute='endpoint') }}"
    fail: false
  register: health
"""

RETURN = r"""
instances:
  description: One report for each server, in the given order.
  returned: always, unless an option is wrong
  type: list
  elements: dict
  contains:
    name:
      description: The name that was given.
      type: str
      sample: default
    url:
      description: The address that was asked.
      type: str
      sample: http://127.0.0.1:11434
    level:
      description: The level that was reached; 0 when no connection was accepted.
      type: int
      sample: 2
    wanted:
      description: The level that was wanted.
      type: int
      sample: 2
    state:
      description:
        - One of V(healthy), V(degraded-slow), V(degraded-cpu), V(model-missing), V(wrong-version) and V(down).
        - V(degraded-slow) is slower than wanted, or on fewer GPUs; V(degraded-cpu) is a model on the CPU, in whole or in part.
      type: str
      sample: healthy
    reason:
      description: One line that says why, and where to look further.
      type: str
      sample: "default at http://127.0.0.1:11434: serves Ollama 0.34.4"
    version:
      description: The version that answered, if one did.
      type: str
      sample: 0.34.4
    ended:
      description: Whether waiting ended early, as its process on this host has ended for good, or ends again and again.
      type: bool
      sample: false
    seconds:
      description: How long it took, waiting included.
      type: float
      sample: 0.004
state:
  description: The worst state of all servers.
  returned: always, unless an option is wrong
  type: str
  sample: healthy
"""

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._health import check_floors, check_times, summary, wanted_instances
from ansible_collections.barellama.fleet.plugins.module_utils._health_probe import look_at_all
from ansible_collections.barellama.fleet.plugins.module_utils._module import run

INSTANCE = {
    "name": {"type": "str", "required": True},
    "url": {"type": "str", "required": True},
    "unit": {"type": "str"},
    "container": {"type": "str"},
    "label": {"type": "str"},
    "version": {"type": "str"},
    "models": {"type": "list", "elements": "raw", "default": []},
}

SPEC = {
    "instances": {"type": "list", "elements": "dict", "required": True, "options": INSTANCE},
    "level": {"type": "int", "choices": [1, 2, 3, 4, 5, 6], "default": 2},
    "vram_share": {"type": "float", "default": 1.0},
    "tokens_per_second": {"type": "float", "no_log": False},  # not that kind of token
    "smallest": {"type": "bool", "default": False},
    "wait": {"type": "int", "default": 0},
    "timeout": {"type": "float"},
    "fail": {"type": "bool", "default": True},
}


def probe(module):
    options = module.params
    check_times(options["wait"], options["timeout"])
    floors = {name: options[name] for name in ("vram_share", "tokens_per_second")}
    check_floors(options["level"], **floors)
    instances = wanted_instances(options["instances"], options["smallest"], **floors)
    tools = Commands(module.run_command)
    return summary(look_at_all(instances, options["level"], options["timeout"], options["wait"], tools), options["fail"])


def main():
    run(SPEC, probe)


if __name__ == "__main__":
    main()
