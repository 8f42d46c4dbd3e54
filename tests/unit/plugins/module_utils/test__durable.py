# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import stat
from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _durable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError


@pytest.fixture
def narrow_umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_modes_do_not_depend_on_the_umask(tmp_path, narrow_umask):
    tmp_path.chmod(0o700)
    _durable.make_directories(str(tmp_path / "a" / "b"))
    _durable.write_file(str(tmp_path / "a" / "file"), "text\n")
    assert [mode(path) for path in (tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "file")] == [
        0o755,
        0o755,
        0o644,
    ]
    assert mode(tmp_path) == 0o700
    assert (tmp_path / "a" / "file").read_text() == "text\n"


def test_point(tmp_path):
    link = tmp_path / "current"
    for target in ("one", "two"):
        _durable.point(str(link), target)
        assert os.readlink(link) == target
    assert os.listdir(tmp_path) == ["current"]


@pytest.mark.parametrize("make", ["mkdir", "touch"])
def test_only_links_are_replaced(tmp_path, make):
    link = tmp_path / "current"
    getattr(link, make)()
    with pytest.raises(FleetError) as caught:
        _durable.point(str(link), "one")
    assert str(caught.value) == (
        f"{link} is not a symbolic link, and only a link is replaced: move it away and run again"
    )
    assert os.listdir(tmp_path) == ["current"]


def test_remove_does_not_follow_links(tmp_path):
    kept = tmp_path / "kept"
    (tmp_path / "doomed").mkdir()
    kept.mkdir()
    (tmp_path / "doomed" / "link").symlink_to(kept)
    (tmp_path / "link").symlink_to(kept)
    (tmp_path / "file").touch()
    for name in ("doomed", "link", "file"):
        _durable.remove(str(tmp_path / name))
    assert os.listdir(tmp_path) == ["kept"]


def test_demand_space(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5_000_000_000))
    _durable.demand_space("/opt/ollama", 5_000_000_000, "unpack")
    with pytest.raises(FleetError) as caught:
        _durable.demand_space("/opt/ollama", 5_100_000_000, "unpack the archive")
    assert str(caught.value) == (
        "not enough space in /opt/ollama to unpack the archive: 5.1 GB needed, 5.0 GB free;"
        " make room or choose another root"
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_345_678, "12.3 MB"),
        (1_900_000_000, "1.9 GB"),
        (2e12, "2.0 TB"),
    ],
)
def test_human_size(size, text):
    assert _durable.human_size(size) == text


def test_lock_is_held_by_one_and_names_it(tmp_path):
    path = str(tmp_path / ".lock")
    with _durable.locked(path, 0):
        with pytest.raises(FleetError) as caught:
            with _durable.locked(path, 0):
                pytest.fail("locked twice")
    assert str(caught.value) == (
        f"another run (pid {os.getpid()}) holds {path}, waited 0 s for it: let it end, then run again"
    )
    with _durable.locked(path, 0):
        pass


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_lock_ends_with_its_process(tmp_path):
    path = str(tmp_path / ".lock")
    ready, told = os.pipe()
    child = os.fork()
    if not child:
        with _durable.locked(path, 0):
            os.write(told, b"x")
            os.kill(os.getpid(), 9)
    os.read(ready, 1)
    os.waitpid(child, 0)
    with _durable.locked(path, 0):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())


def test_lock_is_waited_for(tmp_path, monkeypatch):
    path = str(tmp_path / ".lock")
    holder = _durable.locked(path, 0)
    holder.__enter__()
    monkeypatch.setattr(_durable.time, "sleep", lambda seconds: holder.__exit__(None, None, None))
    with _durable.locked(path, 5):
        pass
