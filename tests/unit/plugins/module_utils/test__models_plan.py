# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import (
    EXAMPLE,
    changes,
    inventory,
    refuse_foreign_registries,
    report,
    wanted_models,
)
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName

A, B = "a" * 64, "b" * 64
ALLOWED = ["registry.ollama.ai", "hf.co", "huggingface.co"]


def named(wanted):
    return {str(name): state for name, state in wanted.items()}


READ = [
    ([], {}),
    (["m"], {"m:latest": "present"}),
    ([{"name": "m"}], {"m:latest": "present"}),
    ([{"name": "m", "state": None}], {"m:latest": "present"}),
    (["m", {"name": "n:1", "state": "absent"}], {"m:latest": "present", "n:1": "absent"}),
    (["m", "M:LATEST", {"name": "library/m"}], {"m:latest": "present"}),
]


@pytest.mark.parametrize("models, wanted", READ)
def test_reads_the_list(models, wanted):
    assert named(wanted_models(models)) == wanted


def test_the_common_state_is_for_those_without_their_own():
    models = ["m", {"name": "n", "state": "present"}]
    assert named(wanted_models(models, "absent")) == {"m:latest": "absent", "n:latest": "present"}


BAD = [
    ("llama3.2", f"models must be a list, not the text 'llama3.2'; write {EXAMPLE}"),
    ("a,b", f"models must be a list, not the text 'a,b'; write {EXAMPLE}"),
    (None, f"models must be a list, not nothing; write {EXAMPLE}"),
    ({"name": "m"}, f"models must be a list, not a dict; write {EXAMPLE}"),
    (
        ["m", {"name": "M", "state": "absent"}],
        "models lists M:latest twice, as present and as absent; keep one of them",
    ),
    ([{"name": "m", "digest": A}], f"models has an entry with 'digest'; it may have name and state; write {EXAMPLE}"),
    (
        [{"name": "m", "state": "exact"}],
        f"models has an entry with state 'exact'; it is present or absent; write {EXAMPLE}",
    ),
    (
        [{"state": "absent"}],
        "model name None: a name is a text that is not empty; "
        "write [host/][namespace/]model[:tag], for example llama3.2:1b",
    ),
    (
        [3.2],
        "model name 3.2: a name is a text that is not empty; "
        "write [host/][namespace/]model[:tag], for example llama3.2:1b",
    ),
    (
        ["../../etc/passwd"],
        "model name '../../etc/passwd': invalid characters in the host '..'; "
        "write [host/][namespace/]model[:tag], for example llama3.2:1b",
    ),
    (["m:" + "t" * 81], f"model name 'm:{'t' * 81}': the tag has 81 characters, at most 80 are allowed"),
    (["m:local"], "model name 'm:local': Ollama drops ':local' and would act on 'm' instead; use another tag"),
    (
        ["m:20b-cloud"],
        "model name 'm:20b-cloud': a cloud model runs on ollama.com and not on this host; use a tag without 'cloud'",
    ),
]


@pytest.mark.parametrize("models, message", BAD)
def test_refuses_in_these_words(models, message):
    with pytest.raises(FleetError) as caught:
        wanted_models(models)
    assert str(caught.value) == message


def test_refuses_foreign_registries():
    with pytest.raises(FleetError) as caught:
        refuse_foreign_registries(wanted_models(["m", "evil.host/x/y"]), ALLOWED)
    assert str(caught.value) == (
        "registry not in allow-list: evil.host/x/y:latest comes from evil.host, allowed_registries "
        "(role variable ollama_models_allowed_registries) has registry.ollama.ai, hf.co, huggingface.co; "
        "add evil.host if you trust it"
    )


PASSING = [
    (["m", "user/m"], ALLOWED),
    (["HF.co/o/r"], ALLOWED),
    (["reg:5000/a/b"], ["REG:5000"]),
    ([{"name": "evil.host/x/y", "state": "absent"}], []),
    ([], []),
]


@pytest.mark.parametrize("models, allowed", PASSING)
def test_lets_allowed_registries_and_deletions_pass(models, allowed):
    refuse_foreign_registries(wanted_models(models), allowed)


@pytest.mark.parametrize("models, allowed", [(["m"], []), (["reg:5000/a/b"], ["reg"]), (["reg/a/b"], ["reg:5000"])])
def test_a_registry_is_host_and_port(models, allowed):
    with pytest.raises(FleetError, match="not in allow-list"):
        refuse_foreign_registries(wanted_models(models), allowed)


