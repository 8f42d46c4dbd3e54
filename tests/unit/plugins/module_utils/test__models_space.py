# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
from collections import namedtuple

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _models_space
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest

Pull = namedtuple("Pull", "name after bytes repaired", defaults=[{}])

A, B = "a" * 64, "b" * 64
BOTH = Manifest("c" * 64, frozenset({(A, 3_000_000), (B, 500)}))


@pytest.fixture(name="store")
def _store(tmp_path):
    (tmp_path / "blobs").mkdir()
    return tmp_path


def test_without_a_store_all_of_a_model_is_missing():
    assert _models_space.bytes_missing(BOTH, None) == 3_000_500


def test_what_a_manifest_does_not_tell_is_not_known(store):
    assert _models_space.bytes_missing(Manifest("c" * 64, None), str(store)) is None


def test_a_blob_that_is_there_is_not_missing(store):
    (store / "blobs" / f"sha256-{A}").write_bytes(b"whatever its length")
    assert _models_space.bytes_missing(BOTH, str(store)) == 500


def test_of_a_sparse_partial_only_what_was_written_has_arrived(store):
    with open(store / "blobs" / f"sha256-{A}-partial", "wb") as partial:
        partial.write(b"x" * 1_048_576)
        partial.truncate(3_000_000)
    assert 500 < _models_space.bytes_missing(BOTH, str(store)) <= 500 + 3_000_000 - 1_048_576


def test_models_that_fit_pass(store):
    _models_space.refuse_full_disk([Pull("m:latest", BOTH, 3_000_500)], str(store), reserve=0)


def test_models_that_do_not_fit_are_told_with_figures(store):
    huge = Manifest("d" * 64, frozenset({(A, 10**18)}))
    with pytest.raises(FleetError) as refused:
        _models_space.refuse_full_disk([Pull("big:latest", huge, 10**18)], str(store / "not" / "yet"), reserve=2_000)
    assert str(refused.value).startswith(
        f"models do not fit into {store}/not/yet: need 1000000.0 TB (big:latest 1000000.0 TB) and 2.0 kB in reserve, free "
    )


def test_a_blob_that_two_models_share_counts_once(store, monkeypatch):
    monkeypatch.setattr(_models_space, "_free", lambda _place: 3_000_500)
    pulls = [Pull("one:latest", BOTH, 3_000_500), Pull("two:latest", BOTH, 3_000_500)]
    _models_space.refuse_full_disk(pulls, str(store), reserve=0)
    with pytest.raises(FleetError, match="and 1 B in reserve"):
        _models_space.refuse_full_disk(pulls, str(store), reserve=1)


def test_a_model_that_cannot_be_made_for_want_of_room_is_told_with_the_file(store, monkeypatch):
    monkeypatch.setattr(_models_space, "_free", lambda _place: 3_000_500)
    make = functools.partial(_models_space.refuse_to_overfill, "m:latest", {"/a.gguf": 2_000_000}, [[A]], store=str(store))
    make(1_000_000, reserve=500)
    with pytest.raises(FleetError) as refused:
        make(1_000_000, reserve=501)
    assert str(refused.value) == (
        f"m:latest does not fit into {store}: need 3.0 MB (/a.gguf 2.0 MB, the weights made of it 1.0 MB) and 501 B in reserve, "
        "free 3.0 MB; free space or move the store"
    )
    (store / "blobs" / f"sha256-{A}").write_bytes(b"made before")
    make(1_000_000, reserve=1_000_500)


def test_a_damaged_blob_comes_anew_beside_the_old_one(store, monkeypatch):
    monkeypatch.setattr(_models_space, "_free", lambda _place: 3_000_499)
    (store / "blobs" / f"sha256-{A}").write_bytes(b"damaged")
    _models_space.refuse_full_disk([Pull("m:latest", BOTH, 500)], str(store), reserve=0)
    with pytest.raises(FleetError, match="models do not fit"):
        _models_space.refuse_full_disk([Pull("m:latest", BOTH, 3_000_500, {A: "corrupt"})], str(store), reserve=0)
