# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _store_cache as cache
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

KNOWN = {"1:2:3:4:5": "a" * 64}


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lib/barellama/sums.json")


def test_it_is_made_with_its_directory_and_read_again(path):
    assert cache.load(path) == {}
    cache.save(path, KNOWN)
    assert cache.load(path) == KNOWN
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(os.path.dirname(path)) == ["sums.json"]


def test_it_is_not_written_for_nothing(path):
    cache.save(path, KNOWN)
    before = os.stat(path).st_ino
    cache.save(path, KNOWN)
    assert os.stat(path).st_ino == before
    cache.save(path, {})
    assert cache.load(path) == {}


@pytest.mark.parametrize("content", [b"", b"no", b"[]", b"7", b'{"a": 7}', b"\xff", b"[" * 100_000], ids=range(7))
def test_what_cannot_be_read_is_as_good_as_none(path, content):
    cache.save(path, KNOWN)
    with open(path, "wb") as stream:
        stream.write(content)
    assert cache.load(path) == {}
    cache.save(path, KNOWN)
    assert cache.load(path) == KNOWN


@pytest.mark.parametrize("place, mode", [("", 0o646), ("", 0o664), ("..", 0o777), ("..", 0o1777), ("..", 0o775), ("../..", 0o777)])
@pytest.mark.parametrize("act", [cache.load, lambda path: cache.save(path, {})], ids=["load", "save"])
def test_where_others_may_write_it_does_not_lie(path, place, mode, act):
    cache.save(path, KNOWN)
    os.chmod(os.path.normpath(os.path.join(path, place)), mode)
    with pytest.raises(FleetError, match="others may write to"):
        act(path)


def test_a_directory_above_may_be_open_to_all_as_tmp_is(path):
    cache.save(path, KNOWN)
    os.chmod(os.path.dirname(os.path.dirname(path)), 0o1777)
    assert cache.load(path) == KNOWN


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("place", ["", "..", "../.."])
def test_nor_where_it_is_another_account_s(path, place):
    cache.save(path, KNOWN)
    os.chown(os.path.normpath(os.path.join(path, place)), 4711, 4711)
    with pytest.raises(FleetError, match="others may write to"):
        cache.load(path)


def test_a_link_on_the_way_is_looked_behind(path, tmp_path):
    cache.save(path, KNOWN)
    (tmp_path / "link").symlink_to(os.path.dirname(path))
    assert cache.load(str(tmp_path / "link/sums.json")) == KNOWN
    os.chmod(tmp_path / "lib", 0o777)
    with pytest.raises(FleetError, match="others may write to"):
        cache.load(str(tmp_path / "link/sums.json"))


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink("/etc/hosts", path)], ids=["directory", "pipe", "link"])
def test_only_a_file_is_taken(path, make):
    os.makedirs(os.path.dirname(path))
    make(path)
    with pytest.raises(FleetError, match="is not a file"):
        cache.load(path)


def test_a_file_on_the_way_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FleetError, match="cannot look at"):
        cache.load(str(tmp_path / "file/lib/sums.json"))
