#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_models_info
short_description: List the models of an Ollama server and what is in memory
version_added: 0.1.0
description:
  - Tells which models a server has, with their digests, sizes and capabilities, and which of them are loaded, on
    which kind of memory and for how long.
author:
  - barellama contributors (@barellama)
extends_documentation_fragment:
  - barellama.fleet.attributes.info
  - barellama.fleet.attributes.action_group
  - barellama.fleet.api
seealso:
  - module: barellama.fleet.ollama_models
"""

EXAMPLES = r"""
- name: Look at the models
  barellama.fleet.ollama_models_info:
  register: there

- name: Name those that are loaded but not wholly on a GPU
  ansible.builtin.debug:
    msg: "{{ loaded | rejectattr('loaded.vram_share', 'eq', 1.0) | map(attribute='name') }}"
  vars:
    loaded: "{{ there.models | selectattr('loaded') }}"
"""

RETURN = r"""
models:
  description: The models in the store, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name with its tag.
      type: str
      sample: llama3.2:1b
    digest:
      description: The sha256 of the manifest in bare hexadecimal.
      type: str
      sample: baf6a787fdffd633537aa2eb51cfd54cb93ff08e28040095462bb63daf552878
    size:
      description: Bytes of all its blobs, shared ones included.
      type: int
      sample: 1321098329
    capabilities:
      description: What the model can do.
      type: list
      elements: str
      sample: [completion, tools]
    details:
      description:
        - What the server tells beside that, such as C(format), C(family), C(parameter_size) and
          C(quantization_level).
      type: dict
    loaded:
      description: Where the model is in memory. None when it is not loaded.
      type: dict
      contains:
        size:
          description: Bytes in memory altogether.
          type: int
          sample: 2243952
        size_vram:
          description: Bytes of it in the memory of GPUs.
          type: int
          sample: 2243952
        vram_share:
          description: The part of it in the memory of GPUs, from 0 to 1. None when the server does not know.
          type: float
          sample: 1.0
        context_length:
          description: The context it was loaded with.
          type: int
          sample: 4096
        expires_at:
          description: When the server unloads it unless it is used. Centuries ahead when it stays for ever.
          type: str
          sample: "2026-11-20T09:28:47.364460628Z"
"""

from ansible_collections.barellama.fleet.plugins.module_utils._client import Client
from ansible_collections.barellama.fleet.plugins.module_utils._models_inventory import inventory
from ansible_collections.barellama.fleet.plugins.module_utils._module import run


def models_info(module):
    client = Client(module.params["url"])
    return {"changed": False, "models": inventory(client.tags(), client.ps())}


def main():
    run({"url": {"type": "str", "default": "http://127.0.0.1:11434"}}, models_info)


if __name__ == "__main__":
    main()
