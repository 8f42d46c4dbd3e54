# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._client import Refused
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms
from ansible_collections.barellama.fleet.plugins.module_utils._models_make import Maker
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import changes
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import wanted_models
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import A, run
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_workshop import Workshop

STOPS = ["a", 'b"\\']
DERIVED = {"name": "d", "from": "m", "system": "Be brief.", "parameters": {"num_ctx": 64, "stop": STOPS}, "license": "MIT"}


def derived(**more):
    return {**DERIVED, **more}


def gguf(path, content=b"GGUF weights"):
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_makes_what_is_missing_and_leaves_it_then():
    server = Workshop("m")
    result = run(server, "m", DERIVED)
    assert result["actions"] == ["create d:latest from m:latest"]
    assert (result["models"][1]["action"], result["models"][1]["digest_after"]) == ("create", server.there["d:latest"])
    assert server.made() == [("create", "d:latest")]
    assert (run(server, "m", DERIVED)["changed"], sorted(server.calls)) == (
        False, [("show", "d:latest"), ("show", "m:latest"), ("tags",)])


MODELFILE = {"name": "d", "modelfile": "FROM m\nSYSTEM Be long.\nPARAMETER num_ctx 64"}
DRIFTS = [
    (derived(system="Be long."), {"system": ("Be brief.", "Be long.")}),
    (derived(parameters={"num_ctx": "64", "stop": "a"}), {"parameters.stop": (STOPS, ["a"])}),
    (derived(parameters={"num_ctx": 64}), {"parameters.stop": (STOPS, None)}),
    (derived(license=["MIT", "BSD"]), {"license": ("MIT", "MIT\nBSD")}),
    (derived(messages=[{"role": "user", "content": "hi"}]), {"messages": ([], [{"role": "user", "content": "hi"}])}),
    (derived(renderer="qwen3"), {"renderer": ("", "qwen3")}),
    ({"name": "d", "from": "m", "template": "{{ .Prompt }}!"}, {
        "system": ("Be brief.", ""), "template": ("", "{{ .Prompt }}!"), "license": ("MIT", ""), "parameters.num_ctx": (64, None),
        "parameters.stop": (STOPS, None)}),
    (MODELFILE, {"system": ("Be brief.", "Be long."), "license": ("MIT", ""), "parameters.stop": (STOPS, None)}),
]


@pytest.mark.parametrize("entry, differs", DRIFTS)
def test_what_is_not_as_defined_is_made_anew_from_the_base(entry, differs):
    server = Workshop("m")
    run(server, "m", DERIVED)
    server.made()
    planned = run(server, "m", entry, check_mode=True)
    assert (planned["actions"], server.made()) == (["create d:latest from m:latest"], [])
    for number, side in enumerate(("before", "after")):
        told = {key: pair[number] for key, pair in differs.items() if pair[number] not in (None, "")}
        lines = [line.strip().partition(": ") for line in planned["diff"][side].splitlines() if line.startswith("  ")]
        assert {key: json.loads(value) for key, _colon, value in lines} == told
    assert run(server, "m", entry)["changed"] is True
    assert server.made() == [("create", "d:latest")]
    assert (run(server, "m", entry)["changed"], server.made()) == (False, [])


def test_what_is_made_from_another_follows_it():
    server, wanted = Workshop("m"), ["m", DERIVED, {"name": "e", "from": "d", "parameters": {"seed": 1}}, {"name": "f", "copy_of": "e"}]
    assert run(server, *wanted, check_mode=True)["actions"] == [
        "create d:latest from m:latest", "create e:latest from d:latest", "copy f:latest from e:latest"]
    run(server, *wanted)
    assert server.made() == [("create", "d:latest"), ("create", "e:latest"), ("copy", "e:latest")]
    server.content["m:latest"] = {"weights": [A], "parameters": {}}
    assert len(run(server, *wanted, check_mode=True)["actions"]) == 3
    run(server, *reversed(wanted))
    assert server.made() == [("create", "d:latest"), ("create", "e:latest"), ("copy", "e:latest")]
    assert server.content["f:latest"]["weights"] == [A]
    assert run(server, *wanted)["changed"] is False


def test_a_base_that_is_to_change_is_foreseen():
    server = Workshop("m")
    run(server, "m", DERIVED)
    plan = changes(wanted_models(["m", DERIVED]), server.tags())
    plan[0].action, plan[0].after = "pull", None
    Maker(server, Terms(), pytest.fail).foresee(plan)
    assert (plan[1].action, plan[1].differs) == ("create", {"from": (None, "m:latest, which changes")})


