# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._mend import mend

FILES = {"bin/ollama": 0o755, "lib/ollama/libggml.so.1": 0o644, "lib/ollama/cuda/libx.so": 0o644, ".release.json": 0o644}


def make(home):
    for name, mode in FILES.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"right {name}")
        path.chmod(mode)
    (home / "lib/ollama/libggml.so").symlink_to("libggml.so.1")
    return home


def seen(home):
    """What lies below a directory: kind, mode and content of each path."""
    told = {}
    for path in home.rglob("*"):
        content = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else None
        told[str(path.relative_to(home))] = (path.lstat().st_mode, content)
    return told


@pytest.fixture
def home(tmp_path):
    return make(tmp_path / "home")


@pytest.fixture
def tree(tmp_path):
    return make(tmp_path / "tree")


def replace_by_directory(path):
    path.unlink()
    path.mkdir()
    (path / "x").write_text("x")


HARM = {
    "nothing": lambda home: None,
    "other content": lambda home: (home / "bin/ollama").write_text("wrong bin/ollama"),
    "other mode": lambda home: (home / "bin/ollama").chmod(0o777),
    "file lost": lambda home: (home / "lib/ollama/cuda/libx.so").unlink(),
    "link lost": lambda home: (home / "lib/ollama/libggml.so").unlink(),
    "link in place of a file": lambda home: (home / "bin/ollama").unlink() or (home / "bin/ollama").symlink_to("/bin/sh"),
    "directory in place of a file": lambda home: replace_by_directory(home / "bin/ollama"),
    "directory in place of a link": lambda home: replace_by_directory(home / "lib/ollama/libggml.so"),
    "directory lost": lambda home: (home / "lib").rename(home.parent / "lib"),
    "link in place of a directory": lambda home: (home / "lib").rename(home.parent / "lib")
    or (home / "lib").symlink_to("../lib"),
    "more than there should be": lambda home: (home / "lib/ollama/libggml-evil.so").write_text("evil"),
    "closed to others": lambda home: home.chmod(0o700),
    "other record": lambda home: (home / ".release.json").write_text("{}"),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_harm_is_undone(home, tree, harm):
    right = seen(home)
    harm(home)
    mend(str(home), str(tree))
    assert seen(home) == right
    assert home.stat().st_mode & 0o777 == 0o755


def test_what_is_right_stays_the_same_file(home, tree):
    before = {name: (home / name).stat().st_ino for name in FILES}
    (home / "bin/ollama").write_text("wrong bin/ollama")
    with open(home / "bin/ollama", encoding="utf-8") as running:
        mend(str(home), str(tree))
        assert running.read() == "wrong bin/ollama", "whoever runs the old file keeps it"
    after = {name: (home / name).stat().st_ino for name in FILES}
    assert [name for name in FILES if after[name] != before[name]] == ["bin/ollama"]


def test_nothing_is_followed_out_of_the_release(home, tree, tmp_path):
    outside = Path(tmp_path / "outside")
    outside.mkdir()
    (outside / "libx.so").write_text("other")
    (home / "lib/ollama/cuda/libx.so").unlink()
    (home / "lib/ollama/cuda").rmdir()
    (home / "lib/ollama/cuda").symlink_to(outside)
    mend(str(home), str(tree))
    assert (outside / "libx.so").read_text() == "other"
    assert seen(home)["lib/ollama/cuda/libx.so"][1] == "right lib/ollama/cuda/libx.so"
