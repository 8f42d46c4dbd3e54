# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _store_files as files
from ansible_collections.barellama.fleet.plugins.module_utils import _store_verify as verify

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


def look(store, known=()):
    whole = files.blobs(str(store)).whole
    return whole, verify.sums(str(store), whole, dict(known))


@pytest.mark.parametrize("size", [0, 1, verify.CHUNK - 1, verify.CHUNK, verify.CHUNK + 1, 3 * verify.CHUNK])
def test_a_good_blob_has_the_sum_of_its_name(store, size):
    digest = store.blob(b"x" * size)
    assert look(store)[1] == {digest: digest}


def test_a_bad_one_has_another(store):
    digest = store.blob(b"good")
    store.blob(b"evil", digest=digest)
    assert look(store)[1][digest] not in (digest, None)


def test_many_are_read_and_those_that_cannot_be_are_told(store, tmp_path):
    good = [store.blob(b"%d" % number) for number in range(40)]
    os.mkfifo(store.blob_path("a" * 64))
    store.blob_path("b" * 64).mkdir()
    store.blob_path("c" * 64).symlink_to("nowhere")
    found = look(store)[1]
    assert {digest: str(found.pop(digest)) for digest in ("a" * 64, "b" * 64)} == {"a" * 64: "a named pipe", "b" * 64: "a directory"}
    assert "leads nowhere" in str(found.pop("c" * 64))
    assert found == dict(zip(good, good))


def test_a_file_that_changes_meanwhile_is_neither_good_nor_bad(store):
    digest = store.blob(b"good")
    whole = files.blobs(str(store)).whole
    store.blob(b"evil and longer", digest=digest)
    assert "changed while it was read" in str(verify.sums(str(store), whole, {})[digest])


def test_what_is_known_is_not_read_again(store):
    digest = store.blob(b"good")
    known = verify.remembered(*look(store))
    assert list(known.values()) == [digest]
    assert look(store, {key: "as told" for key in known})[1] == {digest: "as told"}
    store.blob(b"evil", digest=digest)
    assert look(store, known)[1][digest] != digest


def test_only_sums_are_remembered(store):
    os.mkfifo(store.blob_path("a" * 64))
    assert verify.remembered(*look(store)) == {}
