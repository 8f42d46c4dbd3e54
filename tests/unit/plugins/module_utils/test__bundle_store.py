# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _bundle_store
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_member import from_bytes
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_store import Stage, as_owner, clear, due, names_all

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.bundle_bed import OTHER, TINY, WEIGHTS, bed

__all__ = ["bed"]


@pytest.mark.parametrize("spoil, models, missing", [
    (lambda bed: None, [], []),
    (lambda bed: bed.store.blob_path(bed.system).unlink(), ["other:latest"], ["system"]),
    (lambda bed: bed.store.blob_path(bed.system).write_bytes(b"sys"), ["other:latest"], ["system"]),
    (lambda bed: bed.store.blob_path(bed.weights).unlink(), ["tiny:latest", "other:latest"], ["weights"]),
    (lambda bed: bed.store.manifest("tiny", b"{}"), ["tiny:latest"], []),
])
def test_due_is_what_is_missing_or_another(bed, spoil, models, missing):
    index = bed.content().index
    spoil(bed)
    plan = due(index, str(bed.store), [TINY, OTHER])
    assert list(plan.models) == models and list(plan.missing) == [getattr(bed, name) for name in missing]


def test_a_model_keeps_the_case_of_its_place(bed):
    index = bed.content().index
    library = bed.store.path / "manifests/registry.ollama.ai/library"
    (library / "tiny").rename(library / "Tiny")
    (library / "Tiny/latest").write_bytes((library / "other/latest").read_bytes())
    plan = due(index, str(bed.store), [TINY])
    assert plan.models["tiny:latest"][0] == str(library / "Tiny/latest") and plan.before["tiny:latest"]


def test_staged_blobs_are_shown_together_young_and_the_stage_goes(bed):
    stage = Stage(str(bed.target))
    assert stage.fetch(bed.weights, len(WEIGHTS), from_bytes(WEIGHTS))
    assert not stage.fetch(bed.system, 6, from_bytes(b"sYstem"))
    assert os.listdir(bed.target / "blobs") == [] and os.listdir(bed.target / "import") == [f"sha256-{bed.weights}"[7:]]
    os.utime(bed.target / "import" / bed.weights, (1, 1))
    place = bed.target / "manifests/h/n/m/t"
    stage.publish([bed.weights, bed.system], b"manifest", str(place))
    clear(str(bed.target))
    assert (bed.target / f"blobs/sha256-{bed.weights}").stat().st_mtime > time.time() - 60
    assert place.read_bytes() == b"manifest" and sorted(os.listdir(bed.target)) == ["blobs", "manifests"]


def test_what_others_have_in_such_a_directory_stays(bed):
    Stage(str(bed.target))
    for name in (bed.weights, "manifest", "holiday.jpg"):
        (bed.target / "import" / name).write_text("something")
    clear(str(bed.target))
    assert os.listdir(bed.target / "import") == ["holiday.jpg"]


@pytest.mark.parametrize("part", ["blobs", "manifests"])
def test_what_lies_on_another_disk_is_staged_there(bed, tmp_path, monkeypatch, part):
    (tmp_path / "disk" / part).mkdir(parents=True)
    bed.target.mkdir(parents=True)
    (bed.target / part).symlink_to(tmp_path / "disk" / part)
    rename = os.rename

    def within_a_disk(source, target):
        if len({tmp_path / "disk" in Path(path).resolve().parents for path in (source, target)}) > 1:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target)

    monkeypatch.setattr(os, "rename", within_a_disk)
    bed.export()
    bed.bring()
    assert not due(bed.content().index, str(bed.target), [TINY, OTHER]).models and os.listdir(tmp_path / "disk") == [part]
    assert sorted(os.listdir(bed.target)) == ["blobs", "manifests"]


@pytest.mark.parametrize("mode, file, directory", [(0o700, 0o600, 0o700), (0o755, 0o644, 0o755), (0o2770, 0o640, 0o750)])
def test_files_have_the_mode_of_the_store(bed, mode, file, directory):
    bed.target.mkdir(parents=True)
    bed.target.chmod(mode)
    with as_owner(str(bed.target)):
        stage = Stage(str(bed.target))
        stage.fetch(bed.weights, len(WEIGHTS), from_bytes(WEIGHTS))
    assert (bed.target / "import" / bed.weights).stat().st_mode & 0o777 == file
    assert (bed.target / "import").stat().st_mode & 0o777 == directory


def test_root_writes_as_the_owner_of_the_store(bed, monkeypatch):
    called = []
    shape = os.stat_result((0o40755, 0, 0, 0, 11434, 11435, 0, 0, 0, 0))
    monkeypatch.setattr(_bundle_store.os, "geteuid", lambda: 0)
    monkeypatch.setattr(_bundle_store.os, "getegid", lambda: 0)
    monkeypatch.setattr(_bundle_store.os, "getgroups", lambda: [0, 4])
    monkeypatch.setattr(_bundle_store.os, "stat", lambda path: shape)
    for name in ("seteuid", "setegid", "setgroups"):
        monkeypatch.setattr(_bundle_store.os, name, lambda value, name=name: called.append((name, value)))
    with as_owner(str(bed.store)):
        assert called == [("setgroups", []), ("setegid", 11435), ("seteuid", 11434)]
        called.clear()
    assert called == [("seteuid", 0), ("setegid", 0), ("setgroups", [0, 4])]


def test_a_manifest_names_what_is_listed(bed):
    body = (bed.store.path / "manifests/registry.ollama.ai/library/tiny/latest").read_bytes()
    assert names_all(body, [bed.config, bed.weights, bed.extra])
    assert not names_all(body, [bed.config, bed.weights]) and not names_all(b"{}", [])
    assert names_all(b'{"manifests": []}', [])
