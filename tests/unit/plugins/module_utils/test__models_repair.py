# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _store_prune as prune
from ansible_collections.barellama.fleet.plugins.module_utils import _store_verify
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import run
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.puller import (
    BODY,
    CONFIG_DIGEST,
    DIGEST,
    OWN,
    SYSTEM,
    SYSTEM_DIGEST,
    WEIGHTS,
    WEIGHTS_DIGEST,
    Puller,
    calls,
    damage,
    verify,
)
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import Store


class Killed(BaseException):
    """The run ends here."""


@pytest.fixture(name="puller")
def _puller(tmp_path, serve, reply):
    return Puller(Store(tmp_path / "models"), serve(reply(body=BODY)).address)


@pytest.mark.parametrize("was", ["missing", "truncated", "corrupt"])
def test_only_the_bad_blob_is_fetched_again(puller, was):
    damage(puller.have(), was)
    result = verify(puller)
    assert puller.fetched == [WEIGHTS_DIGEST]
    assert puller.store.blob_path(WEIGHTS_DIGEST).read_bytes() == WEIGHTS
    assert result["actions"] == [f"repair {puller.name}"]
    assert result["models"][0]["repaired"] == [{"blob": WEIGHTS_DIGEST, "was": was}]
    assert (result["models"][0]["bytes"], result["models"][0]["digest_after"]) == (len(WEIGHTS), DIGEST)
    assert (puller.store.path / "quarantine" / f"sha256-{WEIGHTS_DIGEST}").exists() == (was != "missing")
    assert verify(puller)["changed"] is False


@pytest.mark.parametrize("where", ["unload", "carry_out", "rename", "pull", "tags"])
def test_after_a_kill_at_any_point_the_next_run_repairs(puller, where, monkeypatch):
    damage(puller.have(), "corrupt")
    puller.loaded = [puller.name]

    def die(*_words, **_more):
        raise Killed

    with monkeypatch.context() as patch:
        if where in ("unload", "pull"):
            patch.setattr(puller, where, die)
        elif where == "tags":
            answers = iter([puller.tags()])
            patch.setattr(puller, "tags", lambda: next(answers, None) or die())
        elif where == "rename":
            patch.setattr(os, "fsync", die)  # the move is made, and not yet known to the disk
        else:
            patch.setattr(prune, where, die)
        with pytest.raises(Killed):
            verify(puller)
    verify(puller)
    assert puller.store.blob_path(WEIGHTS_DIGEST).read_bytes() == WEIGHTS
    assert verify(puller)["changed"] is False


def test_what_a_kill_has_left_out_is_found_without_reading(puller, monkeypatch):
    plain = Terms(insecure=True, registry_timeout=2, store=str(puller.store))
    monkeypatch.setattr(_store_verify, "sums", lambda *_words: pytest.fail("read"))
    assert not run(puller.have(), puller.name, terms=plain)["changed"] and calls(puller) == ["tags"]
    damage(puller, "missing")
    assert run(puller, puller.name, terms=plain, check_mode=True)["actions"] == [f"repair {puller.name}"]
    result = run(puller, puller.name, terms=plain)
    assert puller.fetched == [WEIGHTS_DIGEST] and result["models"][0]["repaired"] == [{"blob": WEIGHTS_DIGEST, "was": "missing"}]
    assert not run(puller, puller.name, terms=plain)["changed"]


def test_a_name_in_memory_that_is_none_ends_nothing(puller):
    damage(puller.have(), "corrupt")
    puller.loaded = ["../odd name", puller.name]
    verify(puller)
    assert [call for call in puller.calls if call[0] == "unload"] == [("unload", puller.name)]
    assert puller.fetched == [WEIGHTS_DIGEST]


def test_a_model_in_memory_is_unloaded_first_and_loaded_again_where_it_should_be_there(puller):
    damage(puller.have(), "corrupt")
    puller.loaded = [puller.name]
    result = verify(puller, {"name": puller.name, "loaded": True})
    assert [call for call in calls(puller) if call in ("unload", "pull", "load")] == ["unload", "pull", "load"]
    assert result["actions"] == [f"repair {puller.name}", f"load {puller.name}"]


def test_a_blob_that_a_pull_would_trust_is_read_before_it(puller):
    puller.have()
    damage(puller, "truncated")
    (puller.store.path / "manifests" / puller.name.replace(":latest", "/latest")).unlink()
    puller.there.clear()
    result = verify(puller)
    assert result["actions"] == [f"pull {puller.name}"] and puller.fetched == [WEIGHTS_DIGEST]
    assert result["models"][0]["repaired"] == [{"blob": WEIGHTS_DIGEST, "was": "truncated"}]


