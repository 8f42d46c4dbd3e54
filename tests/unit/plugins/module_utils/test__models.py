# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import threading

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._client import Refused, Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms, reconcile
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import wanted_models
from ansible_collections.barellama.fleet.plugins.module_utils._registry import NotInRegistry

A, B = "a" * 64, "b" * 64
PLAIN = Terms(insecure=True, registry_timeout=2)


class Server:
    """Stands for the client: keeps models in a dict and notes the calls."""

    def __init__(self, there=None, loaded=(), away=False, failing=()):
        self.there = dict(there or {})
        self.loaded = list(loaded)
        self.away = away
        self.failing = failing
        self.calls = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    def _note(self, *call):
        with self.lock:
            self.calls.append(call)
        if self.away:
            raise Unreachable("nobody there")

    def version(self):
        self._note("version")
        return "0.34.4"

    def tags(self):
        self._note("tags")
        return [{"name": name, "digest": digest, "size": 700} for name, digest in self.there.items()]

    def ps(self):
        self._note("ps")
        return [{"name": name, "digest": A} for name in self.loaded]

    def unload(self, name):
        self._note("unload", name)

    def delete(self, name):
        self._note("delete", name)
        del self.there[name]

    def pull(self, name, insecure, idle_timeout):
        self._note("pull", name, insecure, idle_timeout)
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        threading.Event().wait(0.05)
        with self.lock:
            self.at_once -= 1
        if name in self.failing:
            raise Refused("refused", 200, "pull model manifest: file does not exist")
        self.there[name] = B
        yield {"status": "success"}


def run(server, *models, terms=PLAIN, **more):
    return reconcile(server, wanted_models(list(models)), terms, **more)


def absent(name):
    return {"name": name, "state": "absent"}


def test_all_is_well_after_one_question():
    server = Server({"m:latest": A})
    result = run(server, "m", absent("gone"))
    assert (result["changed"], server.calls) == (False, [("tags",)])


def test_pulls_what_is_missing():
    server = Server({"m:latest": A})
    result = run(server, "m", "user/new:1")
    assert server.calls == [("tags",), ("pull", "user/new:1", True, 600), ("tags",)]
    assert result["actions"] == ["pull user/new:1"]
    assert (result["models"][1]["digest_after"], result["models"][1]["bytes"]) == (B, 700)
    assert result["models"][1]["seconds"] >= 0.05


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pulls_in_parallel_up_to_the_limit(limit):
    server = Server()
    run(server, "a", "b", "c", "d", "e", "f", terms=Terms(max_parallel=limit))
    assert server.most_at_once == limit


def test_unloads_before_it_deletes():
    server = Server({"Old:1": A, "idle:1": A}, loaded=["Old:1"])
    result = run(server, absent("old:1"), absent("idle:1"))
    assert server.calls == [("tags",), ("ps",), ("unload", "Old:1"), ("delete", "Old:1"), ("delete", "idle:1")]
    assert (result["actions"], server.there) == (["delete old:1", "delete idle:1"], {})


def test_one_failure_does_not_stop_the_others():
    server = Server({"old:1": A}, failing=["bad:latest"])
    with pytest.raises(FleetError) as caught:
        run(server, "bad", "good", absent("old:1"))
    assert str(caught.value) == (
        "1 of 2 models could not be pulled: pull of bad:latest failed: pull model manifest: file does not exist: "
        "the registry has no such model or tag; check the name"
    )
    assert caught.value.facts["changed"] is True
    assert caught.value.facts["actions"] == ["pull good:latest", "delete old:1"]
    assert server.there == {"good:latest": B}


def test_a_server_that_is_away_is_an_error():
    with pytest.raises(Unreachable):
        run(Server(away=True), "m")


# -- with a registry ---------------------------------------------------------------------------------------------------


def manifest(*sizes):
    blobs = [{"digest": "sha256:" + f"{number:x}" * 64, "size": size} for number, size in enumerate(sizes)]
    return json.dumps({"config": blobs[0], "layers": blobs[1:]}).encode()


def check(server, registry, terms=PLAIN):
    warnings = []
    result = run(server, f"{registry.address}/demo/tiny", terms=terms, check_mode=True, warn=warnings.append)
    return result, warnings


