# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._models_inventory import inventory


def test_inventory_says_what_is_in_memory(recorded):
    loaded = recorded("ps-loaded")["response"]["body"]["models"]
    listed = recorded("tags-many")["response"]["body"]["models"]
    models = {model["name"]: model for model in inventory(listed, loaded)}
    assert list(models) == sorted(models) and len(models) == len(listed)
    assert models["tiny:latest"]["capabilities"] == ["completion"]
    assert models["tiny:latest"]["loaded"]["size"] == 2243952
    assert models["tiny:latest"]["loaded"]["expires_at"] == "2026-11-20T09:28:47.364460628Z"
    assert [model["name"] for model in models.values() if model["loaded"]] == ["tiny:latest"]


@pytest.mark.parametrize(
    "size, vram, share", [(100, 100, 1.0), (300, 100, 0.333), (100, 0, 0.0), (0, 0, None), (1, 2, None)]
)
def test_share_of_gpu_memory(size, vram, share):
    entry = {"name": "m:latest", "digest": "a" * 64, "size": size, "size_vram": vram}
    assert inventory([entry], [entry])[0]["loaded"]["vram_share"] == share
