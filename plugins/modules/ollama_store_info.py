#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_store_info
short_description: Look through a store of Ollama models, without a server
version_added: 0.1.0
description:
  - Tells which models a store has, whether all that they consist of is there and whole, and what no model needs.
  - Ollama takes any blob that it has for good by its name. With O(verify=true) this module reads them all, and finds
    what a crash, a full disk or a broken copy has left.
  - It changes nothing in the store and needs no server. It may run beside one.
author:
  - barellama contributors (@barellama)
extends_documentation_fragment:
  - barellama.fleet.attributes.info
  - barellama.fleet.attributes.action_group
  - barellama.fleet.api.store
options:
  verify:
    description:
      - Read every blob and hold its SHA-256 against its name. Up to four are read at once.
      - Without it, only the sizes are held against those in the manifests.
    type: bool
    default: false
  cache:
    description:
      - A file that keeps what was verified, so that only blobs that are new or have changed since are read the next
        time. A file is the same while its inode, size and times are.
      - What goes bad on the disk itself, without being written to, is found only without a cache.
      - Only root, or whoever the module runs as, may be able to write to it and to the directories above it. The
        directory is made. One file serves one store.
      - Used with O(verify=true) only, and not written in check mode.
    type: path
seealso:
  - module: barellama.fleet.ollama_store_prune
  - module: barellama.fleet.ollama_models_info
"""

EXAMPLES = r"""
- name: Read all models once, and afterwards what is new
  barellama.fleet.ollama_store_info:
    verify: true
    cache: /var/lib/barellama/store-sums.json
  register: store

- name: Say what is wrong
  ansible.builtin.debug:
    var: store.lines

- name: Name the models that must be pulled again
  ansible.builtin.debug:
    msg: "{{ store.models | rejectattr('sound') | map(attribute='name') }}"
"""

RETURN = r"""
models:
  description: The models in the store, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name with its tag, as Ollama lists it.
      type: str
      sample: llama3.2:1b
    digest:
      description: The sha256 of the manifest in bare hexadecimal.
      type: str
    size:
      description: Bytes of all its blobs by its manifest, shared ones included.
      type: int
    media_types:
      description: The kinds of its layers.
      type: list
      elements: str
      sample: [application/vnd.docker.container.image.v1+json, application/vnd.ollama.image.model]
    sound:
      description: Whether all its layers are V(ok).
      type: bool
    layers:
      description:
        - The config and the layers, each blob once, with C(digest), C(size) and C(media_type) by the manifest.
        - C(state) is V(ok), V(missing), V(truncated), V(corrupt) or V(unreadable), and C(reason) tells why it is
          V(unreadable). V(corrupt) is only found with O(verify=true).
      type: list
      elements: dict
      sample:
        - digest: 74701a8c35f6c8d9a4b91f3f3497643001d63e0c7a84e085bed452548fa88d45
          media_type: application/vnd.ollama.image.model
          reason:
          size: 1321082688
          state: ok
    unknown_parts:
      description: For a list of manifests, the digests of those that are not in this store; else empty.
      type: list
      elements: str
shared:
  description: The blobs that several models name, with C(digest), C(size) and C(models).
  returned: success
  type: list
  elements: dict
orphaned:
  description:
    - The blobs that no readable manifest names, with C(digest), C(size), C(age) in seconds, C(state) and C(reason).
  returned: success
  type: list
  elements: dict
partial:
  description:
    - The downloads that are not complete, by C(digest), with C(completed) and C(total) bytes, C(size) on the disk and
      C(age) in seconds.
    - C(state) is V(active) where something was written in the last minute, V(resumable) where the next pull goes on,
      V(stuck) where every pull of it fails; C(reason) tells why.
  returned: success
  type: list
  elements: dict
leftover:
  description: What else lies among the blobs, with C(file), C(size) and C(age) in seconds.
  returned: success
  type: list
  elements: dict
unreadable:
  description: What lies among the manifests and is none that can be read, with C(path) and C(reason).
  returned: success
  type: list
  elements: dict
  sample: [{path: manifests/registry.ollama.ai/library/broken/latest, reason: "a directory, not a file"}]
totals:
  description:
    - C(models), C(blobs), C(bytes) of all blobs, C(bytes_orphaned), C(bytes_partial), C(bytes_saved_by_sharing),
      C(read) for blobs whose sum is known, and the number of blobs that are C(missing), C(truncated), C(corrupt) and
      C(unreadable).
  returned: success
  type: dict
lines:
  description: A line for each thing that is not as it should be, with the cure.
  returned: success
  type: list
  elements: str
  sample: ["gemma3:4b: blob sha256-aeda25e63ebd of 3.3 GB is missing; pull or create the model again"]
"""

from ansible_collections.barellama.fleet.plugins.module_utils._module import run
from ansible_collections.barellama.fleet.plugins.module_utils._store import survey
from ansible_collections.barellama.fleet.plugins.module_utils._store_report import report


def look(module):
    asked = module.params
    return {"changed": False, **report(survey(asked["path"], asked["verify"], asked["cache"], module.check_mode))}


def main():
    spec = {
        "path": {"type": "path", "default": "/usr/share/ollama/.ollama/models"},
        "verify": {"type": "bool", "default": False},
        "cache": {"type": "path"},
    }
    run(spec, look)


if __name__ == "__main__":
    main()
