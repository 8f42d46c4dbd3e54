# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import json
import tarfile

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _bundle
from ansible_collections.barellama.fleet.plugins.module_utils._bundle import BadBundle, Index

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils import random_values

A, B, C = "a" * 64, "b" * 64, "c" * 64
GOOD = {
    "format": _bundle.FORMAT, "version": 1, "models": {"tiny:latest": [A, B]},
    "archives": {"ollama-linux-amd64.tar.zst": C}, "blobs": {A: 3, B: 512, C: 0},
}


def parse(**other):
    return Index.parse(json.dumps({**GOOD, **other}))


def test_what_is_written_is_read_and_is_where_it_says():
    index = parse()
    body = index.head
    for digest, (offset, size) in index.places.items():
        body += _bundle.header(_bundle.blob_name(digest), size)
        assert len(body) == offset
        body += b"x" * size + bytes(_bundle.padding(size))
    body += _bundle.TRAILER
    assert len(body) == index.length
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        assert tar.getnames() == ["index.json", *(f"blobs/sha256-{digest}" for digest in (A, B, C))]
        assert Index.parse(tar.extractfile("index.json").read()) == index
    size = _bundle.index_size(body[:512])
    assert Index.parse(body[512:512 + size]).head == index.head


def test_a_member_of_any_size_has_one_block_in_front():
    assert {len(_bundle.header("blobs/sha256-" + A, size)) for size in (0, 1 << 33, 1 << 50)} == {512}


def test_users_of_a_blob():
    assert parse().users(B) == ["tiny:latest"] and parse().users(C) == ["ollama-linux-amd64.tar.zst"]


@pytest.mark.parametrize("other, reason", [
    ({"format": "x"}, "it is no bundle that ollama_bundle wrote"),
    ({"version": 2}, "it is a bundle of version 2, and this collection reads version 1: use the one that wrote it"),
    ({"version": None}, "it is a bundle of version nothing, and this collection reads version 1: use the one that wrote it"),
    ({"blobs": {"../../etc/passwd": 1}}, "blob '../../etc/passwd' of 1 bytes"),
    ({"blobs": {**GOOD["blobs"], A: -1}}, "of -1 bytes"),
    ({"blobs": {**GOOD["blobs"], A: True}}, "of true bytes"),
    ({"blobs": {**GOOD["blobs"], A: 1 << 60}}, "bytes"),
    ({"blobs": {**GOOD["blobs"], A: (1 << 60) - 1, B: 1}}, "more bytes than there are disks for"),
    ({"models": {"../../etc:passwd": [A]}}, "invalid characters"),
    ({"models": {"..": [A]}}, "invalid characters"),
    ({"models": {"tiny": [A], "Tiny:latest": [B]}}, "two models of one name"),
    ({"models": {"tiny": []}}, "the blobs of 'tiny'"),
    ({"models": {"tiny": ["d" * 64]}}, "the blobs of 'tiny'"),
    ({"models": {"tiny": [[A]]}}, "TypeError"),
    ({"models": {"tiny": A}}, "the blobs of 'tiny'"),
    ({"models": None}, "TypeError"),
    ({"archives": {"../ollama-linux-amd64.tgz": A}}, "the archive '../ollama-linux-amd64.tgz'"),
    ({"archives": {"ollama-linux-amd64.tgz": "d" * 64}}, "the archive"),
])
def test_what_makes_no_sense_is_refused(other, reason):
    with pytest.raises(BadBundle) as error:
        parse(**other)
    assert reason in str(error.value)


def test_values_of_any_kind_are_refused_or_understood():
    refused = 0
    for value in random_values.generated(5):
        for field in GOOD:
            try:
                parse(**{field: value if type(value) is not int else value % 10**100})
            except BadBundle:
                refused += 1
            except (TypeError, ValueError):
                pass  # JSON cannot say it
    assert refused > 500


@pytest.mark.parametrize("block", [
    b"", bytes(512), b"x" * 512, _bundle.header("../index.json", 9), _bundle.header("index.json", _bundle.LARGEST_INDEX + 1),
    _bundle.header("index.json", 9)[:511], b"[" * 512,
], ids=range(7))
def test_another_beginning_is_refused(block):
    with pytest.raises(BadBundle):
        _bundle.index_size(block)


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{}", b"[" * 100_000, b"\xff"], ids=range(6))
def test_an_index_that_is_none_is_refused(body):
    with pytest.raises(BadBundle):
        Index.parse(body)
