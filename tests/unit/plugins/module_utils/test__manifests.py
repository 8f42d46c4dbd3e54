# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._manifests import BadManifest, Manifest

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def body(*layers, config=(C, 5), **more):
    part = [{"mediaType": "x", "digest": f"sha256:{digest}", "size": size} for digest, size in (config, *layers)]
    return json.dumps({"schemaVersion": 2, "config": part[0], "layers": part[1:], **more}).encode()


def test_reads_config_and_layers_once_each():
    content = body((A, 100), (B, 20), (A, 100))
    manifest = Manifest.parse(content)
    assert manifest.digest == hashlib.sha256(content).hexdigest()
    assert manifest.blobs == {(A, 100), (B, 20), (C, 5)}


def test_reads_a_real_manifest(recorded):
    sample = recorded("sample-manifest")["manifest"]
    manifest = Manifest.parse(json.dumps(sample).encode())
    assert len(manifest.blobs) == len(sample["layers"]) + 1


def test_a_list_of_manifests_has_a_digest_but_no_blobs():
    content = json.dumps({"schemaVersion": 2, "manifests": [{"digest": f"sha256:{A}", "size": 700}]}).encode()
    manifest = Manifest.parse(content)
    assert (manifest.digest, manifest.blobs) == (hashlib.sha256(content).hexdigest(), None)


BROKEN = [
    b"",
    b"null",
    b"[]",
    b"5",
    b"{",
    b"\xff",
    b'{"config": {}, "layers": []}',
    b'{"layers": []}',
    body(("A" * 64, 1)),
    body((A[:-1], 1)),
    body((A, -1)),
    body((A, "1")),
    body((A, True)),
    body(("../" + A, 1)),
    body((A, 1), config=(None, 1)),
    b"[" * 100_000,
]


@pytest.mark.parametrize("content", BROKEN)
def test_refuses_what_is_none(content):
    with pytest.raises(BadManifest, match="not a model's manifest"):
        Manifest.parse(content)


def test_the_digest_decides_and_then_the_blobs():
    old, new = Manifest.parse(body((A, 1), schemaVersion=2)), Manifest.parse(body((A, 1), mediaType="m"))
    assert old.digest != new.digest and old.same_content(new)
    assert not old.same_content(Manifest.parse(body((B, 1))))
    assert Manifest(A).same_content(Manifest(A)) and Manifest(new.digest).same_content(new)
    assert not Manifest(A).same_content(Manifest(B))
    assert not Manifest(A).same_content(new) and not new.same_content(Manifest(A))
