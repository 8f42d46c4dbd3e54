# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import hashlib
import json
import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _bundle_import, _bundle_store, _durable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.bundle_bed import OTHER, TINY, WEIGHTS, bed
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.test__bundle_write import Killed

__all__ = ["bed"]


def test_what_is_exported_is_imported_and_that_once(bed):
    bed.export()
    planned = bed.bring(check_mode=True)
    assert not bed.target.parent.exists()
    done, again = bed.bring(), bed.bring()
    assert planned == done and done["changed"] and bed.there() == bed.wanted()
    assert done["actions"] == ["import other:latest", "import tiny:latest", "write 2.1 MB"]
    assert not again["changed"] and again["actions"] == [] and again["diff"] == {"before": "", "after": ""}


def test_only_what_is_missing_is_written(bed):
    bed.export()
    bed.bring([TINY])
    inode = (bed.target / f"blobs/sha256-{bed.weights}").stat().st_ino
    assert bed.bring([TINY, OTHER])["actions"] == ["import other:latest", "write 6 B"]
    assert (bed.target / f"blobs/sha256-{bed.weights}").stat().st_ino == inode and bed.there() == bed.wanted()


def test_the_bundle_decides_where_the_store_has_another_content(bed):
    bed.export()
    bed.bring()
    place = bed.target / "manifests/registry.ollama.ai/library/tiny/latest"
    place.write_bytes((place.parents[1] / "other/latest").read_bytes())
    done = bed.bring()
    assert done["actions"] == ["import tiny:latest"] and bed.there() == bed.wanted()
    assert done["diff"]["before"].split()[0] == done["diff"]["after"].split()[0] == "tiny:latest" and done["diff"]["before"] != done["diff"]["after"]


def test_a_bundle_with_another_content_than_the_pinned_one_changes_nothing(bed):
    bed.export()
    bed.bring()
    place = bed.target / "manifests/registry.ollama.ai/library/tiny/latest"
    place.write_bytes((place.parents[1] / "other/latest").read_bytes())
    pin = hashlib.sha256(place.read_bytes()).hexdigest()
    assert not bed.bring([OTHER], pins={TINY: pin})["changed"]
    with pytest.raises(FleetError, match=f"the bundle has no tiny:latest with digest {'a' * 64}, and neither has the store"):
        bed.bring([OTHER], pins={TINY: "a" * 64})
    assert bed.bring([OTHER, TINY])["actions"] == ["import tiny:latest"]


def test_without_the_bundle_nothing_is_due_if_all_is_there(bed):
    bed.export()
    bed.bring()
    bed.path.unlink()
    assert not bed.bring([TINY])["changed"] and bed.bring([TINY])["bundle"] == {"path": str(bed.path)}
    for names in (None, [TINY, ModelName.parse("third")]):
        with pytest.raises(FleetError, match="bring it to this host"):
            bed.bring(names)
    (bed.target / f"blobs/sha256-{bed.weights}").unlink()
    with pytest.raises(FleetError, match="bring it to this host"):
        bed.bring([TINY])


def test_a_model_that_is_nowhere_is_told(bed):
    bed.export([OTHER])
    with pytest.raises(FleetError, match="the bundle has no tiny:latest, and neither has the store .*; this one has other:latest"):
        bed.bring([TINY, OTHER])
    assert not bed.target.exists()


@pytest.mark.parametrize("what", ["weights", "system"])
def test_a_bundle_that_was_tampered_with_names_the_blob(bed, what):
    bed.export()
    bed.damage(getattr(bed, what))
    with pytest.raises(FleetError, match=f"blob {getattr(bed, what)} of other:latest.*nothing was imported") as error:
        bed.bring()
    assert {"model": "other:latest", "blob": getattr(bed, what)} in error.value.facts["damaged"]
    assert not [place for place in bed.there() if not place.startswith("import/")]


def test_the_rest_is_imported_if_told_to(bed):
    bed.export()
    bed.damage(bed.system)
    done = bed.bring(partial=True)
    assert done["changed"] and done["actions"] == ["import tiny:latest", "write 2.1 MB"]
    assert done["damaged"] == [{"model": "other:latest", "blob": bed.system}]
    assert bed.there() == {place: body for place, body in bed.wanted().items() if "other" not in place and bed.system not in place}
    again = bed.bring(partial=True)
    assert not again["changed"] and again["damaged"] == done["damaged"]


