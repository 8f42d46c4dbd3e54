#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_bundle
short_description: Carry models and releases of Ollama in one file
version_added: 0.1.0
description:
  - Writes chosen models, and archives of releases, into one file, the bundle, and imports the models of such a file into a
    store. It is for hosts without a network, for filling many stores from one, and for backups.
  - No server is needed, and one may run beside it. Models come from a store or straight from their registries.
  - An export is written beside its place and renamed when every blob of it is verified. An import verifies every blob
    before any is shown to a server, and writes the manifests last. Either can be killed; the next run goes on from there.
  - Only what is missing is written. A call that finds everything there reads no blob.
notes:
  - "A bundle is a plain tar that needs no more space than what is in it: C(index.json), then C(blobs/sha256-<digest>), each
    once. Equal content makes equal bytes. Only what this module wrote is imported; a tar of another tool is refused."
  - Imported files belong to whom the store belongs to, with its mode. While an import goes on they lie in the directory
    C(import) beside the store's blobs, where no server deletes them.
  - A release in a bundle is installed by O(barellama.fleet.ollama_release#module:archive) with the bundle's path.
extends_documentation_fragment:
  - barellama.fleet.attributes
  - barellama.fleet.attributes.action_group
author:
  - barellama contributors (@barellama)
options:
  state:
    description: Whether a bundle is written or read.
    type: str
    choices: [exported, imported]
    required: true
  path:
    description: The bundle on the host. Its name should end in C(.tar).
    type: path
    required: true
  store:
    description: The store, as C(OLLAMA_MODELS) names it. V(imported) makes it where it is missing.
    type: path
    default: /usr/share/ollama/.ollama/models
  models:
    description:
      - The models, as O(barellama.fleet.ollama_models#module:models) lists them. Those that are absent, or made from others,
        are passed over. Left out, all that are in the store or, for V(imported), in the bundle.
      - One with a C(digest) has to have that.
      - For V(imported), each has to be in the bundle, or in the store already. Where the bundle is not on the host, nothing
        is done if all of these are.
    type: list
    elements: raw
  source:
    description: Where V(exported) takes the models from. V(registry) asks anonymously, and needs O(models).
    type: str
    choices: [store, registry]
    default: store
  archives:
    description: The archives of the release O(version) that V(exported) fetches into the bundle, too.
    type: list
    elements: str
    choices: [amd64, arm64, amd64-rocm, amd64-mlx, arm64-jetpack5, arm64-jetpack6]
    default: []
  checksums:
    description: The sha256 of each of O(archives). Others are passed over.
    type: dict
    default: {}
  base_url:
    description: Where releases are, as O(barellama.fleet.ollama_release#module:base_url) says.
    type: str
    default: https://github.com/ollama/ollama/releases/download
  version:
    description: The version of Ollama on the other side. Registries keep some models from older ones.
    type: str
    default: "0.34.4"
  insecure:
    description: Speak plain HTTP to registries.
    type: bool
    default: false
  partial:
    description:
      - Import the models that are whole from a bundle that is damaged, and return the others as RV(damaged).
      - Without it nothing is imported from such a bundle.
    type: bool
    default: false
seealso:
  - module: barellama.fleet.ollama_store_info
  - module: barellama.fleet.ollama_release
"""

EXAMPLES = r"""
- name: Bundle two models and a release, straight from where they are published
  barellama.fleet.ollama_bundle:
    state: exported
    path: /srv/ollama.tar
    source: registry
    models: [llama3.2:3b, nomic-embed-text]
    version: "0.34.4"
    archives: [amd64]
    checksums:
      amd64: c238986e61d40c0cc5f4a9b9e40b9eea104350b77efa34741fc134e105cb9533

- name: Back up all models
  barellama.fleet.ollama_bundle:
    state: exported
    path: /backup/models.tar

- name: Import them where there is no network
  barellama.fleet.ollama_bundle:
    state: imported
    path: /srv/ollama.tar
"""

RETURN = r"""
bundle:
  description: The bundle. Of one that is not there, as O(models) says, the path alone.
  returned: success
  type: dict
  contains:
    path:
      description: Where it is.
      type: str
    bytes:
      description: Its size.
      type: int
    models:
      description: Names and digests.
      type: dict
      sample: {"llama3.2:3b": a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72}
    archives:
      description: Names and sha256 of the archives.
      type: dict
imported:
  description: The names of the models that were imported, or in check mode would be. Only for V(imported).
  returned: when O(state=imported)
  type: list
  elements: str
  sample: ["llama3.2:3b"]
actions:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["import llama3.2:3b", write 2.0 GB]
damaged:
  description: The models that were not imported, and the blob that is not what its digest says. Only for V(imported).
  returned: when O(state=imported)
  type: list
  elements: dict
  contains:
    model:
      description: The name.
      type: str
    blob:
      description: The digest.
      type: str
"""

import os

from ansible_collections.barellama.fleet.plugins.module_utils import _bundle_content as contents
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_import import bring
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_write import export
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import wanted_models
from ansible_collections.barellama.fleet.plugins.module_utils._module import run
from ansible_collections.barellama.fleet.plugins.module_utils._registry import Registry
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import CHECKSUM_KEYS
from ansible_collections.barellama.fleet.plugins.module_utils._web import Web

SILENCE = 60  # seconds, after which a connection counts as broken

SPEC = {
    "state": {"type": "str", "choices": ["exported", "imported"], "required": True},
    "path": {"type": "path", "required": True},
    "store": {"type": "path", "default": "/usr/share/ollama/.ollama/models"},
    "models": {"type": "list", "elements": "raw"},
    "source": {"type": "str", "choices": ["store", "registry"], "default": "store"},
    "archives": {"type": "list", "elements": "str", "choices": CHECKSUM_KEYS, "default": []},
    "checksums": {"type": "dict", "default": {}},
    "base_url": {"type": "str", "default": "https://github.com/ollama/ollama/releases/download"},
    "version": {"type": "str", "default": "0.34.4"},
    "insecure": {"type": "bool", "default": False},
    "partial": {"type": "bool", "default": False},
}


def carry(module):
    asked = dict(module.params, **{key: os.path.abspath(module.params[key]) for key in ("path", "store")})
    wanted = None if asked["models"] is None else wanted_models(asked["models"])
    pins = wanted and {name: wish.digest for name, wish in wanted.items()
                       if wish.state == "present" and not (wish.copy_of or wish.definition)}
    if asked["state"] == "imported":
        return bring(asked["path"], asked["store"], pins, asked["partial"], module.check_mode)
    content, web = contents.Content(), Web(SILENCE)
    contents.add_archives(content, web, asked["base_url"], asked["version"],
                          {key: asked["checksums"].get(key) for key in asked["archives"]})
    if asked["source"] == "registry":
        contents.add_from_registries(content, Registry(asked["version"], asked["insecure"], SILENCE), web, pins)
    else:
        contents.add_from_store(content, asked["store"], pins)
    contents.refuse_moved(content, pins or {})
    return export(asked["path"], content, module.check_mode)


def main():
    run(SPEC, carry, required_if=[("source", "registry", ["models"])])


if __name__ == "__main__":
    main()
