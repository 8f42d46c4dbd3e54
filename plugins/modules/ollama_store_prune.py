#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_store_prune
short_description: Remove what no model of an Ollama store needs
version_added: 0.1.0
description:
  - Removes blobs that no manifest names, downloads that were given up, and downloads that no pull can take up again.
    On request it moves corrupt blobs aside, so that the next pull fetches those, and only those.
  - A server does the first two when it starts, if it is not told otherwise. This module needs no server, and may run
    beside one. While a download goes on it leaves blobs alone that no manifest names, as that download may need them.
author:
  - barellama contributors (@barellama)
extends_documentation_fragment:
  - barellama.fleet.attributes
  - barellama.fleet.attributes.action_group
  - barellama.fleet.api.store
options:
  older_than:
    description:
      - Only what has not been written to for as many seconds is removed. The default is Ollama's own.
      - A download that is stuck is removed as soon as it has been quiet for a minute. What was written to in the last
        minute stays in any case.
    type: int
    default: 3600
  quarantine:
    description:
      - Read every blob, and move those that are not what their name says into C(quarantine) below O(path). They are
        removed from there by a run more than O(older_than) seconds later.
      - The models concerned do not load until they are pulled or created again.
    type: bool
    default: false
  cache:
    description: What O(quarantine=true) has read, as O(barellama.fleet.ollama_store_info#module:cache) keeps it.
    type: path
  despite_unreadable:
    description:
      - Go on although there are manifests that cannot be read, or none at all. Blobs that only they name are removed.
    type: bool
    default: false
seealso:
  - module: barellama.fleet.ollama_store_info
"""

EXAMPLES = r"""
- name: Remove what no model needs
  barellama.fleet.ollama_store_prune:

- name: Move corrupt blobs aside
  barellama.fleet.ollama_store_prune:
    quarantine: true
    cache: /var/lib/barellama/store-sums.json
  register: pruned

- name: Fetch them again
  ansible.builtin.command: ollama pull {{ item }}
  loop: "{{ pruned.damaged }}"
  changed_when: true
"""

RETURN = r"""
files:
  description: The files that were removed or moved, or would be.
  returned: success
  type: list
  elements: dict
  contains:
    file:
      description: The path below the store.
      type: str
    bytes:
      description: What it takes on the disk.
      type: int
    why:
      description:
        - V(orphaned) for blobs that no manifest names, V(partial) for downloads, V(leftover) for temporary files,
          V(corrupt) for blobs that are moved aside, V(quarantined) for those that were and now are removed.
      type: str
bytes_freed:
  description: What all that is removed takes on the disk.
  returned: success
  type: int
damaged:
  description: The models that have to be pulled or created again, since blobs of theirs are missing or not whole.
  returned: success
  type: list
  elements: str
  sample: [gemma3:4b]
"""

from ansible_collections.barellama.fleet.plugins.module_utils import _store_prune as prune
from ansible_collections.barellama.fleet.plugins.module_utils._module import run
from ansible_collections.barellama.fleet.plugins.module_utils._store import survey


def tidy(module):
    asked = module.params
    found = survey(asked["path"])
    if not asked["despite_unreadable"]:
        prune.refuse_unknown(found)
    if asked["quarantine"]:
        found = survey(asked["path"], True, asked["cache"], module.check_mode)
    # Before an hour of reading, and after it.
    if not asked["despite_unreadable"]:
        prune.refuse_unknown(found)
    changes = prune.plan(found, prune.quarantined(asked["path"]), asked["older_than"])
    if not module.check_mode:
        changes = prune.carry_out(asked["path"], changes)
    return {
        "changed": bool(changes),
        "files": [prune.told(change) for change in changes],
        "bytes_freed": sum(change.file.allocated for change in changes if not change.to),
        "damaged": found.damaged,
        "diff": prune.difference(changes),
    }


def main():
    spec = {
        "path": {"type": "path", "default": "/usr/share/ollama/.ollama/models"},
        "older_than": {"type": "int", "default": 3600},
        "quarantine": {"type": "bool", "default": False},
        "cache": {"type": "path"},
        "despite_unreadable": {"type": "bool", "default": False},
    }
    run(spec, tidy)


if __name__ == "__main__":
    main()
