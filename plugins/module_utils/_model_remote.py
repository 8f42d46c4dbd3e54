# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a registry's model says of itself: the head of its file is read, and nothing is downloaded."""

from __future__ import annotations

import http.client

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._gguf import BadGguf, Reader, header_of
from ansible_collections.barellama.fleet.plugins.module_utils._model_files import LOADED_BESIDE, WEIGHTS
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import parsed


class Onward:
    """A site's answer, in which one can go on and not back."""

    def __init__(self, answer):
        self.read = answer.read

    def seek(self, count, _whence):
        while count:
            piece = self.read(min(count, 1 << 20))
            if not piece:
                raise OSError("the answer broke off")
            count -= len(piece)


def remote_header(registry, name):
    """(address of the weights, their Header, bytes of what is loaded beside them) of ``name`` in a Registry."""
    _manifest, layers = parsed(registry.body(name))
    weights = [layer for layer in layers if layer.media_type == WEIGHTS]
    if not weights:
        raise FleetError(f"{name} has no GGUF file in its registry: it runs elsewhere, or is of another format")
    try:
        with registry.open_blob(name, weights[0].digest) as answer:
            header = header_of(Reader(name, Onward(answer), weights[0].size))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BadGguf(name, f"cannot be read ({error})") from error
    beside = [*weights[1:], *(layer for layer in layers if layer.media_type in LOADED_BESIDE)]
    return registry.blob_url(name, weights[0].digest), header, sum(layer.size for layer in beside)
