#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_gguf_info
short_description: Tell what is in a GGUF file and how much memory it will need
version_added: 0.1.0
description:
  - Reads the header of a model's file, without loading the model and without a server, and tells what
    C(ollama show) would, such as architecture, number of parameters, context length and quantization.
  - Estimates from the same header how much memory the model will take once it is loaded, with the context and for
    the number of requests that are wanted. The filter P(barellama.fleet.ollama_fits#filter) compares that with what
    is free.
author:
  - barellama contributors (@barellama)
extends_documentation_fragment:
  - barellama.fleet.attributes.info
options:
  path:
    description:
      - Path of a GGUF file on the host.
    type: path
  model:
    description:
      - Name of a model in O(store), or without O(store) in its registry. What is loaded with it, such as a projector, is
        counted too.
      - Of a registry's model only the header is read, some megabytes at most, so that a play can refuse what will not
        fit before it is downloaded. Where the registry does not tell, P(barellama.fleet.ollama_fits#filter) has a rough
        guide by the name.
    type: str
  store:
    description: Path of the models directory of a server, which need not run.
    type: path
  insecure:
    description: Speak plain HTTP to the registry.
    type: bool
    default: false
  context_length:
    description:
      - Tokens that one request may have. It is cut to what the model was trained for, as the server does.
      - A server that is not told otherwise takes 4096 with less than 23 GiB of video memory, 32768 with less than 47,
        262144 with more.
    type: int
    default: 4096
  parallel:
    description:
      - Requests that are answered at the same time, each with a context of its own.
      - Some models are always run with one, and are counted so.
    type: int
    default: 1
  kv_cache_type:
    description: How the context is kept in memory.
    type: str
    choices: [f16, q8_0, q4_0]
    default: f16
notes:
  - Weights and context agree to the megabyte with what llama.cpp takes for models of the shapes of Llama 3 and Gemma 3.
    The work space is an upper bound for servers that use flash attention, which is the default where the GPU has it.
    Without it a long context takes gigabytes more. For models of more than a billion parameters the total was up to
    12 percent above what was measured, and never below.
  - Where a header does not tell which layers remember less than the whole context, all are counted in full, so that
    the estimate errs upwards.
  - What images add to a vision model's work space is not counted.
seealso:
  - plugin: barellama.fleet.ollama_fits
    plugin_type: filter
  - module: barellama.fleet.ollama_models_info
"""

EXAMPLES = r"""
- name: Look at a file before it is imported
  barellama.fleet.ollama_gguf_info:
    path: /srv/models/assistant.gguf
    context_length: 32768
  register: it

- name: Refuse it where it does not fit on the GPU
  ansible.builtin.assert:
    that: (it.memory | barellama.fleet.ollama_fits(vram=25757220864)).fits == 'gpu'
    fail_msg: "{{ (it.memory | barellama.fleet.ollama_fits(vram=25757220864)).line }}"

- name: Look at a model before it is downloaded
  barellama.fleet.ollama_gguf_info:
    model: llama3.3:70b
    context_length: 8192

- name: See what four requests at a time cost a model in the store
  barellama.fleet.ollama_gguf_info:
    model: llama3.1:8b
    store: /usr/share/ollama/.ollama/models
    context_length: 8192
    parallel: 4
    kv_cache_type: q8_0
"""

RETURN = r"""
file:
  description: The file that was read, or its address in the registry.
  returned: success
  type: str
  sample: /usr/share/ollama/.ollama/models/blobs/sha256-667b0c1932bc6ffc593ed1d03f895bf2dc8dc6df21db3042284a6f4416b06a29
model:
  description: What the header says.
  returned: success
  type: dict
  contains:
    architecture:
      description: The family of models whose program runs it.
      type: str
      sample: llama
    name:
      description: The name that its maker gave it. May be empty.
      type: str
      sample: Meta Llama 3.1 8B Instruct
    parameter_count:
      description: Number of weights.
      type: int
      sample: 8030261248
    context_length:
      description: Tokens that it was trained for. None when not told.
      type: int
      sample: 131072
    embedding_length:
      description: Length of its vectors. None when not told.
      type: int
      sample: 4096
    quantization:
      description: How its weights are kept.
      type: str
      sample: Q4_K_M
    capabilities:
      description:
        - What it can do as far as the header tells. A template in the store, which a file does not have, may add to
          it.
      type: list
      elements: str
      sample: [completion, tools]
memory:
  description: Bytes that it will take once it is loaded, and for which settings.
  returned: success
  type: dict
  contains:
    weights:
      description: Its weights, and those of what is loaded with it.
      type: int
      sample: 4912898304
    kv_cache:
      description: Its context.
      type: int
      sample: 536870912
    overhead:
      description: Work space, on each GPU.
      type: int
      sample: 275251200
    total:
      description: All of them.
      type: int
      sample: 5725020416
    context_length:
      description: Tokens of one request.
      type: int
      sample: 4096
    parallel:
      description: Requests at a time.
      type: int
      sample: 1
    kv_cache_type:
      description: How the context is kept.
      type: str
      sample: f16
"""

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._gguf import read_header
from ansible_collections.barellama.fleet.plugins.module_utils._model_files import loaded_files
from ansible_collections.barellama.fleet.plugins.module_utils._gguf_facts import KV_TYPES, described, estimate
from ansible_collections.barellama.fleet.plugins.module_utils._model_remote import remote_header
from ansible_collections.barellama.fleet.plugins.module_utils._models_foresight import VERSION_BEFORE_INSTALL
from ansible_collections.barellama.fleet.plugins.module_utils._module import run
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._registry import Registry


def gguf_info(module):
    wanted = module.params
    for name in ("context_length", "parallel"):
        if not 0 < wanted[name] < 1 << 31:
            raise FleetError(f"{name} is {wanted[name]}: give a number from 1 on")
    path, beside = wanted["path"], []
    if path is None and wanted["model"] is None:
        raise FleetError("path and model are both null: give one of them")
    if wanted["model"] is not None and wanted["store"] is None:
        registry = Registry(VERSION_BEFORE_INSTALL, wanted["insecure"])
        path, header, more = remote_header(registry, ModelName.manageable(wanted["model"]))
    else:
        if wanted["model"] is not None:
            path, beside = loaded_files(wanted["store"], ModelName.manageable(wanted["model"]))
        header = read_header(path)
        more = sum(read_header(other).weights for other in beside)
    need = estimate(header, wanted["context_length"], wanted["parallel"], wanted["kv_cache_type"], beside=more)
    return {"changed": False, "file": path, "model": described(header), "memory": need}


def main():
    run(
        {
            "path": {"type": "path"},
            "model": {"type": "str"},
            "store": {"type": "path"},
            "insecure": {"type": "bool", "default": False},
            "context_length": {"type": "int", "default": 4096},
            "parallel": {"type": "int", "default": 1},
            "kv_cache_type": {"type": "str", "choices": list(KV_TYPES), "default": "f16"},
        },
        gguf_info,
        required_one_of=[("path", "model")],
        mutually_exclusive=[("path", "model"), ("path", "store")],
    )


if __name__ == "__main__":
    main()