def test_what_comes_damaged_is_found_and_moved_aside(puller):
    puller.spoils = {WEIGHTS_DIGEST: WEIGHTS[:-10]}
    with pytest.raises(FleetError, match="blob sha256-.* is truncated right after it came; see whether its disk is full"):
        verify(puller)
    assert not puller.store.blob_path(WEIGHTS_DIGEST).exists()
    puller.spoils = {}
    assert verify(puller)["models"][0]["repaired"] == [{"blob": WEIGHTS_DIGEST, "was": "missing"}]


@pytest.mark.parametrize("age", [3600, 0], ids=["known before", "found out by the refusal"])
def test_a_download_that_is_stuck_is_removed_and_no_other(puller, age):
    puller.store.download(WEIGHTS_DIGEST, {0: ""}, 100, age=age)
    puller.store.download("a" * 64, {0: ""}, 100, age=age)
    result = run(puller, puller.name, terms=Terms(insecure=True, registry_timeout=2, store=str(puller.store)))
    assert result["models"][0]["repaired"] == [{"blob": WEIGHTS_DIGEST, "was": "stuck"}]
    assert calls(puller).count("pull") == (1 if age else 2)
    assert [name for name in puller.store.tree() if "partial" in name] == [f"blobs/sha256-{'a' * 64}-partial{end}" for end in ("", "-0")]


def test_who_may_not_look_at_the_blobs_pulls_as_ever(puller, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "blobs").write_text("no directory")
    assert run(puller, puller.name, terms=Terms(insecure=True, registry_timeout=2, store=str(tmp_path / "other")))["changed"]


def test_what_the_cache_knows_is_not_read_again(puller, tmp_path):
    cache = tmp_path / "safe" / "sums.json"
    verify(puller.have(), cache=str(cache))
    known = json.loads(cache.read_text())
    assert sorted(known.values()) == sorted(puller.offers)
    cache.write_text(json.dumps(dict.fromkeys(known, "a" * 64)))
    assert len(verify(puller, cache=str(cache))["models"][0]["repaired"]) == 3


def have_made(puller):
    """A model and one that is made from it, which are whole."""
    both = puller.name, {**OWN, "from": puller.name}
    verify(puller.have(), *both)
    puller.fetched.clear()
    return both


@pytest.mark.parametrize("was", ["missing", "truncated", "corrupt"])
def test_a_text_of_a_model_that_is_made_here_is_written_anew(puller, was):
    both = have_made(puller)
    assert verify(puller, *both)["changed"] is False
    damage(puller, was, SYSTEM_DIGEST)
    planned = verify(puller, *both, check_mode=True)
    result = verify(puller, *both)
    assert (planned["actions"], planned["diff"]) == (result["actions"], result["diff"])
    assert result["actions"] == [f"create mine:latest from {puller.name}"] and "mine:latest" in result["diff"]["before"]
    assert result["models"][1]["repaired"] == [{"blob": SYSTEM_DIGEST, "was": was}]
    assert puller.fetched == [SYSTEM_DIGEST] and puller.store.blob_path(SYSTEM_DIGEST).read_bytes() == SYSTEM
    assert verify(puller, *both)["changed"] is False


def test_what_it_has_from_another_comes_with_that(puller):
    both = have_made(puller)
    damage(puller, "corrupt")
    assert verify(puller, *both)["actions"] == [f"repair {puller.name}"]
    damage(puller, "corrupt")
    damage(puller, "corrupt", SYSTEM_DIGEST)
    assert verify(puller, *both)["actions"] == [f"repair {puller.name}", f"create mine:latest from {puller.name}"]
    assert verify(puller, *both)["changed"] is False


def test_what_comes_damaged_from_a_creation_is_found_too(puller):
    both = have_made(puller)
    damage(puller, "corrupt", SYSTEM_DIGEST)
    puller.spoils = {SYSTEM_DIGEST: b"Be"}
    with pytest.raises(FleetError, match="mine:latest: blob sha256-.* is truncated right after it came"):
        verify(puller, *both)
    puller.spoils = {}
    assert verify(puller, *both)["models"][1]["repaired"] == [{"blob": SYSTEM_DIGEST, "was": "missing"}]


def test_a_creation_that_fails_is_made_up_by_the_next_run_without_reading(puller):
    both = have_made(puller)
    damage(puller, "corrupt", SYSTEM_DIGEST)
    puller.refuses = ["mine:latest"]
    with pytest.raises(FleetError, match="creation of mine:latest: refused"):
        verify(puller, *both)
    puller.refuses = []
    run(puller, *both, terms=Terms(insecure=True, registry_timeout=2, store=str(puller.store)))
    assert puller.store.blob_path(SYSTEM_DIGEST).read_bytes() == SYSTEM


def test_a_tag_that_moves_while_it_is_repaired_is_not_followed(puller):
    damage(puller.have(), "corrupt")
    puller.offers = (CONFIG_DIGEST, "f" * 64)
    with pytest.raises(FleetError, match="demo/tiny:latest: the tag has moved in the registry; set update: true"):
        verify(puller)
    assert puller.there[puller.name] == DIGEST
