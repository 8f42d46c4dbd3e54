# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _store_files as files
from ansible_collections.barellama.fleet.plugins.module_utils import _store_verify as verify
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._store import survey

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import Store

GOOD, EVIL, SHORT = b"good content", b"evil content", b"good"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


def missing(store, digest):
    store.blob_path(digest).unlink()


def corrupt(store, digest):
    store.blob(EVIL, digest=digest)


def truncated(store, digest):
    store.blob(SHORT, digest=digest)


def directory(store, digest):
    missing(store, digest)
    store.blob_path(digest).mkdir()


def dangling(store, digest):
    missing(store, digest)
    store.blob_path(digest).symlink_to("nowhere")


@pytest.mark.parametrize("damage, quick, read", [
    (lambda store, digest: None, "ok", "ok"),
    (missing, "missing", "missing"),
    (truncated, "truncated", "truncated"),
    (corrupt, "ok", "corrupt"),
    (directory, "unreadable", "unreadable"),
    (dangling, "unreadable", "unreadable"),
], ids=["nothing", "missing", "truncated", "corrupt", "directory", "dangling"])
def test_a_blob_is_told_as_it_is(store, damage, quick, read):
    digest = store.model("tiny", GOOD)[1]
    damage(store, digest)
    assert survey(str(store)).state(digest, len(GOOD))[0] == quick
    found = survey(str(store), read=True)
    assert found.state(digest, len(GOOD))[0] == read
    assert found.corrupt == ([digest] if read in ("corrupt", "truncated") else [])
    assert found.damaged == ([] if read == "ok" else ["tiny:latest"])


def test_a_manifest_that_is_wrong_about_a_size_does_not_make_a_good_blob_bad(store):
    digest = store.blob(GOOD)
    assert survey(str(store)).state(digest, 1)[0] == "truncated"
    assert survey(str(store), read=True).state(digest, 1)[0] == "ok"


def test_what_no_model_names_is_orphaned(store):
    named = store.model("tiny")
    orphan = store.blob(b"nobody's", age=7300)
    found = survey(str(store))
    assert found.orphans == [orphan] and found.named == set(named)
    assert 7300 <= found.age(found.whole[orphan]) < 7400


def test_what_comes_from_the_future_is_young(store):
    orphan = store.blob(b"nobody's", age=-10**6)
    found = survey(str(store))
    assert found.age(found.whole[orphan]) == 0


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_cache_is_used_and_not_written_in_check_mode(store, tmp_path, check_mode, monkeypatch):
    store.model("tiny", GOOD)
    cache = tmp_path / "cache/sums.json"
    survey(str(store), True, str(cache), check_mode)
    assert cache.exists() != check_mode
    monkeypatch.setattr(verify, "_read", lambda path, file: read.append(path) or "read")
    read = []
    survey(str(store), True, str(cache), check_mode)
    assert len(read) == (2 if check_mode else 0)


def test_a_blob_that_changed_while_the_others_were_read_has_no_sum(store, monkeypatch):
    digest = store.model("tiny", GOOD)[1]
    monkeypatch.setattr(verify, "sums", lambda *_arguments: corrupt(store, digest) or {digest: digest})
    assert survey(str(store), read=True).sums == {}


def test_a_pull_that_ends_meanwhile_is_not_found_half(store, monkeypatch):
    """Its manifest is there as soon as its blobs are seen."""
    monkeypatch.setattr(verify, "sums", lambda *_arguments: store.model("late", GOOD) and {})
    found = survey(str(store), read=True)
    assert [model.name for model in found.models] == ["late:latest"]
    assert found.damaged == [] and found.orphans == []


def test_nothing_in_the_store_changes(store):
    store.model("tiny", GOOD)
    before = {path: os.stat(path) for path in sorted(store.path.rglob("*"))}
    survey(str(store), read=True)
    after = {path: os.stat(path) for path in sorted(store.path.rglob("*"))}
    assert {path: files.identity(shape) for path, shape in before.items()} == {path: files.identity(shape) for path, shape in after.items()}


def test_no_store_is_told(tmp_path):
    with pytest.raises(FleetError, match="no store at"):
        survey(str(tmp_path / "none"))
