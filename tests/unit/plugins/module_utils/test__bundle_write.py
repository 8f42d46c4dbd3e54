# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _bundle_write, _durable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.bundle_bed import OTHER, TINY, bed

__all__ = ["bed"]


class Killed(BaseException):
    """As a signal that cannot be caught."""


def test_equal_content_makes_equal_bytes_and_is_written_once(bed):
    first = bed.export([OTHER, TINY])
    written, inode = bed.path.read_bytes(), bed.path.stat().st_ino
    again = bed.export()
    assert first["changed"] and not again["changed"] and bed.path.stat().st_ino == inode
    bed.path.unlink()
    assert bed.export([TINY, OTHER])["changed"] and bed.path.read_bytes() == written
    assert first["bundle"] == again["bundle"] and first["bundle"]["bytes"] == len(written)
    assert again["actions"] == [] and again["diff"]["before"] == again["diff"]["after"] == first["diff"]["after"] != ""


def test_another_content_takes_the_place_and_what_was_cut_off_is_mended(bed):
    bed.export()
    assert bed.export([TINY])["changed"]
    assert list(bed.export([TINY])["bundle"]["models"]) == ["tiny:latest"]
    bed.cut(bed.path.stat().st_size - 1)
    assert bed.export([TINY])["changed"] and not bed.export([TINY])["changed"]


def test_check_mode_writes_nothing(bed):
    before = sorted(os.walk(bed.path.parent))
    assert bed.export(check_mode=True) == bed.export(check_mode=True)
    assert sorted(os.walk(bed.path.parent)) == before


def test_a_file_of_others_stays(bed):
    bed.path.write_text("my diary")
    with pytest.raises(FleetError, match="it is no bundle that ollama_bundle wrote"):
        bed.export()
    assert bed.path.read_text() == "my diary"


def test_a_run_killed_at_any_flush_is_gone_on_with(bed, monkeypatch):
    bed.export()
    wanted = bed.path.read_bytes()
    flush, left = _durable.flush, 0

    def killed(stream):
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        flush(stream)

    monkeypatch.setattr(_durable, "flush", killed)
    for number in range(7):
        bed.path.unlink(missing_ok=True)
        left = number
        with pytest.raises(Killed):
            bed.export()
        assert not bed.path.exists()
        left, before = 100, os.stat(f"{bed.path}.partial").st_ino
        bed.export()
        assert bed.path.read_bytes() == wanted and bed.path.stat().st_ino == before
        assert sorted(os.listdir(bed.path.parent)) == ["bundle.tar", "from"]


@pytest.mark.parametrize("size", [0, 100, 512, 2000, 5000, 100_000, 1_050_000, 2_099_999])
def test_what_is_left_at_any_length_is_gone_on_with(bed, size):
    bed.export()
    wanted = bed.path.read_bytes()
    bed.cut(size)
    bed.path.rename(f"{bed.path}.partial")
    bed.export()
    assert bed.path.read_bytes() == wanted


def test_a_blob_of_the_store_that_is_corrupt_stops_it(bed):
    bed.store.blob_path(bed.system).write_bytes(b"sYstem")
    with pytest.raises(FleetError, match=f"blob {bed.system} of other:latest is not what its digest says"):
        bed.export()
    assert not bed.path.exists()
    bed.store.blob_path(bed.system).write_bytes(b"system")
    bed.export()
    assert _bundle_write.found(str(bed.path))
