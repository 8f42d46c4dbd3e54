# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models_definition import Definition
from ansible_collections.barellama.fleet.plugins.module_utils._models_rules import refuse_foreign_registries
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import EXAMPLE, KEYS, Wish, wanted_models
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName

A = "a" * 64
ALLOWED = ["registry.ollama.ai", "hf.co", "huggingface.co"]
FORM = "write [host/][namespace/]model[:tag], for example llama3.2:1b"


def named(wanted):
    return {str(name): wish.state for name, wish in wanted.items()}


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
    (
        [{"name": "m", "stat": "absent"}],
        "models[0]: 'stat' is not part of an entry; did you mean state?",
    ),
    ([{"name": "m", 5: 1}], f"models[0]: 5 is not part of an entry; it has {', '.join(KEYS)}"),
    ([{"name": "m", "state": "exact"}], "models[0]: state 'exact' is neither present nor absent"),
    (["m", {"state": "absent"}], "models[1]: nothing is not a model's name; for example 'llama3.2:3b'"),
    ([3.2], "models[0]: 3.2 is not a model's name; for example 'llama3.2:3b'"),
    (["../../etc/passwd"], f"models[0]: model name '../../etc/passwd': invalid characters in the host '..'; {FORM}"),
    (["m:" + "t" * 81], f"models[0]: model name 'm:{'t' * 81}': the tag has 81 characters, at most 80 are allowed"),
    (["m:local"], "models[0]: model name 'm:local': Ollama drops ':local' and would act on 'm' instead; use another tag"),
    (
        ["m:20b-cloud"],
        "models[0]: model name 'm:20b-cloud': a cloud model runs on ollama.com and not on this host; "
        "use a tag without 'cloud'",
    ),
    (
        [{"name": "m", "digest": "abc"}],
        "models[0]: digest 'abc' of model m:latest is not a sha256; write its 64 hexadecimal digits",
    ),
    ([{"name": "m", "update": "yes"}], "models[0]: update 'yes' is not a boolean; write true or false"),
    (
        [{"name": "m", "update": True, "digest": A}],
        "models[0]: m:latest has digest and update: one keeps the content, the other follows the tag",
    ),
    (
        [{"name": "m", "copy_of": "n", "digest": A}],
        "models[0]: m:latest has copy_of and digest: a copy is what its model is; give digest to that one",
    ),
    (
        [{"name": "m", "state": "absent", "loaded": False}],
        "models[0]: m:latest is to be absent and has loaded; leave out one of them",
    ),
    (
        [{"name": "m", "keep_alive": -1}],
        "models[0]: m:latest has keep_alive, which is for models in memory; add loaded: true or leave it out",
    ),
    (
        [{"name": "m", "loaded": True, "keep_alive": "soon"}],
        "models[0]: keep_alive 'soon' is not a duration; write one such as 10m or 1h30m, a number of seconds, or -1",
    ),
    (
        [{"name": "m", "loaded": True, "keep_alive": "0s"}],
        "models[0]: keep_alive '0s' would unload it at once; write a longer time, or loaded: false",
    ),
    (
        [{"name": "m", "loaded": True, "options": {"num_ctx": "8k"}}],
        "models[0]: options.num_ctx '8k' is not a number of tokens; write one such as 8192",
    ),
    (
        [{"name": "m", "loaded": True, "options": 5}],
        "models[0]: options 5 is not a dictionary; for example {num_ctx: 8192}",
    ),
    (["m", {"name": "m", "update": True}], "models lists m:latest twice, and not alike; keep one of them"),
    ([{"name": "m", "digest": "a" * 64}, {"name": "m", "digest": "b" * 64}],
     f"models lists m:latest twice, with digest {'a' * 64} and with {'b' * 64}; keep one of them"),
    (
        [{"name": "m", "from": "n", "digest": A}, "n"],
        "models[0]: m:latest has a definition and digest: what is made here has the digest it gets; give digest to the model it is from",
    ),
    (
        [{"name": "m", "gguf": "/m.gguf", "update": True}],
        "models[0]: m:latest has a definition and update: what is made here follows what it is from; give update to that one",
    ),
    (
        [{"name": "m", "copy_of": "n", "system": "x", "from": "n"}],
        "models[0]: m:latest has a definition and copy_of: a copy is what its model is; define that one",
    ),
    (
        [{"name": "m", "state": "absent", "from": "n"}],
        "models[0]: m:latest is to be absent and has from; leave out one of them",
    ),
    (
        [{"name": "a", "copy_of": "m"}],
        "models: a:latest is a copy_of m:latest, which the list does not have as present; list it too",
    ),
]


@pytest.mark.parametrize("models, message", BAD)
def test_refuses_in_these_words(models, message):
    with pytest.raises(FleetError) as caught:
        wanted_models(models)
    assert str(caught.value) == message


ENTRY = [
    ({"digest": f"sha256:{A}"}, {"digest": A}),
    ({"digest": A, "update": False}, {"digest": A}),
    ({"update": True, "digest": None}, {"update": True}),
    ({"loaded": False}, {"loaded": False}),
    ({"loaded": True, "keep_alive": "-1"}, {"loaded": True, "keep_alive": -1}),
    ({"loaded": True, "keep_alive": -5}, {"loaded": True, "keep_alive": -1}),
    ({"loaded": True, "keep_alive": 300}, {"loaded": True, "keep_alive": 300}),
    ({"loaded": True, "keep_alive": "10m"}, {"loaded": True, "keep_alive": "10m"}),
    ({"loaded": True, "options": {"num_ctx": 8}}, {"loaded": True, "options": {"num_ctx": 8}}),
    ({"gguf": "/m.gguf", "loaded": True}, {"definition": Definition(gguf=("/m.gguf",)), "loaded": True}),
]


@pytest.mark.parametrize("said, wish", ENTRY)
def test_reads_what_an_entry_says(said, wish):
    name = ModelName.parse("m")
    assert wanted_models([{"name": "m", **said}]) == {name: Wish(name, **wish)}


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
    keys = ["name", "name", *KEYS, 5, None]
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
