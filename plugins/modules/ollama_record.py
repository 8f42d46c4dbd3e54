#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_record
short_description: Keep on a host what was made there and what served there last
version_added: 0.1.0
author:
  - barellama contributors (@barellama)
description:
  - Keeps one file on the host, so that what was made there can be removed, and what served there last can be brought
    back, by a later run that knows nothing of the run before.
  - Say O(state=prepared) before anything is made, O(state=begun) before what serves is touched, O(state=proven) after it has
    passed its gate, O(state=failed) when it has not, and then O(state=restored) to have the former files back.
  - The file is replaced as a whole. Whatever kills a run leaves the old record or the new one.
  - Services are neither stopped nor started.
notes:
  - Only the owner can read the record (mode 0600), as the files that it keeps may hold secrets. No result shows them.
extends_documentation_fragment:
  - barellama.fleet.attributes
options:
  path:
    description:
      - The record. Its directory is made with mode 0700 if it is missing.
    type: path
    default: /var/lib/barellama/ollama.json
  state:
    description:
      - V(prepared) adds O(made) to what may be on the host. What serves still counts as it was proven.
      - V(begun) does the same, and from then on nothing counts as proven until something is V(proven) or V(restored).
      - V(proven) keeps O(definition), O(method), O(version), O(release), O(served) and the content and rights of O(files)
        as what serves. What may be on the host is from now on exactly O(made). What served before is kept as previous where
        its version, release or method was another. The version no longer counts as failed.
      - V(failed) keeps that O(version) did not pass, and the O(reason).
      - V(restored) writes the files of the proven or the previous state (see O(to)) back where they differ. Things of
        kind C(file) that were begun since then are removed.
      - V(forgotten) removes the directories on record that are empty, the record, and its directory where that is
        empty then. Where some of O(made) is given and left, the record stays and says that alone.
    type: str
    choices: [prepared, begun, proven, failed, restored, forgotten]
    required: true
  made:
    description:
      - Things on the host, each with its C(kind), its C(name) or C(path), and whatever removing it takes.
      - Required for the states V(prepared), V(begun) and V(proven).
    type: list
    elements: dict
  definition:
    description:
      - The digest of all that was wanted. Required for O(state=proven).
    type: str
  method:
    description:
      - The method by which it serves. Required for O(state=proven).
    type: str
  version:
    description:
      - The version that serves, or that failed. Required for the states V(proven) and V(failed).
    type: str
  release:
    description:
      - What it runs from, so that a way back finds it and nothing removes it. The id of a release, or an image. Used by
        O(state=proven).
    type: str
  served:
    description:
      - Where it answers, kept for the gate after a way back. Used by O(state=proven).
    type: list
    elements: dict
    default: []
  files:
    description:
      - Paths of the files that make it serve, such as units and settings. Used by O(state=proven).
    type: list
    elements: path
    default: []
  reason:
    description:
      - Why the version failed, in one line. Required for O(state=failed).
    type: str
  to:
    description:
      - Which state O(state=restored) brings back.
    type: str
    choices: [proven, previous]
    default: proven
seealso:
  - module: barellama.fleet.host_drift
    description: Reads the record as one of the desired things.
  - module: barellama.fleet.ollama_release
"""

EXAMPLES = r"""
- name: Note what is about to be made
  barellama.fleet.ollama_record:
    state: prepared
    made:
      - {kind: file, path: /etc/systemd/system/ollama.service}
      - {kind: unit, name: ollama.service}

- name: Note that it serves
  barellama.fleet.ollama_record:
    state: proven
    definition: "{{ definition }}"
    method: systemd
    version: "0.34.4"
    served:
      - {host: 127.0.0.1, port: 11434, version: "0.34.4"}
    made:
      - {kind: file, path: /etc/systemd/system/ollama.service}
      - {kind: unit, name: ollama.service}
    files:
      - /etc/systemd/system/ollama.service

- name: Note that the version does not serve here
  barellama.fleet.ollama_record:
    state: failed
    version: "0.34.5"
    reason: "{{ ansible_failed_result.msg }}"

- name: Have the files back that served last
  barellama.fleet.ollama_record:
    state: restored
"""

RETURN = r"""
record:
  description: What the record says, as host_drift finds it. Never the content of files.
  returned: success
  type: dict
  contains:
    state:
      description: V(present) or V(absent).
      type: str
      sample: present
    definition:
      description: The digest of what serves, V(none) where nothing was proven, or where something was begun since.
      type: str
    method:
      description: The method by which it serves.
      type: str
      sample: systemd
    version:
      description: The version that serves.
      type: str
      sample: 0.34.4
    release:
      description: What it runs from, the id of a release or an image.
      type: str
      sample: 0.34.4-c238986e
    served:
      description: Where it answers.
      type: list
      elements: dict
    made:
      description: What may be on the host because of us.
      type: list
      elements: dict
      sample:
        - kind: unit
          name: ollama.service
    previous:
      description: C(method), C(version) and C(release) of what served before; V(none) where there is none.
      type: dict
      sample: {method: systemd, version: 0.32.15, release: 0.32.15-50539c5f}
    failed:
      description: For each version that failed, C(when) and the C(reason).
      type: dict
      sample:
        0.34.5:
          reason: "127.0.0.1:11434: does not answer"
          when: "2026-11-21T11:20:00Z"
    restored:
      description:
        - The state whose files are there again, with its C(definition), C(method), C(version), C(release), C(served),
          C(made) and the paths of its C(files).
      type: dict
      returned: when O(state=restored)
actions:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: str
  sample:
    - write /etc/systemd/system/ollama.service
    - remove /etc/ollama/compose/compose.yaml
"""

from ansible_collections.barellama.fleet.plugins.module_utils._module import run
from ansible_collections.barellama.fleet.plugins.module_utils._record import check_made
from ansible_collections.barellama.fleet.plugins.module_utils._record_store import Event, reconcile

SPEC = {
    "path": {"type": "path", "default": "/var/lib/barellama/ollama.json"},
    "state": {"type": "str", "choices": ["prepared", "begun", "proven", "failed", "restored", "forgotten"], "required": True},
    "made": {"type": "list", "elements": "dict"},
    "definition": {"type": "str"},
    "method": {"type": "str"},
    "version": {"type": "str"},
    "release": {"type": "str"},
    "served": {"type": "list", "elements": "dict", "default": []},
    "files": {"type": "list", "elements": "path", "default": []},
    "reason": {"type": "str"},
    "to": {"type": "str", "choices": ["proven", "previous"], "default": "proven"},
}
NEEDED = {
    "prepared": ["made"],
    "begun": ["made"],
    "proven": ["made", "definition", "method", "version"],
    "failed": ["version", "reason"],
}


def keep_record(module):
    event = Event(**{field: module.params[field] for field in Event._fields})
    check_made(event.made or [])
    return reconcile(module.params["path"], event, module.check_mode)


def main():
    run(SPEC, keep_record, required_if=[("state", state, needed) for state, needed in NEEDED.items()])


if __name__ == "__main__":
    main()