def test_what_is_made_from_an_alias_follows_it():
    server, wanted = Workshop("m"), ["m", {"name": "f", "copy_of": "m"}, {**DERIVED, "from": "f"}]
    run(server, *wanted)
    server.content["m:latest"] = {"weights": [A], "parameters": {}}
    server.there["m:latest"] = A
    server.made()
    planned = run(server, *wanted, check_mode=True)["actions"]
    assert planned == run(server, *wanted)["actions"] == ["copy f:latest from m:latest", "create d:latest from f:latest"]
    assert server.content["d:latest"]["weights"] == [A]


def test_what_is_made_from_a_model_that_is_repaired_stays():
    server = Workshop("m")
    run(server, "m", DERIVED)
    plan = changes(wanted_models(["m", DERIVED]), server.tags())
    plan[0].action = "repair"
    Maker(server, Terms(), pytest.fail).foresee(plan)
    assert plan[1].action == "none"


def test_a_model_whose_base_did_not_come_stays_as_it_is():
    server = Workshop(failing=["m:latest"])
    server.there["d:latest"] = A
    with pytest.raises(FleetError, match="^1 of 1 models could not be pulled: ") as caught:
        run(server, "m", DERIVED, {"name": "e", "from": "d", "system": "x"})
    assert (caught.value.facts["changed"], server.there) == (False, {"d:latest": A})


def test_what_the_server_breaks_off_is_told_and_the_old_model_stays():
    server = Workshop("m", unfinished=["d:latest"])
    server.there["d:latest"] = A
    with pytest.raises(FleetError) as caught:
        run(server, "m", DERIVED, {"name": "e", "from": "m", "system": "x"})
    assert str(caught.value) == ("1 models could not be made: creation of d:latest: "
                                 "the server ended it without 'success', its last word was 'writing manifest'")
    assert (caught.value.facts["actions"], server.there["d:latest"]) == (["create e:latest from m:latest"], A)


def test_creations_are_told_as_pulls_are():
    server, heard = Workshop("m", unfinished=["e:latest"]), []
    with pytest.raises(FleetError):
        run(server, "m", DERIVED, {"name": "e", "from": "m", "system": "x"}, tell=lambda name, event: heard.append((name, event["status"])))
    assert heard[-1] == ("e:latest", "failed")
    assert ("d:latest", "success") in heard


def test_what_cannot_be_read_is_made_anew():
    server = Workshop("m", refuses=["d:latest"])
    server.there["d:latest"] = A
    assert run(server, "m", DERIVED, check_mode=True)["actions"] == ["create d:latest from m:latest"]


def test_a_base_that_cannot_be_read_is_told():
    server = Workshop("m", refuses=["m:latest"])
    server.there["d:latest"] = A
    with pytest.raises(FleetError, match="^1 models could not be made: creation of d:latest: m:latest refused$"):
        run(server, "m", DERIVED)


def test_a_plan_without_a_server_says_what_it_cannot_know():
    server, told = Workshop("m"), []
    run(server, "m", DERIVED)
    plan = changes(wanted_models(["m", DERIVED]), server.tags())
    server.away = True
    Maker(server, Terms(), told.append).foresee(plan)
    assert plan[1].action == "none"
    assert told == ["d:latest: whether it is as defined stays unknown while the server does not answer"]


def test_a_base_that_cannot_be_read_before_it_is_whole_is_no_failure_of_a_plan_that_makes_it_so():
    server, told = Workshop("m"), []
    run(server, "m", DERIVED)
    plan = changes(wanted_models(["m", DERIVED]), server.tags())
    server.refuses = ["m:latest", "d:latest"]
    with pytest.raises(Refused):
        Maker(server, Terms(), told.append).foresee(plan)
    plan[0].action = "repair"
    Maker(server, Terms(), told.append).foresee(plan)
    assert (plan[1].action, told) == ("none", ["d:latest: whether it is as defined stays unknown until m:latest is whole"])


