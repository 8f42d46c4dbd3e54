# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _store_prune as prune
from ansible_collections.barellama.fleet.plugins.module_utils import _store_verify
from ansible_collections.barellama.fleet.plugins.module_utils._client import Refused
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import Server, run
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import Store

CONFIG, WEIGHTS, LICENSE = b'{"model_format":"gguf"}', b"weights" * 1000, b"take it"
CONTENTS = {hashlib.sha256(content).hexdigest(): content for content in (CONFIG, WEIGHTS, LICENSE)}
CONFIG_DIGEST, WEIGHTS_DIGEST, LICENSE_DIGEST = CONTENTS
BODY = json.dumps({
    "config": {"mediaType": "config", "digest": f"sha256:{CONFIG_DIGEST}", "size": len(CONFIG)},
    "layers": [{"mediaType": "model", "digest": f"sha256:{digest}", "size": len(CONTENTS[digest])}
               for digest in (WEIGHTS_DIGEST, LICENSE_DIGEST)],
}).encode()
DIGEST = hashlib.sha256(BODY).hexdigest()


class Killed(BaseException):
    """The run ends here."""


class Puller(Server):
    """A server with a store of its own, that trusts its blobs by their names as Ollama does."""

    def __init__(self, store, registry, **more):
        super().__init__({}, brings=DIGEST, **more)
        self.store = store
        self.name = f"{registry}/demo/tiny:latest"
        self.fetched = []
        self.spoils = {}

    def have(self):
        for digest, content in CONTENTS.items():
            self.store.blob(content, digest=digest)
        self._write_manifest()
        return self

    def _write_manifest(self):
        self.store.file(f"manifests/{self.name.replace(':latest', '/latest')}", BODY)
        self.there[self.name] = DIGEST

    def pull(self, name, insecure, idle_timeout):
        self._note("pull", name)
        if (self.store.path / "blobs" / f"sha256-{WEIGHTS_DIGEST}-partial-0").exists():
            raise Refused("refused", 200, "EOF")
        for digest in [digest for digest in CONTENTS if not self.store.blob_path(digest).exists()]:
            self.fetched.append(digest)
            self.store.blob(self.spoils.get(digest, CONTENTS[digest]), digest=digest, age=0)
        self._write_manifest()
        yield {"status": "success"}


@pytest.fixture(name="puller")
def _puller(tmp_path, serve, reply):
    return Puller(Store(tmp_path / "models"), serve(reply(body=BODY)).address)


def verify(puller, *models, check_mode=False, **more):
    terms = Terms(insecure=True, registry_timeout=2, store=str(puller.store), verify=True, **more)
    return run(puller, *(models or [puller.name]), terms=terms, check_mode=check_mode)


def damage(puller, was, digest=WEIGHTS_DIGEST):
    path = puller.store.blob_path(digest)
    content = CONTENTS[digest]
    path.unlink()
    if was != "missing":
        path.write_bytes(content[:-1] if was == "truncated" else b"W" + content[1:])


def calls(puller):
    return [call[0] for call in puller.calls]


def test_a_sound_model_is_read_and_no_registry_asked(puller):
    assert verify(puller.have())["changed"] is False
    assert calls(puller) == ["tags"]


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


def test_a_plan_says_the_same_and_touches_nothing(puller):
    damage(puller.have(), "corrupt")
    before = puller.store.tree()
    planned = verify(puller, check_mode=True)
    assert puller.store.tree() == before and set(calls(puller)) == {"tags", "version"}
    done = verify(puller)
    assert (planned["actions"], planned["diff"]) == (done["actions"], done["diff"])


def test_a_plan_for_a_bare_host_has_nothing_to_read(puller, tmp_path):
    terms = Terms(insecure=True, registry_timeout=2, store=str(tmp_path / "none"), verify=True)
    assert run(puller, puller.name, terms=terms, check_mode=True)["actions"] == [f"pull {puller.name}"]
    with pytest.raises(FleetError, match="no store at"):
        run(puller, puller.name, terms=terms)


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


