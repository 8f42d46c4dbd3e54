# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import time

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _store_files as files
from ansible_collections.barellama.fleet.plugins.module_utils._store_partials import downloads

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import Store

DIGEST = "f3fe979f42d546b3b3055442726aee8e0d26a144aed89ed090563705ec21f250"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


def look(store):
    return downloads(str(store), files.blobs(str(store)).partial, time.time())


def part(number, offset=None, size=100, completed=40):
    return json.dumps({"N": number, "Offset": number * 100 if offset is None else offset, "Size": size, "Completed": completed}) + "\n"


WHOLE = {number: part(number) for number in range(4)}


@pytest.mark.parametrize("case, state, reason", [
    ("tree-after-interrupted-pull", "resumable", None),
    ("tree-after-restart-with-empty-part-file", "stuck", "part file 0 is empty"),
    ("pull-with-missing-part-file-again", "stuck", "part file 0 is missing"),
])
def test_what_a_real_server_left_is_known(store, recorded, case, state, reason):
    contents = recorded("tree-after-interrupted-pull")["contents_of_part_files"]
    recording = recorded(case)
    sizes = {file["path"]: file["size"] for file in recording.get("models_dir") or recording["models_dir_after"] if "partial" in file["path"]}
    for path, size in sizes.items():
        store.file(path, contents.get(path, "").encode() if size else b"")
        if path.endswith("-partial"):
            os.truncate(store.path / path, size)
            os.utime(store.path / path, (1, 1))
    (download,) = look(store)
    assert (download.digest, download.state, download.reason) == (DIGEST, state, reason)
    assert download.total == sizes[f"blobs/sha256-{DIGEST}-partial"]


@pytest.mark.parametrize("parts, data, state, reason", [
    (WHOLE, 400, "resumable", None),
    ({}, 400, "resumable", None),
    ({0: part(0, completed=100)}, 100, "resumable", None),
    ({0: part(0, completed=0)}, 100, "resumable", None),
    ({**WHOLE, 2: ""}, 400, "stuck", "part file 2 is empty"),
    ({**WHOLE, 2: "null"}, 400, "stuck", "part file 2 is empty"),
    ({**WHOLE, 2: part(2)[:20]}, 400, "stuck", "part file 2 cannot be read"),
    ({**WHOLE, 2: "[]"}, 400, "stuck", "part file 2 cannot be read"),
    ({**WHOLE, 2: "[" * 100_000}, 400, "stuck", "part file 2 cannot be read"),
    ({**WHOLE, 2: part(2, completed="x")}, 400, "stuck", "part file 2 cannot be read"),
    ({**WHOLE, 2: part(2, completed=10**400)}, 400, "stuck", "part file 2 cannot be read"),
    ({**WHOLE, 2: part(2, completed=101)}, 400, "stuck", "part file 2 says 101 of 100 bytes"),
    ({**WHOLE, 2: part(2, completed=-1)}, 400, "stuck", "part file 2 says -1 of 100 bytes"),
    ({**WHOLE, 2: part(2, offset=210)}, 400, "stuck", "part file 2 is missing"),
    ({number: text for number, text in WHOLE.items() if number != 0}, 300, "stuck", "part file 0 is missing"),
    ({number: text for number, text in WHOLE.items() if number != 2}, 400, "stuck", "part file 2 is missing"),
    ({number: text for number, text in WHOLE.items() if number != 3}, 400, "stuck", "its parts make 300 bytes, the data has 400"),
    (WHOLE, None, "stuck", "the data is missing"),
])
def test_a_download_that_no_pull_can_end_is_stuck(store, parts, data, state, reason):
    store.download(DIGEST, parts, data)
    (download,) = look(store)
    assert (download.state, download.reason) == (state, reason)


def test_how_far_it_came(store):
    store.download(DIGEST, WHOLE, 400)
    (download,) = look(store)
    assert (download.completed, download.total) == (160, 400)
    assert [file.name.rpartition("partial")[2] for file in download.files] == ["-0", "-1", "-2", "-3", ""]


def test_what_is_being_written_is_not_judged(store):
    store.download(DIGEST, {**WHOLE, 2: ""}, 400)
    store.file(f"blobs/sha256-{DIGEST}-partial-3", part(3).encode(), age=5)
    (download,) = look(store)
    assert (download.state, download.reason) == ("active", None)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
@pytest.mark.parametrize("name, reason", [("", "the data is"), ("-1", "part file 1 cannot be read")])
def test_strange_things_are_told(store, make, name, reason):
    store.download(DIGEST, {0: part(0)}, None if not name else 100)
    make(store.blob_path(DIGEST + "-partial" + name))
    os.utime(store.blob_path(DIGEST + "-partial" + name), (1, 1))
    (download,) = look(store)
    assert download.state == "stuck" and reason in download.reason