def test_what_was_verified_of_a_damaged_bundle_is_not_read_again(bed):
    bed.export()
    whole = bed.path.read_bytes()
    bed.damage(bed.system)
    with pytest.raises(FleetError):
        bed.bring()
    staged = {name: os.stat(bed.target / "import" / name).st_ino for name in os.listdir(bed.target / "import")}
    assert bed.weights in staged and bed.system not in staged
    bed.path.write_bytes(whole)
    bed.bring()
    assert bed.there() == bed.wanted() and (bed.target / f"blobs/sha256-{bed.weights}").stat().st_ino == staged[bed.weights]


def test_a_bundle_that_was_cut_off_is_told_or_gives_what_it_has(bed):
    bed.export()
    bed.cut(bed.place(bed.extra)[0] + 1)
    with pytest.raises(FleetError, match="is cut off"):
        bed.bring()
    assert not bed.target.exists()
    assert bed.bring(partial=True)["damaged"] == [{"model": "tiny:latest", "blob": bed.extra}]
    assert list(bed.bring(partial=True)["bundle"]["models"]) == ["other:latest", "tiny:latest"]


def test_what_a_killed_run_has_staged_never_takes_the_place_of_what_has_come_since(bed):
    bed.export()
    bed.bring([OTHER])
    (bed.target / "import").mkdir()
    (bed.target / "import" / bed.weights).write_bytes(bytes(len(WEIGHTS)))
    bed.bring()
    assert bed.there() == bed.wanted()


@pytest.mark.parametrize("gone", [False, True], ids=["with the bundle", "without it"])
def test_what_a_killed_run_has_staged_goes_though_nothing_is_due(bed, gone, monkeypatch):
    bed.export()
    bed.bring()
    (bed.target / "import").mkdir()
    (bed.target / "import" / bed.weights).write_bytes(WEIGHTS[:10])
    if gone:
        bed.path.unlink()
    assert not bed.bring([TINY], check_mode=True)["changed"] and (bed.target / "import").exists()
    clear = _bundle_import.clear

    def clear_alone(store):
        other = os.open(store, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        clear(store)

    monkeypatch.setattr(_bundle_import, "clear", clear_alone)
    assert not bed.bring([TINY])["changed"] and bed.there() == bed.wanted() and not (bed.target / "import").exists()


def test_an_index_that_hides_a_blob_is_told(bed, monkeypatch):
    content = bed.content([TINY])
    content.index.models["tiny:latest"].remove(bed.extra)
    monkeypatch.setattr(bed, "content", lambda names: content)
    bed.export()
    with pytest.raises(FleetError, match=f"blob {content.index.models['tiny:latest'][0]} of tiny:latest"):
        bed.bring()
    assert "manifests" not in json.dumps(list(bed.there()))


@pytest.mark.parametrize("function", ["flush", "flush_directory", "move"])
def test_a_run_killed_at_any_point_shows_no_half_model_and_is_gone_on_with(bed, monkeypatch, function):
    bed.export()
    real, left = getattr(_durable, function), 0

    def killed(*arguments):
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return real(*arguments)

    monkeypatch.setattr(_durable, function, killed)
    for number in range(20):
        left = number
        try:
            bed.bring()
            break
        except Killed:
            whole, there = _bundle_store.contents(str(bed.target))
            assert all(_bundle_store.is_whole(model, whole) for model in there.values())
    assert number and bed.there() == bed.wanted()


def test_what_goes_meanwhile_is_imported_again(bed, monkeypatch):
    bed.export()
    bed.bring([TINY])
    publish, times = _bundle_store.Stage.publish, []

    def deleting(*arguments):
        publish(*arguments)
        if not times:
            (bed.target / f"blobs/sha256-{bed.weights}").unlink()
        times.append(1)

    monkeypatch.setattr(_bundle_store.Stage, "publish", deleting)
    assert bed.bring()["changed"] and bed.there() == bed.wanted()


def test_a_store_that_cannot_be_written_is_told(bed):
    bed.export()
    bed.target.parent.mkdir()
    bed.target.write_text("a file")
    with pytest.raises(FleetError, match="cannot import into .*mend this and run again"):
        bed.bring()
