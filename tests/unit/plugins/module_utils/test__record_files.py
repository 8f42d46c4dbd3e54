# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import grp
import os
import pwd
import stat

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _record, _record_files
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

OWNER, GROUP = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
RECORD = {**_record.EMPTY, "made": [{"kind": "unit", "name": "ollama.service"}]}


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lib/barellama/ollama.json")


@pytest.fixture
def file(tmp_path):
    return {"path": str(tmp_path / "etc/a.env"), "content": "A=\udcff\n", "mode": "0640", "owner": OWNER, "group": GROUP}


def rights(path):
    return oct(stat.S_IMODE(os.lstat(path).st_mode))


def test_nobody_else_may_read_the_record(path):
    with _record_files.alone(path):
        _record_files.save(path, RECORD)
    assert _record_files.load(path) == RECORD
    assert (rights(path), rights(os.path.dirname(path)), rights(os.path.dirname(os.path.dirname(path)))) == ("0o600", "0o700", "0o755")


def test_there_may_be_no_record(path):
    assert _record_files.load(path) is None


def test_a_directory_that_is_there_keeps_its_mode(tmp_path, path):
    os.makedirs(os.path.dirname(path), mode=0o750)
    with _record_files.alone(path):
        pass
    assert rights(os.path.dirname(path)) == "0o750"


def test_one_at_a_time(path):
    with _record_files.alone(path):
        descriptor = os.open(os.path.dirname(path), os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            _record_files.fcntl.flock(descriptor, _record_files.fcntl.LOCK_EX | _record_files.fcntl.LOCK_NB)
    _record_files.fcntl.flock(descriptor, _record_files.fcntl.LOCK_EX | _record_files.fcntl.LOCK_NB)
    os.close(descriptor)


def test_forgetting_leaves_nothing(path):
    with _record_files.alone(path):
        _record_files.save(path, RECORD)
    open(_record_files._durable.half_link(path), "w").close()
    _record_files.forget(path)
    assert not os.path.exists(os.path.dirname(path)) and os.path.exists(os.path.dirname(os.path.dirname(path)))


def test_forgetting_leaves_what_is_of_others(path):
    with _record_files.alone(path):
        _record_files.save(path, RECORD)
    other = os.path.join(os.path.dirname(path), "gateway.json")
    open(other, "w").close()
    _record_files.forget(path)
    assert os.listdir(os.path.dirname(path)) == ["gateway.json"]


def test_a_file_comes_back_with_its_rights_and_its_directory(file):
    old = os.umask(0o077)
    try:
        _record_files.put_back(file["path"], file)
    finally:
        os.umask(old)
    with open(file["path"], "rb") as stream:
        assert stream.read() == b"A=\xff\n"
    assert (rights(file["path"]), rights(os.path.dirname(file["path"]))) == ("0o640", "0o755")
    assert os.listdir(os.path.dirname(file["path"])) == ["a.env"]


@pytest.mark.parametrize("there", ["file", "link", "half"])
def test_a_file_takes_the_place_of_what_is_there(tmp_path, file, there):
    (tmp_path / "etc").mkdir()
    (tmp_path / "other").write_text("of others")
    if there == "link":
        (tmp_path / "etc/a.env").symlink_to(tmp_path / "other")
    else:
        (tmp_path / "etc" / {"file": "a.env", "half": ".a.env.new"}[there]).write_text("old")
    _record_files.put_back(file["path"], file)
    assert rights(file["path"]) == "0o640" and not os.path.islink(file["path"])
    assert (tmp_path / "other").read_text() == "of others"


@pytest.mark.parametrize("field", ["owner", "group"])
def test_an_account_that_is_gone_is_told(file, field):
    with pytest.raises(FleetError, match=f"^cannot write {file['path']}: it belongs to gone, and this host has no such"):
        _record_files.put_back(file["path"], {**file, field: "gone"})


def test_numbers_are_accounts_without_a_name(file):
    _record_files.put_back(file["path"], {**file, "owner": str(os.getuid()), "group": str(os.getgid())})
    assert os.stat(file["path"]).st_gid == os.getgid()


def test_a_directory_is_not_replaced_nor_removed(tmp_path, file):
    (tmp_path / "etc/a.env").mkdir(parents=True)
    for verb, act in (("write", lambda: _record_files.put_back(file["path"], file)), ("remove", lambda: _record_files.remove(file["path"]))):
        with pytest.raises(FleetError, match=f"^cannot {verb} {file['path']}: Is a directory"):
            act()


def test_what_is_empty(tmp_path, monkeypatch):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "f").touch()
    (tmp_path / "l").symlink_to("a/b")
    inner, outer = str(tmp_path / "a/b"), str(tmp_path / "a")
    assert _record_files.is_empty(inner) and not _record_files.is_empty(outer)
    assert _record_files.is_empty(outer, without=[inner])
    assert not any(_record_files.is_empty(str(tmp_path / name)) for name in ("f", "l", "gone"))
    monkeypatch.setattr(os.path, "ismount", lambda path: True)
    assert not _record_files.is_empty(inner)


def test_what_may_not_be_written_is_told(path, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_record_files._durable, "make_directories", refuse)
    with pytest.raises(FleetError) as caught:
        with _record_files.alone(path):
            pass
    assert str(caught.value) == f"cannot write {path}: Permission denied; run this task as root (become: true)"
