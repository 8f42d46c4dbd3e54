# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms
from ansible_collections.barellama.fleet.plugins.module_utils._models_foresight import VERSION_BEFORE_INSTALL
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import PLAIN, A, B, C, Server, absent, run


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
    with pytest.raises(FleetError, match="check the name"):
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


# -- pins and tags that are followed -----------------------------------------------------------------------------------

BODY = manifest(5, 1000)
TOLD = hashlib.sha256(BODY).hexdigest()


def entry(registry, **more):
    return {"name": f"{registry.address}/demo/tiny", **more}


def listed(registry, digest):
    return {f"{registry.address}/demo/tiny:latest": digest}


def test_a_pinned_model_that_is_there_needs_no_registry(serve, reply):
    registry = serve(reply(body=BODY))
    server = Server(listed(registry, TOLD))
    assert run(server, entry(registry, digest=TOLD))["changed"] is False
    assert (server.calls, registry.requests) == ([("tags",)], [])


@pytest.mark.parametrize("before", [None, A])
def test_the_pinned_content_is_pulled_whatever_was_there(serve, reply, before):
    registry = serve(reply(body=BODY))
    server = Server(listed(registry, before) if before else {}, brings=TOLD)
    result = run(server, entry(registry, digest=TOLD))
    assert len(registry.requests) == 1 and result["actions"] == [f"pull {registry.address}/demo/tiny:latest"]
    model = result["models"][0]
    assert (model["wanted"], model["digest_before"], model["digest_after"]) == (TOLD, before, TOLD)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("before", [None, A])
def test_a_moved_tag_is_an_error_before_anything_is_touched(serve, reply, before, check_mode):
    registry = serve(reply(body=BODY))
    server = Server({"old:1": A, **(listed(registry, before) if before else {})})
    with pytest.raises(FleetError, match=f"wanted is digest {C}, found in the registry is {TOLD}: the tag has moved"):
        run(server, entry(registry, digest=C), absent("old:1"), check_mode=check_mode)
    assert server.calls == [("tags",), ("version",)]


@pytest.mark.parametrize("status", [404, 503])
def test_a_pin_that_cannot_be_checked_is_not_taken_on_trust(serve, reply, status):
    registry = serve(reply(status))
    server = Server()
    with pytest.raises(FleetError, match=f": without that the digest {C} cannot be checked before the pull"):
        run(server, entry(registry, digest=C))
    assert ("tags",) in server.calls and not server.there


def test_what_moved_during_the_pull_does_not_stay(serve, reply):
    registry = serve(reply(body=BODY))
    server = Server(brings=A)
    with pytest.raises(FleetError, match=f"wanted is digest {TOLD}, the pull brought {A}: the tag moved meanwhile"):
        run(server, entry(registry, digest=TOLD))
    assert server.there == {}


@pytest.mark.parametrize("before, pulls", [(TOLD, 0), (A, 1), (None, 1)])
def test_a_tag_is_followed_only_when_it_moved(serve, reply, before, pulls):
    registry = serve(reply(body=BODY))
    server = Server(listed(registry, before) if before else {}, brings=TOLD)
    planned = run(server, entry(registry, update=True), check_mode=True)
    result = run(server, entry(registry, update=True))
    assert len([call for call in server.calls if call[0] == "pull"]) == pulls
    assert result["changed"] == planned["changed"] == bool(pulls) and planned["diff"] == result["diff"]
    assert len(registry.requests) == 2


def test_with_nothing_to_pull_the_disk_does_not_matter(serve, reply, tmp_path):
    registry = serve(reply(body=BODY))
    terms = Terms(insecure=True, store=str(tmp_path), reserve=1 << 60)
    assert run(Server(listed(registry, TOLD)), entry(registry, update=True), terms=terms)["changed"] is False


def test_a_registry_that_does_not_tell_leaves_it_to_the_server(serve, reply):
    registry = serve(reply(503))
    server = Server(listed(registry, B))
    result = run(server, entry(registry, update=True))
    assert (result["changed"], [call[0] for call in server.calls]) == (False, ["tags", "version", "pull", "tags"])


def test_what_registries_are_told_before_there_is_a_server_is_the_roles_default():
    defaults = (Path(__file__).parents[4] / "roles" / "ollama" / "defaults" / "main.yml").read_text()
    assert f'ollama_version: "{VERSION_BEFORE_INSTALL}"' in defaults


def test_a_plan_for_a_server_that_is_stopped_looks_into_its_store(tmp_path):
    place = tmp_path / "manifests" / "registry.ollama.ai" / "library" / "m"
    place.mkdir(parents=True)
    (place / "latest").write_bytes(BODY)
    terms = Terms(store=str(tmp_path))
    result = run(Server(away=True), {"name": "m", "digest": TOLD}, absent("gone"), terms=terms, check_mode=True)
    assert (result["changed"], result["models"][0]["digest_before"]) == (False, TOLD)
