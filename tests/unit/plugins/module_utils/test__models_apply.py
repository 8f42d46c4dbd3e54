# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms
from ansible_collections.barellama.fleet.plugins.module_utils._models_apply import remove
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import changes
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import wanted_models
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import A, B, Server, absent, run


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


# -- exact, copies, memory ---------------------------------------------------------------------------------------------


def test_an_exact_list_deletes_the_rest():
    server = Server({"m:latest": A, "x:1": A, "y:local": A})
    result = run(server, "m", terms=Terms(exact=True))
    assert (result["actions"], server.there) == (["delete x:1"], {"m:latest": A, "y:local": A})
    assert run(server, "m", terms=Terms(exact=True))["changed"] is False


def test_what_goes_goes_after_the_pulls_since_they_may_share_blobs():
    server = Server({"x:1": A, "old:1": A})
    run(server, "m", absent("old:1"), terms=Terms(exact=True))
    assert [call[0] for call in server.calls] == ["tags", "pull", "tags", "ps", "delete", "delete"]


def test_what_nobody_lists_stays_while_its_successor_does_not_come():
    server = Server({"x:1": A, "old:1": A}, failing=["bad:latest"])
    with pytest.raises(FleetError, match="; 1 models that are not listed stay until that is mended: x:1$") as caught:
        run(server, "bad", absent("old:1"), terms=Terms(exact=True))
    assert (caught.value.facts["actions"], server.there) == (["delete old:1"], {"x:1": A})
    assert caught.value.facts["diff"]["after"] == f"x:1 {A[:12]}\n"


def test_what_cannot_be_deleted_is_told_beside_what_was_done():
    server = Server({"x:1": A, "y:1": A}, refuses=["x:1"])
    with pytest.raises(FleetError, match="^1 models could not be deleted: delete of x:1: x:1 refused$") as caught:
        run(server, "m", absent("x:1"), absent("y:1"))
    assert caught.value.facts["actions"] == ["pull m:latest", "delete y:1"]


def test_copies_follow_what_was_pulled_and_then_stay():
    server = Server({"alias:latest": A})
    wanted = [{"name": "alias", "copy_of": "new"}, {"name": "other", "copy_of": "new"}, "new"]
    assert run(server, *wanted)["actions"] == [
        "copy alias:latest from new:latest", "copy other:latest from new:latest", "pull new:latest"]
    assert server.there == {"alias:latest": B, "other:latest": B, "new:latest": B}
    server.calls.clear()
    assert (run(server, *wanted)["changed"], server.calls) == (False, [("tags",)])


def test_a_copy_of_what_could_not_be_pulled_is_left():
    server = Server({"alias:latest": A}, failing=["bad:latest"])
    with pytest.raises(FleetError, match="^1 of 1 models could not be pulled: ") as caught:
        run(server, "bad", {"name": "alias", "copy_of": "bad"})
    assert (caught.value.facts["changed"], server.there) == (False, {"alias:latest": A})


def test_a_copy_that_is_refused_is_told():
    with pytest.raises(FleetError) as caught:
        run(Server({"m:latest": A}, refuses=["n:latest"]), "m", {"name": "n", "copy_of": "m"})
    assert str(caught.value) == "1 models could not be made: copy of m:latest to n:latest: n:latest refused"


def test_memory_is_settled_after_the_pulls():
    server = Server({"out:1": A, "m:1": A}, loaded=["out:1"])
    wanted = [{"name": "m:1", "loaded": True, "keep_alive": 300}, {"name": "out:1", "loaded": False}, {"name": "n", "loaded": True}]
    result = run(server, *wanted)
    assert result["actions"] == ["load m:1", "unload out:1", "pull n:latest", "load n:latest"]
    assert [call for call in server.calls if call[0] in ("load", "unload", "pull")] == [
        ("pull", "n:latest", True, 600),
        ("unload", "out:1"),
        ("load", "m:1", False, 600, {"keep_alive": 300}),
        ("load", "n:latest", False, 600, {}),
    ]
    server.loaded.remove("out:1")
    server.calls.clear()
    assert (run(server, *wanted)["changed"], server.calls) == (False, [("tags",), ("ps",)])


def test_a_plan_says_what_would_be_loaded_and_loads_nothing():
    server = Server({"m:latest": A})
    result = run(server, {"name": "m", "loaded": True}, check_mode=True)
    assert (result["actions"], server.calls) == (["load m:latest"], [("tags",), ("ps",)])


def test_what_cannot_be_loaded_is_told_beside_what_can():
    server = Server({"a:latest": A, "b:latest": A}, refuses=["a:latest"])
    with pytest.raises(FleetError) as caught:
        run(server, {"name": "a", "loaded": True, "options": {"num_ctx": 4}}, {"name": "b", "loaded": True})
    assert str(caught.value) == "1 models could not be loaded or unloaded: load of a:latest: a:latest refused"
    assert caught.value.facts["actions"] == ["load b:latest"]


def test_events_are_told_with_the_name_of_their_model():
    heard = []
    run(Server(), "a", "user/b:1", tell=lambda name, event: heard.append((name, event)))
    assert sorted(name for name, _event in heard) == ["a:latest", "user/b:1"]
    assert all(event == {"status": "success"} for _name, event in heard)


def test_what_the_listener_raises_ends_the_run_before_anything_is_deleted():
    def refuse(_name, _event):
        raise KeyError("nobody listens")

    server = Server({"old:1": A})
    with pytest.raises(KeyError, match="nobody listens"):
        run(server, "new", absent("old:1"), tell=refuse)
    assert "old:1" in server.there


def plan_of(server, *models):
    return changes(wanted_models(list(models)), server.tags())


def test_what_is_refused_stays_and_is_told():
    server = Server({"m:latest": A, "old:1": A}, refuses=["old:1"])
    _model, old = plan_of(server, "m", absent("old:1"))
    assert remove(server, [old]) == ["delete of old:1: old:1 refused"]
    assert (old.failed, old.after) == (True, old.before)


def test_nobody_is_asked_without_need():
    server = Server()
    assert remove(server, []) == server.calls == []
