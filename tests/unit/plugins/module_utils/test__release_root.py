# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _release_root
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("opt/ollama", "root 'opt/ollama' is relative: give an absolute path such as /opt/ollama"),
        ("/", "root '/' is a protected path: give a directory of its own, such as /opt/ollama"),
        ("/usr", "root '/usr' is a protected path: give a directory of its own, such as /opt/ollama"),
        ("/usr/lib/..", "root '/usr/lib/..' is a protected path: give a directory of its own, such as /opt/ollama"),
        ("//usr", "root '//usr' is a protected path: give a directory of its own, such as /opt/ollama"),
    ],
)
def test_unusable_root(root, message):
    with pytest.raises(FleetError) as caught:
        _release_root.demand_usable(root)
    assert str(caught.value) == message


def test_root_on_a_mount_without_programs(monkeypatch, tmp_path):
    asked = []

    class NoExec:
        f_flag = os.ST_NOEXEC

    monkeypatch.setattr(os, "statvfs", lambda path: asked.append(path) or NoExec)
    with pytest.raises(
        FleetError, match="is on a file system mounted noexec: no program there can run; choose another"
    ):
        _release_root.demand_usable(str(tmp_path / "not" / "there"))
    assert asked == [str(tmp_path)]


def test_usable_root(tmp_path):
    assert _release_root.demand_usable(f"{tmp_path}/new//ollama/") == f"{tmp_path}/new/ollama"
    assert list(tmp_path.iterdir()) == []


def test_look_at_nothing(tmp_path):
    assert _release_root.look(str(tmp_path / "none")) == (None, None, None, {}, [], {})


def test_look_sees_only_our_names(tmp_path):
    sha256 = "ab" * 32
    for path in (
        "releases/0.1.0-aaaaaaaa",
        "releases/backup",
        "releases/0.1.0",
        ".staging-0.2.0-bbbbbbbb/tree",
        "downloads",
        "models",
    ):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "downloads" / f"{sha256}.partial").write_bytes(b"12345")
    (tmp_path / "downloads" / "notes.partial").write_bytes(b"")
    (tmp_path / ".current.new").symlink_to("releases/0.1.0-aaaaaaaa")
    (tmp_path / ".previous.new").symlink_to("releases/0.1.0-aaaaaaaa")
    (tmp_path / ".proven.new").symlink_to("releases/0.1.0-aaaaaaaa")
    (tmp_path / "proven").symlink_to("releases/0.1.0-aaaaaaaa")
    seen = _release_root.look(str(tmp_path))
    assert list(seen.releases) == ["0.1.0-aaaaaaaa"]
    assert seen.leftovers == [".current.new", ".previous.new", ".proven.new", ".staging-0.2.0-bbbbbbbb"]
    assert (seen.current, seen.previous, seen.proven["id"]) == (None, None, "0.1.0-aaaaaaaa")
    assert seen.partials == {sha256: (f"downloads/{sha256}.partial", 5)}