def test_a_server_with_a_will_of_its_own_is_told_once_it_shows():
    server, told = Workshop("m"), []
    server.content["m:latest"]["system"] = "of the base"
    server.create = lambda name, definition, timeout: Workshop.create(server, name, {**definition, "system": "mine"}, timeout)
    run(server, "m", DERIVED, warn=told.append)
    assert told == ["d:latest was made, and is still not as defined: the server has its own system"]
    told.clear()
    assert run(server, "m", DERIVED, warn=told.append)["changed"] is False


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rewrites", [False, True])
def test_imports_a_file_and_leaves_it_then(tmp_path, rewrites):
    path, kept = tmp_path / "m.gguf", Terms(gguf_sums=str(tmp_path / "sums.json"))
    digest, entry = gguf(path), {"name": "g", "gguf": str(path), "system": "x"}
    server = Workshop(rewrites=rewrites, own={"template": "{{ .Own }}", "parameters": {"stop": ["<end>"]}})
    assert run(server, entry, terms=kept, check_mode=True)["actions"] == [f"create g:latest from {path}"]
    assert server.made() == [] and not (tmp_path / "sums.json").exists()
    run(server, entry, terms=kept)
    assert server.made() == [("upload", digest), ("create", "g:latest")]
    assert run(server, entry, terms=kept)["changed"] is False
    assert run(server, entry, terms=kept, check_mode=True)["changed"] is False
    assert server.made() == []
    new = gguf(path, b"GGUF other weights")
    assert list(run(server, entry, terms=kept, check_mode=True)["diff"]["before"].splitlines())[1].startswith("  weights: ")
    assert run(server, entry, terms=kept)["changed"] is True
    assert server.made() == [("upload", new), ("create", "g:latest")]


def test_without_a_memory_a_server_that_rewrites_makes_the_same_again(tmp_path):
    digest, server = gguf(tmp_path / "m.gguf"), Workshop(rewrites=True)
    entry = {"name": "g", "gguf": str(tmp_path / "m.gguf")}
    run(server, entry)
    server.made()
    assert (run(server, entry)["changed"], server.made()) == (False, [("create", "g:latest")])
    assert digest in server.blobs


def test_a_text_of_an_imported_model_that_goes_is_taken_out(tmp_path):
    gguf(tmp_path / "m.gguf")
    server, entry = Workshop(own={"parameters": {"stop": ["<end>"]}}), {"name": "g", "gguf": str(tmp_path / "m.gguf")}
    run(server, {**entry, "system": "x", "parameters": {"seed": 1}})
    assert run(server, entry)["changed"] is True
    assert server.show("g:latest")["system"] == "" and server.content["g:latest"]["parameters"] == {"stop": ["<end>"]}
    assert run(server, {**entry, "parameters": {"stop": "mine"}})["changed"] is True


def test_a_file_may_go_once_it_is_imported_but_not_unnoticed(tmp_path):
    path, told, server = tmp_path / "m.gguf", [], Workshop()
    gguf(path)
    entry = {"name": "g", "gguf": str(path)}
    run(server, entry)
    path.unlink()
    assert run(server, entry, warn=told.append)["changed"] is False
    assert told == [f"g:latest: {path} is not there: whether the model is made from it stays unknown"]
    with pytest.raises(FleetError, match=f"creation of g:latest: {path} is not there; copy it to the host first$"):
        run(server, {**entry, "system": "x"}, warn=told.append)


def test_how_far_it_is_is_told(tmp_path):
    told, digest = [], gguf(tmp_path / "m.gguf")
    run(Workshop(), {"name": "g", "gguf": str(tmp_path / "m.gguf")}, tell=lambda name, event: told.append((name, event)))
    assert told[0] == ("g:latest", {"status": "sending", "digest": digest, "total": 12, "completed": 12})
    assert told[-2:] == [("g:latest", {"status": "writing manifest"}), ("g:latest", {"status": "success"})]


def test_what_is_there_already_is_not_sent(tmp_path):
    server, digest = Workshop(), gguf(tmp_path / "m.gguf")
    server.blobs[digest] = b""
    run(server, {"name": "g", "gguf": str(tmp_path / "m.gguf")}, {"name": "h", "gguf": str(tmp_path / "m.gguf"), "system": "x"})
    assert server.made() == [("create", "g:latest"), ("create", "h:latest")]


def test_several_files_are_one_model(tmp_path):
    digests = {gguf(tmp_path / "b.gguf"), gguf(tmp_path / "a.gguf", b"GGUF eyes")}
    server, entry = Workshop(), {"name": "g", "gguf": [str(tmp_path / "b.gguf"), str(tmp_path / "a.gguf")]}
    run(server, entry)
    assert {digest for verb, digest in server.made() if verb == "upload"} == digests
    assert run(server, entry)["changed"] is False


def test_quantized_weights_are_known_again(tmp_path):
    server, kept = Workshop("m"), Terms(gguf_sums=str(tmp_path / "sums.json"))
    entry = {"name": "q", "from": "m", "quantize": "q8_0"}
    run(server, "m", entry, terms=kept)
    server.made()
    assert (run(server, "m", entry, terms=kept)["changed"], server.made()) == (False, [])
    assert run(server, "m", {**entry, "quantize": "q4_K_M"}, terms=kept)["changed"] is True
    server.content["m:latest"] = {"weights": [A], "parameters": {}}
    assert run(server, "m", entry, terms=kept)["changed"] is True
