# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import shutil

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _store_files as files
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import incomplete, models

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import CONFIG, MODEL, Store

DIGEST = "sha256:" + "a" * 64
GOOD = {"config": {"digest": DIGEST, "size": 1}, "layers": []}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


def look(store):
    return models(str(store), files.blobs(str(store)).whole)


def test_a_model_is_told_as_its_manifest_tells_it(store):
    config, weights, licence = store.model("tiny", b"weights", b"licence")
    (model,), unreadable = look(store)
    assert (model.name, unreadable, model.unknown) == ("tiny:latest", [], [])
    assert [tuple(layer) for layer in model.layers] == [(config, 23, CONFIG), (weights, 7, MODEL), (licence, 7, MODEL)]


def test_a_blob_that_is_named_twice_is_one(store):
    store.model("tiny", b"same", b"same")
    assert len(look(store)[0][0].layers) == 2


def test_names_are_those_that_the_server_lists(store):
    for place in ("registry.ollama.ai/someone/a/1b", "127.0.0.1:5001/library/b/latest", "hf.co/org/c.gguf/Q4_K_M"):
        store.file(f"manifests/{place}", json.dumps(GOOD).encode())
    assert [model.name for model in look(store)[0]] == ["127.0.0.1:5001/library/b:latest", "hf.co/org/c.gguf:Q4_K_M", "someone/a:1b"]


@pytest.mark.parametrize("content, reason", [
    (b"", "JSONDecodeError"),
    (b"not json", "JSONDecodeError"),
    (b"\xff\xfe", "not a model's manifest"),
    (b"[" * 100_000, "nested too deeply"),
    (b"[]", "TypeError"),
    (b"7", "TypeError"),
    (b'"manifests"', "TypeError"),
    (b"{}", "KeyError"),
    (b'{"manifests": null}', "TypeError"),
    (b'{"manifests": [7]}', "TypeError"),
    (b'{"manifests": [{"digest": "sha256:12"}]}', "a digest or a size that is none"),
    ({**GOOD, "layers": [{"digest": "../../etc/shadow", "size": 1}]}, "digest '../../etc/shadow'"),
    ({**GOOD, "layers": [{"digest": "x" * 10**6, "size": 1}]}, "digest 'xxx"),
    ({**GOOD, "layers": [{"digest": DIGEST, "size": -1}]}, "size -1"),
    ({**GOOD, "layers": [{"digest": DIGEST, "size": 10**4000}]}, "a digest or a size that is none"),
    ({**GOOD, "layers": [{"digest": DIGEST, "size": 1.5}]}, "size 1.5"),
    ({**GOOD, "layers": {"digest": DIGEST}}, "TypeError"),
])
def test_what_is_no_manifest_is_told(store, content, reason):
    store.manifest("bad", content)
    found, (unreadable,) = look(store)
    assert found == [] and unreadable.path == "manifests/registry.ollama.ai/library/bad/latest"
    assert reason in unreadable.reason and len(unreadable.reason) <= 200


def test_a_model_of_which_a_blob_is_not_there_is_incomplete(store):
    blob = store.model("tiny", b"weights")[1]
    store.model("other", b"others")
    store.manifest("odd", b"{}")
    digests = {ModelName.parse(model.name): model.digest for model in look(store)[0]}
    tiny = ModelName.parse("tiny")
    assert len(digests) == 2 and incomplete(str(store), {**digests, ModelName.parse("odd"): "a" * 64, ModelName.parse("none"): "a" * 64}) == set()
    store.blob_path(blob).rename(store.path / f"blobs/sha256:{blob}")
    assert incomplete(str(store), digests) == set()
    (store.path / f"blobs/sha256:{blob}").unlink()
    assert incomplete(str(store), digests) == {tiny}
    assert incomplete(str(store), {tiny: "a" * 64}) == set()  # another server's store


@pytest.mark.parametrize("spoil", [lambda blobs: blobs.mkdir(), lambda blobs: blobs.write_text("no directory"), lambda blobs: None])
def test_where_no_blob_is_nothing_is_incomplete(store, spoil):
    store.model("tiny", b"weights")
    digests = {ModelName.parse(model.name): model.digest for model in look(store)[0]}
    shutil.rmtree(store.path / "blobs")
    spoil(store.path / "blobs")
    assert digests and incomplete(str(store), digests) == set()


def test_half_a_character_can_be_printed(store):
    store.manifest("odd", {**GOOD, "config": {"digest": DIGEST, "size": 1, "mediaType": "\ud800"}})
    assert look(store)[0][0].layers[0].media_type.encode() == b"\\ud800"


@pytest.mark.parametrize("make, reason", [
    (lambda path: path.mkdir(), "directory"),
    (lambda path: os.mkfifo(path), "a named pipe, not a file"),
    (lambda path: path.symlink_to("nowhere"), "No such file"),
    (lambda path: path.symlink_to("/dev/zero"), "a device, not a file"),
    (lambda path: path.open("w").truncate(17 << 20), "far too large"),
], ids=["directory", "pipe", "link", "device", "giant"])
def test_strange_things_are_told(store, make, reason):
    path = store.path / "manifests/registry.ollama.ai/library/bad/latest"
    path.parent.mkdir(parents=True)
    make(path)
    found, (unreadable,) = look(store)
    assert found == [] and reason in unreadable.reason


@pytest.mark.parametrize("place, reason", [
    ("manifests/stray", "no manifest lies here"),
    ("manifests/registry.ollama.ai/library/tiny", "no manifest lies here"),
    ("manifests/registry.ollama.ai/library/tiny/latest/deeper", "a directory"),
    ("manifests/registry.ollama.ai/library/ti ny/latest", "invalid characters in the model"),
    ("manifests/registry.ollama.ai/library/\udcff/latest", "invalid characters in the model"),
    ("manifests/registry.ollama.ai/library/tiny/a@b", "Ollama knows no digest in a name"),
])
def test_a_file_in_a_wrong_place_is_told(store, place, reason):
    store.file(place, json.dumps(GOOD).encode())
    found, (unreadable,) = look(store)
    assert found == [] and reason in unreadable.reason
    unreadable.path.encode()


def test_links_are_followed_as_the_server_does(store, tmp_path):
    store.model("tiny")
    (store.path / "manifests/registry.ollama.ai").rename(tmp_path / "elsewhere")
    (store.path / "manifests/registry.ollama.ai").symlink_to(tmp_path / "elsewhere")
    assert [model.name for model in look(store)[0]] == ["tiny:latest"]


def test_a_list_of_manifests_names_what_its_parts_name(store):
    weights = store.blob(b"weights")
    part = store.blob(json.dumps({"config": {"digest": f"sha256:{weights}", "size": 7}, "layers": []}).encode())
    inner_list = store.blob(b'{"manifests": []}')
    absent = "b" * 64
    store.manifest("many", {"manifests": [{"digest": f"sha256:{each}", "size": 7} for each in (part, inner_list, absent)]})
    (model,), unreadable = look(store)
    assert unreadable == [] and model.unknown == [inner_list, absent]
    assert [layer.digest for layer in model.layers] == [part, weights, inner_list]


def test_there_may_be_no_manifests_but_no_file_in_their_place(store):
    (store.path / "manifests").rmdir()
    assert look(store) == ([], [])
    store.file("manifests")
    with pytest.raises(FleetError, match="is not a directory"):
        look(store)
