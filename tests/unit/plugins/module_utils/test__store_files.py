# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _store_files as files
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import Store

DIGEST = "a" * 64


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


@pytest.mark.parametrize("name, kind", [
    (f"sha256-{DIGEST}", "whole"),
    (f"sha256:{DIGEST}", "whole"),  # as servers before 0.1.33 wrote it
    (f"sha256-{DIGEST}-partial", "partial"),
    (f"sha256-{DIGEST}-partial-12", "partial"),
    (f"sha256-{DIGEST}-partial-012", "leftovers"),
    (f"sha256-{DIGEST}-partial-", "leftovers"),
    (f"sha256-{DIGEST}.tmp", "leftovers"),
    (f"sha256-{DIGEST.upper()}", "leftovers"),
    ("sha256-1234567", "leftovers"),
    ("README", "leftovers"),
    ("\udcff\n", "leftovers"),
])
def test_a_name_says_what_a_file_is(store, name, kind):
    store.file(f"blobs/{name}", b"12345")
    found = files.blobs(str(store))
    assert [field for field in found._fields if getattr(found, field)] == [kind]
    files.printable(name).encode()


def test_of_two_names_the_server_reads_the_one_with_a_dash(store):
    store.file(f"blobs/sha256:{DIGEST}")
    store.file(f"blobs/sha256-{DIGEST}")
    found = files.blobs(str(store))
    assert found.whole[DIGEST].name == f"sha256-{DIGEST}"
    assert [file.name for file in found.leftovers] == [f"sha256:{DIGEST}"]


def _socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


@pytest.mark.parametrize("make, fault", [
    (lambda path: path.write_bytes(b"x"), None),
    (lambda path: path.mkdir(), "a directory"),
    (lambda path: os.mkfifo(path), "a named pipe"),
    (_socket, "a socket"),
    (lambda path: path.symlink_to("/dev/null"), "a device"),
    (lambda path: path.symlink_to("nowhere"), "a link that leads nowhere (No such file or directory)"),
    (lambda path: path.symlink_to(path.name), "a link that leads nowhere (Too many levels of symbolic links)"),
    (lambda path: path.symlink_to(__file__), None),
], ids=str)
def test_what_is_no_file_is_told_and_not_read(store, make, fault):
    make(store.path / "blobs/x")
    file = files.look(str(store.path / "blobs"), "x")
    assert file.fault == fault
    if fault:
        with pytest.raises(files.Unusable):
            files.read_text(str(store.path / "blobs/x"))
    else:
        assert files.read_text(str(store.path / "blobs/x"))


def test_what_has_gone_is_nothing(store):
    assert files.look(str(store), "gone") is None


def test_a_giant_is_not_read(store):
    path = store.file("giant")
    os.truncate(path, files.LARGEST_TEXT + 1)
    with pytest.raises(files.Unusable, match="far too large"):
        files.read_text(str(path))


def test_a_change_of_content_is_seen_although_size_and_time_are_set_back(store):
    path = store.file("blobs/x", b"12345")
    before = files.look(str(store.path / "blobs"), "x")
    while files.look(str(store.path / "blobs"), "x").identity == before.identity:
        path.write_bytes(b"12346")
        os.utime(path, ns=(before.identity[3], before.identity[3]))
    after = files.look(str(store.path / "blobs"), "x")
    assert (after.size, after.modified) == (before.size, before.modified)


def test_what_is_the_same_stays_so_while_the_disk_settles(store):
    store.file("blobs/x", b"12345")
    file = files.look(str(store.path / "blobs"), "x")
    assert files.same(file, file._replace(allocated=file.allocated + 4096))
    assert not files.same(file, file._replace(identity=())) and not files.same(file, None)


def test_a_store_must_be_there(tmp_path):
    with pytest.raises(FleetError, match="no store at .*OLLAMA_MODELS"):
        files.demand_store(str(tmp_path / "none"))


def test_blobs_may_be_missing_but_not_be_a_file(store):
    (store.path / "blobs").rmdir()
    assert files.blobs(str(store)) == ({}, {}, [])
    store.file("blobs")
    with pytest.raises(FleetError, match="cannot list .*blobs: Not a directory"):
        files.blobs(str(store))
