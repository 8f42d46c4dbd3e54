# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _release_record as record
from ansible_collections.barellama.fleet.plugins.module_utils._release import Archive, Release
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.release_bed import Bed

ROCM = "lib/ollama/rocm/libggml-rocm.so"


@pytest.fixture
def home(tmp_path):
    """An installed release with an overlay."""
    bed = Bed(tmp_path)
    release = bed.overlay(bed.archive("0.34.4"), "rocm")
    bed.run(release)
    return bed.root / "releases" / release.id


def test_record_of_a_release(home):
    found = record.read_record(home)
    assert sorted(record.members(home)) == sorted([*found["files"], *found["links"]])
    assert found["links"] == {
        "lib/ollama/libggml.so": "cuda_v13/libggml.so.1",
        "lib/ollama/rocm/libggml.so.1": "../cuda_v13/libggml.so.1",
    }
    assert found["programs"] == ["bin/ollama"]
    assert found["sizes"] == {path: (home / path).stat().st_size for path in found["files"]}
    assert list(found["overlays"]) == ["rocm"]
    assert record.damage(home, found) == []


def turn_a_byte(path):
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def lead_elsewhere(path):
    path.unlink()
    path.symlink_to("libggml-rocm.so")


# What was done, to which file, and whether a look at names, sizes and modes finds it.
DAMAGE = [
    ("removed", ROCM, os.remove, True),
    ("cut short", ROCM, lambda path: os.truncate(path, 3), True),
    ("open to everyone", ROCM, lambda path: path.chmod(0o666), True),
    ("no program any more", "bin/ollama", lambda path: path.chmod(0o644), True),
    ("a directory", ROCM, lambda path: (path.unlink(), path.mkdir()), True),
    ("link lost", "lib/ollama/libggml.so", os.remove, True),
    ("link that leads elsewhere", "lib/ollama/rocm/libggml.so.1", lead_elsewhere, True),
    ("a byte that turned", ROCM, turn_a_byte, False),
    ("a library put beside", "lib/ollama/libggml-evil.so", lambda path: path.write_bytes(b"x"), False),
    ("a link put beside", "lib/ollama/evil", lambda path: path.symlink_to("/tmp"), False),
]


@pytest.mark.parametrize(("path", "harm", "plain"), [case[1:] for case in DAMAGE], ids=[case[0] for case in DAMAGE])
def test_damage(home, path, harm, plain):
    harm(home / path)
    found = record.read_record(home)
    assert record.faults(home, found) == ([path] if plain else [])
    assert record.damage(home, found) == [path]


def test_record_from_before_there_were_overlays(home):
    """It knows no sizes, modes and links: nothing is missed but what it lists."""
    found = record.read_record(home)
    older = {**found, "sizes": {}, "programs": [], "links": {}}
    (home / ROCM).chmod(0o666)
    assert record.damage(home, older) == []
    turn_a_byte(home / ROCM)
    assert record.damage(home, older) == [ROCM]


def test_record_says_what_was_asked_for(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    release = Release("0.34.4", "base", "a" * 64, (Archive("rocm", "over", "b" * 64),))
    made = record.record_of(release, str(tmp_path), {"a": "c" * 64})
    assert (made["version"], made["sha256"], made["overlays"]) == ("0.34.4", "a" * 64, {"rocm": "b" * 64})
