# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._model_files import loaded_files
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName

MODEL, PROJECTOR, ADAPTER, TEMPLATE = (f"application/vnd.ollama.image.{kind}" for kind in ("model", "projector", "adapter", "template"))


@pytest.fixture
def store(tmp_path):
    """Write a manifest with layers of these kinds, whose digests are 1111..., 2222... and so on, and blobs of those in ``there``."""

    def write(*kinds, name="registry.ollama.ai/library/Demo/1b", body=None, there="0123456789"):
        parts = [{"mediaType": kind, "digest": f"sha256:{str(number) * 64}", "size": 5} for number, kind in enumerate(("config", *kinds))]
        path = tmp_path / "manifests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"config": parts[0], "layers": parts[1:]}) if body is None else body)
        (tmp_path / "blobs").mkdir(exist_ok=True)
        for number in there:
            (tmp_path / "blobs" / f"sha256-{number * 64}").write_bytes(b"12345")
        return str(tmp_path)

    return write


def test_the_weights_and_what_is_loaded_beside_them(store):
    place = store(TEMPLATE, MODEL, PROJECTOR, ADAPTER)
    path, beside = loaded_files(place, ModelName.parse("demo:1b"))
    assert path == f"{place}/blobs/sha256-{'2' * 64}"
    assert beside == [f"{place}/blobs/sha256-{'3' * 64}", f"{place}/blobs/sha256-{'4' * 64}"]


def test_a_name_is_found_in_any_case_and_its_own_first(store):
    store(MODEL, name="registry.ollama.ai/library/demo/1B")
    place = store(TEMPLATE, MODEL, name="registry.ollama.ai/library/demo/1b")
    assert loaded_files(place, ModelName.parse("demo:1b"))[0].endswith("2" * 64)
    assert loaded_files(place, ModelName.parse("demo:1B"))[0].endswith("1" * 64)
    assert loaded_files(place, ModelName.parse("Library/DEMO:1B"))[0].endswith("1" * 64)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("demo:2b", "demo:2b is not in the store .*; pull it, or check name and store"),
        ("hf.co/org/demo:1b", "is not in the store"),
    ],
)
def test_what_is_not_there_is_told(store, name, reason):
    with pytest.raises(FleetError, match=reason):
        loaded_files(store(MODEL), ModelName.parse(name))


def test_a_store_that_is_none_is_told(tmp_path):
    with pytest.raises(FleetError, match="no store at .*/none: give the directory"):
        loaded_files(str(tmp_path / "none"), ModelName.parse("demo:1b"))


@pytest.mark.parametrize("body", ["", "{", "[]", '{"config": 1, "layers": []}', "\xff"])
def test_a_damaged_manifest_is_one_line(store, body):
    with pytest.raises(FleetError, match=r"demo:1b is not in the store .*, or is one of 1 that cannot be read \(ollama_store_info\); pull it"):
        loaded_files(store(body=body), ModelName.parse("demo:1b"))


@pytest.mark.parametrize("body", [None, '{"manifests": []}'])
def test_what_is_no_gguf_model_is_told(store, body):
    with pytest.raises(FleetError, match="demo:1b has no GGUF file in"):
        loaded_files(store("application/vnd.ollama.image.tensor", body=body), ModelName.parse("demo:1b"))


def test_a_blob_that_is_missing_is_told(store):
    with pytest.raises(FleetError, match="blob 1{64} of demo:1b is not in .*; pull the model again"):
        loaded_files(store(MODEL, there="0"), ModelName.parse("demo:1b"))
