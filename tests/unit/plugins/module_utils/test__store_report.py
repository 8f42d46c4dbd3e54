# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _store_files as files
from ansible_collections.barellama.fleet.plugins.module_utils._store import survey
from ansible_collections.barellama.fleet.plugins.module_utils._store_report import report

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import HOUR, MODEL, Store

A, B = b"first model", b"second model"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


def look(store, read=True):
    found = report(survey(str(store), read))
    json.dumps(found).encode()
    for line in found["lines"]:
        line.encode()
        assert "\n" not in line and "None" not in line
    return found


def test_a_store_without_faults_has_no_lines(store):
    store.model("tiny", A)
    found = look(store)
    assert found["lines"] == []
    (model,) = found["models"]
    assert (model["name"], model["size"], model["sound"], MODEL in model["media_types"]) == ("tiny:latest", 23 + len(A), True, True)
    assert model["layers"][1] == {"digest": model["layers"][1]["digest"], "size": len(A), "media_type": MODEL, "state": "ok", "reason": None}
    assert found["totals"] == {
        "models": 1, "blobs": 2, "bytes": 23 + len(A), "bytes_orphaned": 0, "bytes_partial": 0, "bytes_saved_by_sharing": 0,
        "read": 2, "missing": 0, "truncated": 0, "corrupt": 0, "unreadable": 0,
    }


def test_shared_blobs_are_told_once(store):
    config, shared, own = store.model("one", A, B)
    store.model("two", A)
    found = look(store)
    assert [(entry["digest"], entry["models"]) for entry in found["shared"]] == [
        (digest, ["one:latest", "two:latest"]) for digest in sorted([config, shared])]
    assert found["totals"]["bytes_saved_by_sharing"] == 23 + len(A)
    store.blob_path(shared).unlink()
    assert look(store)["totals"]["missing"] == 1


def _missing(store, digest):
    store.blob_path(digest).unlink()


def _list(store, _digest):
    store.manifest("many", {"manifests": [{"digest": "sha256:" + "a" * 64}]})


PART = '{"N":0,"Offset":0,"Size":100,"Completed":40}'


@pytest.mark.parametrize("damage, said", [
    (_missing, ["tiny:latest: blob sha256-", "of 11 B is missing; pull or create the model again"]),
    (lambda store, digest: store.blob(b"fir", digest=digest), ["is truncated; move it aside with ollama_store_prune and quarantine: true, then pull"]),
    (lambda store, digest: store.blob(b"fIrst model", digest=digest), ["is corrupt; move it aside"]),
    (lambda store, digest: [_missing(store, digest), os.mkfifo(store.blob_path(digest))], ["is unreadable (a named pipe); move it away, then pull"]),
    (lambda store, digest: store.blob(B, age=72 * HOUR), ["of 12 B is named by no model, age 3 days; ollama_store_prune removes it"]),
    (lambda store, digest: store.blob(B, digest="a" * 64, age=100), ["age 100 seconds, and corrupt: a pull that wants it would take it as it is;"]),
    (lambda store, digest: store.download("a" * 64, {0: PART}, 100, age=3 * HOUR),
     ["the download of sha256-aaaaaaaaaaaa stopped at 40 B of 100 B, age 3 hours; pull again to go on, or ollama_store_prune"]),
    (lambda store, digest: store.download("a" * 64, {0: PART}, 100, age=1), ["the download of sha256-aaaaaaaaaaaa is going on, 40 B of 100 B; wait"]),
    (lambda store, digest: store.download("a" * 64, {0: ""}, 100), ["is stuck: part file 0 is empty; no pull of it ends well"]),
    (lambda store, digest: store.manifest("x\ny", b""), [r"manifests/registry.ollama.ai/library/x\x0ay/latest' cannot be read: model name"]),
    (lambda store, digest: store.manifest("bad", b""), ["library/bad/latest' cannot be read: not a model's manifest", "or remove the file"]),
    (lambda store, digest: store.file("manifests/stray"), ["'manifests/stray' cannot be read: no manifest lies here", "; move it away"]),
    (_list, ["many:latest is a list of manifests, and 1 of them are not in this store"]),
    (lambda store, digest: store.file("blobs/sha256-123\udcff"), ["among the blobs is none; remove it"]),
])
def test_each_finding_is_one_line_with_its_cure(store, damage, said):
    damage(store, store.model("tiny", A)[1])
    (line,) = look(store)["lines"]
    for piece in said:
        assert piece in line


def test_who_may_not_read_is_told_to_become_root(store, monkeypatch):
    store.model("tiny", A)

    def refuse(path, _flags):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(files.os, "open", refuse)
    (line,) = [line for line in look(store)["lines"] if "cannot be read" in line]
    assert line.endswith("cannot be read: Permission denied; run this task as root (become: true)")


def test_what_is_large_is_told_too(store):
    size = (1 << 63) - 1
    store.manifest("huge", {"config": {"digest": "sha256:" + "a" * 64, "size": size}, "layers": []})
    store.download("b" * 64, {0: '{"N":0,"Offset":0,"Size":%d,"Completed":%d}' % (size, size)}, 100)
    assert len(look(store)["lines"]) == 2