def test_check_mode_tells_digest_and_bytes_and_writes_nothing(serve, reply):
    body = manifest(5, 1000, 20)
    server = Server({"old:1": A})
    result, warnings = check(server, serve(reply(body=body)))
    assert result["changed"] and warnings == []
    assert result["models"][0]["digest_after"] == hashlib.sha256(body).hexdigest()
    assert result["models"][0]["bytes"] == 1025
    assert server.calls == [("tags",), ("version",)]


def test_check_mode_deletes_nothing():
    server = Server({"old:1": A}, loaded=["old:1"])
    result = run(server, absent("old:1"), check_mode=True)
    assert (result["actions"], server.calls) == (["delete old:1"], [("tags",)])


def test_check_mode_plans_for_a_host_without_ollama(serve, reply):
    registry = serve(reply(body=manifest(5)))
    result, _warnings = check(Server(away=True), registry)
    assert result["models"][0]["bytes"] == 5
    assert registry.requests[0][3]["User-Agent"] == "ollama/0.34.4"


def test_check_mode_says_what_it_could_not_learn(serve, reply):
    result, warnings = check(Server(), serve(reply(503)))
    assert (result["changed"], result["models"][0]["digest_after"], result["models"][0]["bytes"]) == (True, None, None)
    assert len(warnings) == 1 and "status 503" in warnings[0]
    assert warnings[0].endswith("its digest and size stay unknown until it is pulled")


def test_check_mode_fails_where_the_run_would(serve, reply):
    with pytest.raises(NotInRegistry, match="check the name"):
        check(Server(), serve(reply(404)))


def test_blobs_in_the_store_are_not_counted(serve, reply, tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / f"sha256-{'1' * 64}").write_bytes(b"x")
    (tmp_path / "blobs" / f"sha256-{'2' * 64}-partial").write_bytes(b"x" * 8192)
    registry = serve(reply(body=manifest(5, 1000, 10000)))
    result, _warnings = check(Server(), registry, Terms(insecure=True, store=str(tmp_path)))
    assert result["models"][0]["bytes"] == 5 + 10000 - 8192


def test_a_disk_that_is_too_small_is_told_before_anything_is_touched(serve, reply, tmp_path):
    registry = serve(reply(body=manifest(5, 10**18)))
    server = Server({"old:1": A})
    terms = Terms(insecure=True, store=str(tmp_path / "not" / "yet"), reserve=10**9)
    with pytest.raises(FleetError) as caught:
        run(server, f"{registry.address}/demo/one", f"{registry.address}/demo/two", absent("old:1"), terms=terms)
    message = str(caught.value)
    assert f"models do not fit into {tmp_path}/not/yet: need 1000000.0 TB" in message
    assert (
        f"{registry.address}/demo/one:latest 1000000.0 TB, {registry.address}/demo/two:latest 1000000.0 TB" in message
    )
    assert "and 1.0 GB in reserve, free " in message
    assert message.endswith("; free space, list fewer models or move the store")
    assert server.calls == [("tags",), ("version",)]


def test_a_registry_that_does_not_tell_does_not_stop_a_pull(serve, reply, tmp_path):
    registry = serve(reply(503))
    server = Server()
    result = run(server, f"{registry.address}/demo/tiny", terms=Terms(insecure=True, store=str(tmp_path)))
    assert result["changed"] and result["models"][0]["digest_after"] == B


@pytest.mark.parametrize("status", [404, 412])
def test_a_model_that_the_registry_denies_is_left_to_the_server(serve, reply, tmp_path, status):
    registry = serve(reply(status), reply(body=manifest(5)))
    bad, good = f"{registry.address}/demo/bad:latest", f"{registry.address}/demo/good:latest"
    server = Server({"old:1": A}, failing=[bad])
    terms = Terms(insecure=True, max_parallel=1, store=str(tmp_path))
    with pytest.raises(FleetError, match=f"1 of 2 models could not be pulled: pull of {bad} failed") as caught:
        run(server, bad, good, absent("old:1"), terms=terms)
    assert caught.value.facts["actions"] == [f"pull {good}", "delete old:1"]
    assert server.there == {good: B}


@pytest.mark.parametrize(
    "option, value", [("max_parallel", 0), ("reserve", -1), ("idle_timeout", 0), ("registry_timeout", 0)]
)
def test_limits_make_sense(option, value):
    with pytest.raises(FleetError, match=f"{option} is {value}; it must be at least {value + 1}"):
        Terms(**{option: value})