def test_what_no_registry_has_is_told_and_left(puller, serve, reply):
    gone = Puller(puller.store, serve(reply(404)).address).have()
    damage(gone, "corrupt")
    with pytest.raises(FleetError) as caught:
        verify(gone)
    assert str(caught.value) == (
        f"1 models could not be verified or repaired: {gone.name}: blob sha256-{WEIGHTS_DIGEST[:12]} of 7.0 kB is corrupt, "
        f"cannot be fetched again: registry {gone.name.partition('/')[0]} has no {gone.name}: check the name"
    )
    assert gone.store.blob_path(WEIGHTS_DIGEST).exists() and calls(gone) == ["tags", "version"]


def test_a_tag_that_has_moved_is_not_followed(puller, serve, reply):
    moved = Puller(puller.store, serve(reply(body=BODY.replace(CONFIG_DIGEST.encode(), LICENSE_DIGEST.encode()))).address).have()
    damage(moved, "corrupt")
    with pytest.raises(FleetError, match="the tag has moved in the registry; set update: true"):
        verify(moved)
    assert "pull" not in calls(moved)


def test_a_model_of_ones_own_is_whole_again_with_the_one_it_was_made_of(puller):
    own = "127.0.0.1:1/own/one:latest"
    puller.have().store.file("manifests/127.0.0.1:1/own/one/latest", BODY)
    puller.there[own] = DIGEST
    damage(puller, "corrupt")
    assert verify(puller, puller.name, own)["actions"] == [f"repair {puller.name}"]
    damage(puller, "corrupt", LICENSE_DIGEST)
    with pytest.raises(FleetError, match="own/one:latest: blob sha256-.* is corrupt, cannot be fetched again"):
        verify(puller, own)


def test_a_model_that_is_made_here_is_told_how_to_mend(puller, tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    puller.have().store.file("manifests/registry.ollama.ai/library/mine/latest", BODY)
    puller.there["mine:latest"] = DIGEST
    puller.show = lambda _name: {}
    damage(puller, "corrupt")
    with pytest.raises(FleetError, match="mine:latest: blob sha256-.* is corrupt, delete the model"):
        verify(puller, {"name": "mine", "gguf": str(tmp_path / "a.gguf")}, check_mode=True)


def test_a_model_that_is_still_to_be_made_has_nothing_to_read(puller, tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    assert verify(puller.have(), {"name": "new", "gguf": str(tmp_path / "a.gguf")}, check_mode=True)["models"][0]["action"] == "create"


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
    with pytest.raises(FleetError, match="blob sha256-.* is truncated right after the pull; see whether its disk is full"):
        verify(puller)
    assert not puller.store.blob_path(WEIGHTS_DIGEST).exists()
    puller.spoils = {}
    assert verify(puller)["models"][0]["repaired"] == [{"blob": WEIGHTS_DIGEST, "was": "missing"}]


def test_the_store_of_another_server_is_told(puller, tmp_path):
    other = Store(tmp_path / "other")
    puller.have().store = other
    with pytest.raises(FleetError, match=f"demo/tiny:latest is not in {other}; give the store that this server has"):
        verify(puller)


def test_what_may_not_be_read_is_left_alone(puller):
    puller.have().store.blob_path(LICENSE_DIGEST).unlink()
    puller.store.blob_path(LICENSE_DIGEST).mkdir()
    with pytest.raises(FleetError, match=r"is unreadable \(a directory\), run this task as root"):
        verify(puller)


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
    assert sorted(known.values()) == sorted(CONTENTS)
    cache.write_text(json.dumps(dict.fromkeys(known, "a" * 64)))
    assert len(verify(puller, cache=str(cache))["models"][0]["repaired"]) == 3


def test_what_is_yet_to_be_made_is_no_stranger(puller):
    result = verify(puller.have(), puller.name, {"name": "g", "gguf": "/g.gguf"}, check_mode=True)
    assert result["actions"] == ["create g:latest from /g.gguf"]


def test_what_was_made_here_is_asked_of_nobody(puller):
    damage(puller.have(), "corrupt")
    puller.show = lambda name: {}
    with pytest.raises(FleetError, match="tiny:latest: blob sha256-.* is corrupt, delete the model, and the next run makes it anew$"):
        verify(puller, {"name": puller.name, "gguf": "/g.gguf"}, check_mode=True)
