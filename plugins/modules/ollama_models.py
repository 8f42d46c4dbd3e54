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
    aliases and models of one's own, deletes what is to be absent, and brings models into memory, all in one call.
  - When all is as wanted it asks the server one question and no registry any. It asks one more about memory when an
    entry has C(loaded), one for each model with a definition and each that such a model is made from, and a registry
    for each entry with C(update).
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
  action:
    description: A part of it runs on the control node, to show the progress of pulls.
    support: full
  async:
    description: Can be run with the keyword C(async).
    support: full
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
      - The other keys define a model that is made on the server. It is made from C(from), another entry, or from
        C(gguf). What it has from there and what the definition says is all that it has. When anything differs from
        that, it is made anew, as it is when what it is made from has changed. The old one serves until the new one is
        complete.
      - C(gguf), the path of a GGUF file on the host, or a list of paths when the model has several. They are sent to
        the server, unless it has them, and need to be readable for this module only. A model whose file is gone
        stays, with a warning.
      - C(system), C(template), C(renderer), C(parser) and C(requires), texts as in a Modelfile.
      - C(parameters), a dictionary of their names, such as C(num_ctx), and values. Those of C(from) stay where this one does not have
        them. What Ollama does not know is refused.
      - C(messages), a list of dictionaries with C(role) and C(content), and C(license), a text or a list of them, which
        come after those of C(from).
      - C(quantize), the type that weights of F32 or F16 are to get, such as V(q4_K_M). Not every version of Ollama
        does it.
      - C(modelfile), the text of a Modelfile, says all this in one. Its C(FROM) names another entry, or a file by its
        whole path.
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
        registry tells sizes, and before a C(gguf) file is sent; blobs that are there already are not counted.
      - Downloads of a wanted blob that a crash has left so that no pull of it ends well are removed there first.
      - A wanted model of which blobs are not there, as where a run with O(verify) was killed, is made whole as that does.
    type: path
  reserve:
    description: Bytes that must stay free in O(store).
    type: int
    default: 0
  verify:
    description:
      - Read every blob of the wanted models in O(store), before the pulls and what these brought after them. Ollama
        takes any blob that it has for good by its name.
      - One that is not what its name says is moved into C(quarantine) below O(store), from where
        M(barellama.fleet.ollama_store_prune) removes it, and a pull fetches it again, and only it. A model that is in
        memory with it is unloaded first.
      - What a definition has made, such as a C(system) text, is written anew by making the model again.
      - What the registry does not have under the model's name any more, or has only as another model, is left as it
        is, and the call fails and names it. Of a registry that wants a login the server is asked, which has a key.
    type: bool
    default: false
  cache:
    description: What O(verify=true) has read, as O(barellama.fleet.ollama_store_info#module:cache) keeps it.
    type: path
  gguf_sums:
    description:
      - A file on the host that keeps the sums of the C(gguf) files, so that they are read only when they have changed,
        and what servers made of them or of C(quantize). Without it they are read each time, and made anew where the
        server does not store them as they are.
      - Only its owner may be able to write to it, and to the directories above it.
    type: path
  idle_timeout:
    description:
      - Longest silence of the server while it pulls or makes a model in seconds, and longest time for a model to load.
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
  progress:
    description:
      - Show how far each pull and each creation is while it lasts, every few seconds and on standard error, as
        C(ansible-playbook) does with its warnings. Nothing is shown when there is nothing to do, in check mode, and of
        a task with C(async) or C(no_log).
      - When the run is interrupted, its pulls end about a minute later on the host, and the next run goes on where they
        were. With V(false) they go on to their end.
    type: bool
    default: true
  _progress:
    description: The directory in which the part on the control node looks for progress, as it chooses. Not to be set by hand.
    type: path
seealso:
  - module: barellama.fleet.ollama_models_info
  - module: barellama.fleet.ollama_store_info
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

- name: Read what is there, and fetch again what is damaged
  barellama.fleet.ollama_models:
    models: [llama3.2:1b]
    store: /usr/share/ollama/.ollama/models
    verify: true

- name: Make models of our own, from a model, from a Modelfile and from a file on the host
  barellama.fleet.ollama_models:
    models:
      - llama3.2:1b
      - name: support
        from: llama3.2:1b
        system: You answer questions of our customers in two sentences.
        parameters:
          num_ctx: 8192
          temperature: 0.2
      - name: reviewer
        modelfile: "{{ lookup('ansible.builtin.file', 'reviewer.Modelfile') }}"
      - name: tuned:v3
        gguf: /srv/models/tuned-v3.gguf
        license: Internal use only
    gguf_sums: /var/lib/barellama/gguf-sums.json

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
      description: What was done, or would be in check mode. V(none), V(pull), V(repair), V(copy),
        V(create) or V(delete).
      type: str
      sample: pull
    repaired:
      description:
        - The blobs that were fetched or made anew, by C(blob), their digest. C(was) is V(missing), V(truncated), V(corrupt), or
          V(stuck) for a download that could not be taken up.
      type: list
      elements: dict
      sample: [{blob: 74701a8c35f6c8d9a4b91f3f3497643001d63e0c7a84e085bed452548fa88d45, was: corrupt}]
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
from ansible_collections.barellama.fleet.plugins.module_utils._models_rules import refuse_foreign_registries, refuse_to_empty
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import wanted_models
from ansible_collections.barellama.fleet.plugins.module_utils._module import run
from ansible_collections.barellama.fleet.plugins.module_utils._progress_file import told_in

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
    "gguf_sums": {"type": "path"},
    "verify": {"type": "bool", "default": False},
    "cache": {"type": "path"},
    "idle_timeout": {"type": "int", "default": 600},
    "deadline": {"type": "int", "default": 0},
    "registry_timeout": {"type": "int", "default": 10},
    "progress": {"type": "bool", "default": True},
    "_progress": {"type": "path"},
}
TERMS = ("insecure", "max_parallel", "store", "reserve", "idle_timeout", "deadline", "registry_timeout", "exact", "verify", "cache",
         "gguf_sums")


def models(module):
    params = module.params
    wanted = wanted_models(params["models"], params["state"])
    refuse_foreign_registries(wanted, params["allowed_registries"])
    refuse_to_empty(wanted, params["exact"], params["exact_empty"])
    terms = Terms(**{key: params[key] for key in TERMS})
    with told_in(params["_progress"]) as tell:
        return reconcile(Client(params["url"]), wanted, terms, module.check_mode, module.warn, tell)


def main():
    run(SPEC, models, required_if=[("verify", True, ["store"])])


if __name__ == "__main__":
    main()
