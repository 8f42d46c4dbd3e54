# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _store_prune as prune
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._store import survey

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import HOUR, Store

PART = '{"N":0,"Offset":0,"Size":100,"Completed":40}'
OLD, FRESH = 2 * HOUR, 100


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "models")
    store.model("tiny", b"weights")
    return store


def due(store, read=False, older_than=HOUR):
    return prune.plan(survey(str(store), read), prune.quarantined(str(store)), older_than)


def tidy(store, **how):
    return prune.carry_out(str(store), due(store, **how))


@pytest.mark.parametrize("make, whys", [
    (lambda store: None, []),
    (lambda store: store.blob(b"nobody's", OLD), ["orphaned"]),
    (lambda store: store.blob(b"nobody's", FRESH), []),
    (lambda store: store.download("a" * 64, {0: PART}, 100, OLD), ["partial", "partial"]),
    (lambda store: store.download("a" * 64, {0: PART}, 100, FRESH), []),
    (lambda store: store.download("a" * 64, {0: ""}, 100, FRESH), ["partial", "partial"]),
    (lambda store: store.download("a" * 64, {0: ""}, 100, 10), []),
    (lambda store: [store.blob(b"nobody's", OLD), store.download("a" * 64, {0: PART}, 100, 10)], []),
    (lambda store: store.file("blobs/sha256-123", age=OLD), ["leftover"]),
    (lambda store: store.file("blobs/sha256-123", age=FRESH), []),
    (lambda store: store.file("blobs/README", age=OLD), []),
    (lambda store: os.mkdir(store.blob_path("a" * 64)), []),
    (lambda store: os.mkfifo(store.blob_path("a" * 64 + "-partial")), []),
    (lambda store: store.manifest("copy", (store.path / "manifests/registry.ollama.ai/library/tiny/latest").read_bytes()), []),
], ids=range(14))
def test_only_what_no_model_needs_goes(store, make, whys):
    before = store.tree()
    make(store)
    changes = due(store)
    assert [change.why for change in changes] == whys
    with_it = store.tree()
    assert prune.carry_out(str(store), changes) == changes
    gone = set(with_it) - set(store.tree())
    assert gone == {prune.told(change)["file"] for change in changes} and not gone & set(before)
    assert due(store) == []


def test_with_no_age_asked_all_goes_that_is_quiet(store):
    digest = store.blob(b"nobody's", 70)
    store.blob(b"what a manifest may name in a moment", 10)
    store.file("blobs/sha256-123", age=10)
    assert [change.file.name for change in due(store, older_than=0)] == [f"sha256-{digest}"]
    with pytest.raises(FleetError, match="older_than is -1; it must be at least 0"):
        due(store, older_than=-1)


@pytest.mark.parametrize("content, age, moved", [(b"weighTs", OLD, True), (b"wei", OLD, True), (b"weighTs", 10, False), (b"weights", OLD, False)])
def test_a_corrupt_blob_is_moved_aside_and_stays_for_a_while(store, content, age, moved):
    digest = store.model("tiny", b"weights")[1]
    store.blob(content, age, digest)
    before = survey(str(store), True)
    assert [change.why for change in tidy(store, read=True)] == ["corrupt"] * moved
    assert store.blob_path(digest).exists() != moved
    assert (store.path / f"quarantine/sha256-{digest}").exists() == moved
    assert before.damaged == (["tiny:latest"] if content != b"weights" else [])
    assert due(store, read=True) == []
    assert [change.why for change in due(store, older_than=0)] == ["quarantined"] * moved
    tidy(store, older_than=0)
    assert not (store.path / f"quarantine/sha256-{digest}").exists()


def test_a_corrupt_orphan_is_moved_once_and_not_removed_too(store):
    store.blob(b"nobody's", OLD, "a" * 64)
    assert [change.why for change in tidy(store, read=True)] == ["corrupt"]


def test_without_reading_nothing_is_taken_for_corrupt(store):
    digest = store.model("tiny", b"weights")[1]
    store.blob(b"wei", OLD, digest)
    assert due(store) == []


def test_a_file_that_became_another_is_left_alone(store):
    digest = store.blob(b"nobody's", OLD)
    changes = due(store)
    store.blob(b"nobody's", 0, digest)
    assert prune.carry_out(str(store), changes) == [] and store.blob_path(digest).exists()


def test_of_a_link_only_the_link_goes(store, tmp_path):
    target = store.file("../target", age=OLD)
    store.blob_path("a" * 64).symlink_to(target)
    os.utime(store.blob_path("a" * 64), (1, 1), follow_symlinks=False)
    assert [change.why for change in tidy(store)] == ["orphaned"]
    assert target.exists() and not os.path.lexists(store.blob_path("a" * 64))


def test_a_quarantine_that_leads_elsewhere_is_not_entered(store, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ("sha256-" + "b" * 64)).write_bytes(b"")
    (store.path / "quarantine").symlink_to(tmp_path / "elsewhere")
    assert prune.quarantined(str(store)) == []
    store.blob(b"evil", OLD, "a" * 64)
    with pytest.raises(FleetError, match="cannot move blobs/sha256-aaa"):
        tidy(store, read=True)
    assert len(os.listdir(tmp_path / "elsewhere")) == 1 and store.blob_path("a" * 64).exists()


def test_a_run_that_is_killed_at_any_point_is_finished_by_the_next(store, monkeypatch):
    store.blob(b"nobody's", OLD)
    store.blob(b"evil", OLD, "a" * 64)
    store.download("c" * 64, {0: PART}, 100, OLD)
    steps = 0
    while due(store, read=True):
        (change, *_later) = due(store, read=True)
        assert prune.carry_out(str(store), [change]) == [change]
        steps += 1
    assert steps == 4 and [file for file in store.tree() if "a" * 64 in file] == ["quarantine/sha256-" + "a" * 64]
    assert survey(str(store), True).damaged == []


@pytest.mark.parametrize("make, named", [
    (lambda store: store.manifest("bad", b""), "library/bad/latest"),
    (lambda store: store.file("manifests/.DS_Store"), ".DS_Store"),
    (lambda store: store.manifest("many", {"manifests": [{"digest": "sha256:" + "a" * 64}]}), "the list many:latest"),
    (lambda store: [store.manifest(f"bad{number}", b"") for number in range(9)], "and 4 more"),
])
def test_what_cannot_be_read_may_name_anything(store, make, named):
    make(store)
    with pytest.raises(FleetError, match=f"{named}.*despite_unreadable"):
        prune.refuse_unknown(survey(str(store)))


def test_a_readable_store_is_not_refused(store):
    assert prune.refuse_unknown(survey(str(store))) is None


def test_the_difference_tells_what_goes_and_where_to(store):
    store.blob(b"nobody's", OLD)
    store.blob(b"evil", OLD, "a" * 64)
    told = prune.difference(due(store, read=True))
    assert told["before"].count("\n") == 2 and told["after"] == f"quarantine/sha256-{'a' * 64}\n"


def test_blobs_without_any_manifest_are_more_likely_a_copy_that_is_not_complete(store):
    (store.path / "manifests/registry.ollama.ai/library/tiny/latest").unlink()
    with pytest.raises(FleetError, match="2 blobs and not one manifest"):
        prune.refuse_unknown(survey(str(store)))
    for file in (store.path / "blobs").iterdir():
        file.unlink()
    prune.refuse_unknown(survey(str(store)))
