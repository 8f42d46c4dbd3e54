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
  - Compares the models that are wanted with those that the server has, pulls what is missing in parallel, makes
    aliases, deletes what is to be absent, and brings models into memory, all in one call.
  - When all is as wanted it asks the server one question and no registry any. It asks one more about memory when an
    entry has C(loaded), and a registry for each entry with C(update).
  - A model that is there is left as it is, even when its tag has moved in the registry since, unless its entry has
    C(update), or a C(digest) that it does not have.
  - A pull that breaks off is tried again and goes on where it was. What a second try cannot cure fails at once
    with the reason.
  - Models are deleted after the pulls, so that blobs that both have are not fetched again. One that is in memory is
    unloaded first.
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
      - A server that does not answer has what O(store) holds, and no models yet where that is not given or not
        there, so that a host can be planned before it has Ollama.
options:
  models:
    description:
      - The models, each as a name or as a dictionary with C(name) and what else is to be said of it.
      - Names are written as for C(ollama pull), C([host/][namespace/]model[:tag]).
      - Tags that Ollama reads as something else (C(:local)) or that do not run on this host (C(cloud)) are refused.
      - It has to be a list. A text is refused rather than split at its commas.
      - C(state), V(present) or V(absent), is O(state) unless given.
      - C(digest), the sha256 of the manifest, pins the content. A model that has another one is pulled anew, but only
        when the registry has the pinned one under this name. When it has not, or does not tell, the call fails before
        anything is touched and names both digests. It is looked at again after the pull.
      - C(update), V(true) to follow the tag. The registry is asked, and the model pulled if it has another one now.
      - C(copy_of), the name of another entry that this one is to be an alias of. It takes no space and no registry.
      - C(loaded), V(true) to have the model in memory at the end, V(false) to have it out of it.
      - C(keep_alive), how long a loaded model stays there after its last use, such as V(30m), a number of seconds, or
        V(-1) for no end. Without it the server's own rule holds. A model that is loaded with an end where none is
        wanted, or the other way round, is told so again.
      - C(options), the options to load it with. They should be those of the requests to come, or these load it again.
        Of a model in memory a server tells C(num_ctx) only, so it is loaded again for another C(num_ctx), not for
        other options.
    type: raw
    required: true
  state:
    description: What is wanted for those entries of O(models) that do not say it themselves.
    type: str
    choices:
      - present
      - absent
    default: present
  exact:
    description:
      - Delete the models that O(models) does not list. They stay while one that it lists cannot be pulled or copied.
      - Models whose names Ollama reads as something else (C(:local)) and cloud models are left alone.
    type: bool
    default: false
  exact_empty:
    description: Allow O(exact) to delete every model, which a list with nothing V(present) means.
    type: bool
    default: false
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
      - Longest silence of the server during a pull in seconds, and longest time for a model to load.
      - The server is silent while it hashes what it has downloaded, which takes minutes for large models.
    type: int
    default: 600
  deadline:
    description:
      - Longest time for all pulls together in seconds. V(0) is no limit.
      - What has arrived by then is kept, and the next run goes on from there.
      - A server that is silent at that moment is heard out, for O(idle_timeout) at most.
    type: int
    default: 0
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

- name: Keep exactly these, one of them pinned, one following its tag, one under a name of our own and in memory
  barellama.fleet.ollama_models:
    exact: true
    models:
      - name: llama3.2:1b
        digest: sha256:baf6a787fdffd633537aa2eb51cfd54cb93ff08e28040095462bb63daf552878
      - name: nomic-embed-text
        update: true
      - name: assistant
        copy_of: llama3.2:1b
        loaded: true
        keep_alive: -1
        options:
          num_ctx: 8192

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
  description: One entry for each wanted model, in the order of O(models), then those that O(exact) deletes.
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
    wanted:
      description: The digest that was wanted, in bare hexadecimal. None when the entry has no C(digest).
      type: str
      sample: null
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
      description: What was done, or would be in check mode. V(none), V(pull), V(copy) or V(delete).
      type: str
      sample: pull
    memory:
      description: What was done, or would be, to the model in memory. V(none), V(load) or V(unload).
      type: str
      sample: none
actions:
  description: What was done, or would be in check mode, one line for each.
  returned: success
  type: list
  elements: str
  sample:
    - pull llama3.2:1b
    - delete llama2:7b
    - copy assistant:latest from llama3.2:1b
    - load assistant:latest
"""

from ansible_collections.barellama.fleet.plugins.module_utils._client import Client
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms, reconcile
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import (
    refuse_foreign_registries,
    refuse_to_empty,
    wanted_models,
)
from ansible_collections.barellama.fleet.plugins.module_utils._module import run

SPEC = {
    "models": {"type": "raw", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "url": {"type": "str", "default": "http://127.0.0.1:11434"},
    "exact": {"type": "bool", "default": False},
    "exact_empty": {"type": "bool", "default": False},
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
    "deadline": {"type": "int", "default": 0},
    "registry_timeout": {"type": "int", "default": 10},
}
TERMS = ("insecure", "max_parallel", "store", "reserve", "idle_timeout", "deadline", "registry_timeout", "exact")


def models(module):
    params = module.params
    wanted = wanted_models(params["models"], params["state"])
    refuse_foreign_registries(wanted, params["allowed_registries"])
    refuse_to_empty(wanted, params["exact"], params["exact_empty"])
    terms = Terms(**{key: params[key] for key in TERMS})
    return reconcile(Client(params["url"]), wanted, terms, module.check_mode, module.warn)


def main():
    run(SPEC, models)


if __name__ == "__main__":
    main()
