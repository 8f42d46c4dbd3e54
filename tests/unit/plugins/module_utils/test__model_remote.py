# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import math

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._gguf import read_header
from ansible_collections.barellama.fleet.plugins.module_utils._model_remote import remote_header
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._registry import Registry
from ansible_collections.barellama.fleet.tests.standin.gguf import Model

MODEL, PROJECTOR = "application/vnd.ollama.image.model", "application/vnd.ollama.image.projector"
CONTENT = b"".join(Model().chunks())
SIZE = len(CONTENT)


def manifest(*kinds, size=SIZE):
    parts = [{"mediaType": kind, "digest": f"sha256:{str(number) * 64}", "size": size} for number, kind in enumerate(("config", *kinds))]
    return json.dumps({"config": parts[0], "layers": parts[1:]}).encode()


def look(server):
    return remote_header(Registry("0.34.4", True, 2), ModelName.parse(f"{server.address}/demo/tiny"))


def test_a_header_is_what_the_file_has(serve, reply, tmp_path):
    (tmp_path / "model.gguf").write_bytes(CONTENT)
    server = serve(reply(body=manifest(MODEL, PROJECTOR)), reply(body=CONTENT))
    url, header, beside = look(server)
    assert header == read_header(str(tmp_path / "model.gguf")) and beside == SIZE
    assert url == f"{server.url}/v2/demo/tiny/blobs/sha256:{'1' * 64}"


def test_no_more_is_read_than_the_header(serve, reply):
    whole = 40 * 10**9
    _url, header, _beside = look(serve(reply(body=manifest(MODEL, size=whole)), reply(body=CONTENT, cut=True)))
    assert math.isclose(header.weights, whole, rel_tol=0.001)


@pytest.mark.parametrize("bodies, words", [
    ([manifest("other")], "has no GGUF file in its registry"),
    ([manifest(MODEL), b"<html>"], "is not a GGUF file"),
    ([manifest(MODEL), CONTENT[:100]], "became shorter while it was read|broke off"),
    ([b"{}"], "not a model's manifest"),
])
def test_what_cannot_be_read_is_told(serve, reply, bodies, words):
    with pytest.raises(FleetError, match=words):
        look(serve(*(reply(body=body) for body in bodies)))


def test_a_blob_that_is_not_there_is_told(serve, reply):
    with pytest.raises(FleetError, match="registry .* has no .*demo/tiny:latest"):
        look(serve(reply(body=manifest(MODEL)), reply(404)))
