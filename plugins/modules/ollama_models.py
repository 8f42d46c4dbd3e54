#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_models
short_description: Keep a list of models on an Ollama server
version_added: 0.1.0
description:
  - Compares the models that are wanted with those that the server has, pulls what is missing in parallel and
    deletes what
    is to be absent, all in one call.
  - When all is as wanted it asks the server one question and no registry any.
  - A model that is there is left as it is, even when its tag has moved in the registry since.
  - A pull that breaks off is tried again and goes on where it was. What a second try cannot cure fails at once
    with the reason.
  - A model that is in memory is unloaded before it is deleted.
author:
  - barellama contributors (@barellama)
extends_documentation_fragment:
  - barellama.fleet.attributes
  - barellama.fleet.attributes.action_group
  - barellama.fleet.api
attributes:
  check_mode:
    details:
      - Asks the registry which digest a missing model would get and how many bytes would have to come. Where it
        does not tell, both are none and a warning says why.
      - A server that does not answer counts as one that has no models yet, so that a host can be planned before it
        has Ollama.
options:
  models:
    description:
      - The models, each as a name or as a dictionary with C(name) and perhaps C(state).
      - Names are written as for C(ollama pull), C([host/][namespace/]model[:tag]).
      - Tags that Ollama reads as something else (C(:local)) or that do not run on this host (C(cloud)) are refused.
      - A model that is not in the list is left alone.
      - It has to be a list. A text is refused rather than split at its commas.
    type: raw
    required: true
  state:
    description: What is wanted for those entries of O(models) that do not say it themselves.
    type: str
    choices:
      - present
      - absent
    default: present
  max_parallel:
    description: How many models are pulled at the same time. Each of them downloads in several streams.
    type: int
    default: 2
  insecure:
    description:
      - Speak plain HTTP to the registries. It is what C(insecure) means to Ollama and does not skip the check of
        certificates.
    type: bool
    default: false
  allowed_registries:
    description:
      - Registries that models may come from, each as C(host) or C(host:port).
      - A pull makes the server call whatever host a name begins with, so others are refused before anything is
        touched.
    type: list
    elements: str
    default:
      - registry.ollama.ai
      - hf.co
      - huggingface.co
  store:
    description:
      - Path of the server's models directory. With it the free space is checked before the first pull, where the
        registry tells sizes, and blobs that are there already are not counted.
    type: path
  reserve:
    description: Bytes that must stay free in O(store).
    type: int
    default: 0
  idle_timeout:
    description:
      - Longest silence of the server during a pull in seconds. There is no limit for the whole pull.
      - The server is silent while it hashes what it has downloaded, which takes minutes for large models.
    type: int
    default: 600
  registry_timeout:
    description: Longest silence in seconds of a registry that is asked for a plan.
    type: int
    default: 10
seealso:
  - module: barellama.fleet.ollama_models_info
"""

EXAMPLES = r"""
- name: Have two models, and one no more
  barellama.fleet.ollama_models:
    models:
      - llama3.2:1b
      - hf.co/unsloth/Qwen3-0.6B-GGUF:Q4_K_M
      - name: llama2:7b
        state: absent

- name: Pull from a registry of one's own, with a look at the disk first
  barellama.fleet.ollama_models:
    models:
      - models.example.com:5000/team/assistant:v3
    allowed_registries:
      - models.example.com:5000
    store: /usr/share/ollama/.ollama/models
    reserve: 20000000000
    max_parallel: 4
"""

RETURN = r"""
models:
  description: One entry for each wanted model, in the order of O(models).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name as Ollama lists it, with its tag.
      type: str
      sample: llama3.2:1b
    state:
      description: What was wanted, V(present) or V(absent).
      type: str
      sample: present
    found:
      description: Whether the model was there before.
      type: bool
      sample: false
    digest_before:
      description: The digest before, in bare hexadecimal. None when the model was not there.
      type: str
      sample: null
    digest_after:
      description:
        - The digest afterwards. None when the model is not there, or in check mode when the registry did not tell.
      type: str
      sample: baf6a787fdffd633537aa2eb51cfd54cb93ff08e28040095462bb63daf552878
    bytes:
      description:
        - Bytes that the pull brings. Blobs that are in O(store) already are not counted.
        - None when it is not known.
      type: int
      sample: 1321098329
    seconds:
      description: How long the action took.
      type: float
      sample: 41.3
    action:
      description: What was done, or would be in check mode. V(none), V(pull) or V(delete).
      type: str
      sample: pull
actions:
  description: What was done, or would be in check mode, one line for each model.
  returned: success
  type: list
  elements: str
  sample:
    - pull llama3.2:1b
    - delete llama2:7b
"""

from ansible_collections.barellama.fleet.plugins.module_utils._client import Client
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms, reconcile
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import (
    refuse_foreign_registries,
    wanted_models,
)
from ansible_collections.barellama.fleet.plugins.module_utils._module import run

SPEC = {
    "models": {"type": "raw", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "url": {"type": "str", "default": "http://127.0.0.1:11434"},
    "max_parallel": {"type": "int", "default": 2},
    "insecure": {"type": "bool", "default": False},
    "allowed_registries": {
        "type": "list",
        "elements": "str",
        "default": ["registry.ollama.ai", "hf.co", "huggingface.co"],
    },
    "store": {"type": "path"},
    "reserve": {"type": "int", "default": 0},
    "idle_timeout": {"type": "int", "default": 600},
    "registry_timeout": {"type": "int", "default": 10},
}
TERMS = ("insecure", "max_parallel", "store", "reserve", "idle_timeout", "registry_timeout")


def models(module):
    params = module.params
    wanted = wanted_models(params["models"], params["state"])
    refuse_foreign_registries(wanted, params["allowed_registries"])
    terms = Terms(**{key: params[key] for key in TERMS})
    return reconcile(Client(params["url"]), wanted, terms, module.check_mode, module.warn)


def main():
    run(SPEC, models)


if __name__ == "__main__":
    main()
