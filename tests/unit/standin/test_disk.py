# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in's pretended disk, with several who write to it."""

from __future__ import annotations

import json
import os
import threading

import pytest
from ansible_collections.barellama.fleet.tests.standin.ollama import disk
from ansible_collections.barellama.fleet.tests.standin.ollama.errors import GoError

SIZE = 16 * disk.BLOCK


@pytest.fixture
def blobs(tmp_path, monkeypatch):
    """A directory on a disk of so many bytes."""
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps({"disk": {"size": SIZE}}))
    monkeypatch.setenv("STANDIN_FAULTS", str(faults))
    (tmp_path / "blobs").mkdir()
    return tmp_path / "blobs"


def fill(path):
    """Write until the disk is full."""
    with disk.open_for_update(path) as stream:
        offset = 0
        try:
            while True:
                disk.write_at(stream, path, offset, bytes(disk.BLOCK))
                offset += disk.BLOCK
        except GoError:
            return


def test_a_small_file_that_is_rewritten_keeps_its_room_beside_one_that_fills_the_disk(blobs, monkeypatch):
    small = str(blobs / "part-0")
    disk.write_file(small, b"before")
    filler = threading.Thread(target=fill, args=(str(blobs / "data"),))
    created = disk.create

    def create_and_give_way(path, mode="wb"):
        """Empty the file, and let the other one take the room now if it can."""
        stream = created(path, mode)
        filler.start()
        filler.join(0.5)
        return stream

    monkeypatch.setattr(disk, "create", create_and_give_way)
    disk.write_file(small, b"after")
    filler.join()
    assert (blobs / "part-0").read_bytes() == b"after"
    assert sum(entry.stat().st_blocks * 512 for entry in os.scandir(blobs)) == SIZE
