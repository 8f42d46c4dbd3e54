# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The files that a server loads for a model, found in its store without asking the server."""

from __future__ import annotations

import os

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import blobs, demand_store
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import models

WEIGHTS, *LOADED_BESIDE = (f"application/vnd.ollama.image.{kind}" for kind in ("model", "projector", "adapter"))


def loaded_files(store, name):
    """(path of the weights, paths of what is loaded beside them) of ``name``, a ModelName, in the directory ``store``."""
    demand_store(store)
    whole = blobs(store).whole
    found, unreadable = models(store, whole)
    # The server finds a name in any case, though its own first.
    mine = sorted((model for model in found if ModelName.parse(model.name) == name), key=lambda model: model.name != str(name))
    if not mine:
        hidden = f", or is one of {len(unreadable)} that cannot be read (ollama_store_info)" if unreadable else ""
        raise FleetError(f"{name} is not in the store {store}{hidden}; pull it, or check name and store")
    weights = [layer for layer in mine[0].layers if layer.media_type == WEIGHTS]
    if not weights:
        raise FleetError(f"{name} has no GGUF file in {store}: it runs elsewhere, or is of another format")
    beside = [layer for layer in mine[0].layers if layer.media_type in LOADED_BESIDE]
    path, *others = (_path(store, name, layer, whole) for layer in [*weights, *beside])
    return path, others


def _path(store, name, layer, whole):
    if layer.digest not in whole:
        raise FleetError(f"blob {layer.digest} of {name} is not in {store}; pull the model again")
    return os.path.join(store, "blobs", whole[layer.digest].name)