LISTED = [{"name": "m:latest", "digest": A}, {"name": "Old:1", "digest": B}, {"name": "not a name", "digest": B}]


def plan_of(*models):
    return changes(wanted_models(list(models)), LISTED)


def test_nothing_to_do():
    result = report(plan_of("M", {"name": "gone", "state": "absent"}))
    assert (result["changed"], result["actions"]) == (False, [])
    assert [(model["name"], model["found"], model["action"]) for model in result["models"]] == [
        ("M:latest", True, "none"),
        ("gone:latest", False, "none"),
    ]
    assert result["diff"]["before"] == result["diff"]["after"] == f"M:latest {A[:12]}\n"


def test_what_is_missing_is_pulled_and_what_is_unwanted_deleted():
    plan = plan_of("new", {"name": "old:1", "state": "absent"})
    plan[0].after, plan[0].bytes = Manifest("c" * 64), 700
    result = report(plan)
    assert (result["changed"], result["actions"]) == (True, ["pull new:latest", "delete old:1"])
    assert result["diff"] == {"before": f"old:1 {B[:12]}\n", "after": "new:latest cccccccccccc\n"}
    assert result["models"][0] == {
        "name": "new:latest",
        "state": "present",
        "found": False,
        "action": "pull",
        "bytes": 700,
        "seconds": 0.0,
        "digest_before": None,
        "digest_after": "c" * 64,
    }
    assert (result["models"][1]["digest_before"], result["models"][1]["digest_after"]) == (B, None)


def test_a_digest_that_nobody_told_is_said_so():
    assert report(plan_of("new"))["diff"]["after"] == "new:latest (digest not known)\n"


def test_the_listed_spelling_is_kept_for_the_server():
    assert plan_of({"name": "OLD:1", "state": "absent"})[0].listed_as == "Old:1"


def test_inventory_says_what_is_in_memory(recorded):
    loaded = recorded("ps-loaded")["response"]["body"]["models"]
    listed = recorded("tags-many")["response"]["body"]["models"]
    models = {model["name"]: model for model in inventory(listed, loaded)}
    assert list(models) == sorted(models) and len(models) == len(listed)
    assert models["tiny:latest"]["capabilities"] == ["completion"]
    assert models["tiny:latest"]["loaded"]["size"] == 2243952
    assert models["tiny:latest"]["loaded"]["expires_at"] == "2026-11-20T09:28:47.364460628Z"
    assert [model["name"] for model in models.values() if model["loaded"]] == ["tiny:latest"]


@pytest.mark.parametrize(
    "size, vram, share", [(100, 100, 1.0), (300, 100, 0.333), (100, 0, 0.0), (0, 0, None), (1, 2, None)]
)
def test_share_of_gpu_memory(size, vram, share):
    entry = {"name": "m:latest", "digest": A, "size": size, "size_vram": vram}
    assert inventory([entry], [entry])[0]["loaded"]["vram_share"] == share


def anything(dice, depth=0):
    """A value as a template might make it: nested, mixed, seldom right."""
    texts = [
        "m",
        "a/b:c",
        "h:1/a/b",
        "",
        ":",
        "/",
        "@",
        "m:local",
        "m:cloud",
        "\x00",
        "é",
        "x" * 400,
        "a,b",
        "present",
        "name",
    ]
    leaves = [None, True, 0, -1, 3.2, float("nan"), 10**40, b"m", *texts, "".join(dice.choices("am:/@-._ \n", k=9))]
    shapes = 3 if depth < 3 else 1
    kind = dice.randrange(shapes)
    if kind == 0:
        return dice.choice(leaves)
    several = range(dice.randrange(4))
    if kind == 1:
        return [anything(dice, depth + 1) for _each in several]
    keys = ["name", "state", "name", "digest", 5, None]
    return {dice.choice(keys): anything(dice, depth + 1) for _each in several}


@pytest.mark.parametrize("seed", range(200))
def test_any_value_is_read_or_refused_in_one_line(seed):
    dice = random.Random(seed)
    value = anything(dice) if seed % 2 else [anything(dice, 1) for _each in range(3)]
    try:
        wanted = wanted_models(value)
        refuse_foreign_registries(wanted, ALLOWED)
    except FleetError as error:
        assert len(str(error)) < 2000 and "\n" not in str(error)
    else:
        assert all(isinstance(name, ModelName) for name in wanted)
