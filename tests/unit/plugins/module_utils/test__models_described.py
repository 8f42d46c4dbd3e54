# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._models_definition import read_definition
from ansible_collections.barellama.fleet.plugins.module_utils._models_described import described, differences

WEIGHTS = "1f5ed37f5e116ba09efccdb4c67a18043f4631c5401fade43a2f84fa6e3401fa"
OTHER = "2" * 64


@pytest.fixture
def seen(recorded):
    return lambda case: described(recorded(case)["response"]["body"])


def test_reads_what_a_server_shows(seen):
    assert seen("show-derived") == {
        "weights": [WEIGHTS],
        "system": "You are a test.", "template": "{{ .System }} {{ .Prompt }}", "renderer": "", "parser": "", "requires": "",
        "parameters": {"num_ctx": 256, "seed": 7, "stop": ["END", "STOP"], "temperature": 0.25},
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}],
        "license": "First licence\nSecond licence",
    }
    assert seen("show")["parameters"] == {} and seen("show")["messages"] == []
    assert seen("show-parameter-wrong-type")["parameters"] == {"temperature": "hot"}


SHOWN = [
    ('stop "a"', {"stop": ["a"]}),
    ('stop "say \\"no\\"\\n\\\\"\nstop "<|é|>\\u2028"', {"stop": ['say "no"\n\\', "<|é|>\u2028"]}),
    ("use_mmap true\nuse_mlock false", {"use_mmap": True, "use_mlock": False}),
    ("num_ctx 1e+06\ntemperature 0.1", {"num_ctx": 1000000, "temperature": 0.1}),
    ('odd "a"\nodd "b"', {"odd": ["a", "b"]}),
    ("odd map[string]interface {}{}\nempty", {"odd": "map[string]interface {}{}", "empty": ""}),
]


@pytest.mark.parametrize("value", ["{[]:1}", "b'x'", "1j", "(" * 5000])
def test_what_is_no_value_of_a_server_stays_a_text(value):
    assert described({"parameters": f"num_ctx {value}"})["parameters"] == {"num_ctx": value}


@pytest.mark.parametrize("text, parameters", SHOWN)
def test_reads_parameters_as_they_are_shown(text, parameters):
    assert described({"parameters": text})["parameters"] == parameters


MODELFILES = [
    (f"# made\n\nFROM /s/blobs/sha256-{OTHER}\nFROM /s/blobs/sha256-{WEIGHTS}\nTEMPLATE x\nFROM /s/blobs/sha256-{'3' * 64}", [WEIGHTS, OTHER]),
    (f"FROM /s p/sha256-{OTHER}\nADAPTER /s/sha256-{WEIGHTS}\n", [WEIGHTS, OTHER]),
    ("FROM m:latest\n", []),
    (None, []),
]


@pytest.mark.parametrize("text, weights", MODELFILES)
def test_weights_stand_at_the_top(text, weights):
    assert described({"modelfile": text})["weights"] == weights


def test_what_the_recorded_definition_makes_does_not_differ(seen, recorded):
    asked = recorded("create-derived")["request"]["body"]
    definition = read_definition({key: asked[key] for key in asked if key != "model"})
    assert differences(definition, seen("show"), seen("show-derived"), [[WEIGHTS]]) == {}
    assert list(differences(definition, seen("show"), seen("show"), [[WEIGHTS]])) == [
        "system", "template", "license", "messages", "parameters.num_ctx", "parameters.seed", "parameters.stop", "parameters.temperature"]


# What a model that is made from "derived" gets, and what a definition can only leave as it is.
INHERITED = [
    ("create-derived-from-derived", "show-derived", "show-derived-from-derived"),
    ("create-derived-license-string", "show", "show-license-string"),
]


@pytest.mark.parametrize("made, base, shown", INHERITED)
def test_what_is_inherited_is_expected(seen, recorded, made, base, shown):
    asked = recorded(made)["request"]["body"]
    definition = read_definition({key: asked[key] for key in ("from", "parameters", "license") if key in asked})
    assert differences(definition, seen(base), seen(shown), [[WEIGHTS]]) == {}


def test_what_is_left_from_another_time_differs(seen):
    found = differences(read_definition({"from": "tiny"}), seen("show"), seen("show-derived"), [[WEIGHTS]])
    assert found["system"] == ("You are a test.", "") and found["parameters.seed"] == (7, None)
    assert found["license"] == ("First licence\nSecond licence", "") and len(found["messages"][0]) == 2


FILES = {"gguf": "/w.gguf"}
CHOSEN = {"template": "{{ .Own }}", "parameters": 'stop "<end>"', "renderer": "r", "modelfile": f"FROM x/sha256-{WEIGHTS}"}
OWN_CHOICES = [
    (FILES, CHOSEN, []),
    ({**FILES, "template": "x"}, CHOSEN, ["template", "parameters.stop"]),
    ({**FILES, "parameters": {"stop": "x"}}, CHOSEN, ["parameters.stop"]),
    ({**FILES, "renderer": "q"}, CHOSEN, ["renderer"]),
    (FILES, {**CHOSEN, "parameters": "seed 1"}, ["parameters.seed"]),
    (FILES, {**CHOSEN, "system": "x"}, ["system"]),
    ({"from": "m"}, {**CHOSEN, "template": "", "parameters": ""}, []),
]


@pytest.mark.parametrize("said, shown, keys", OWN_CHOICES)
def test_the_server_may_choose_what_goes_with_weights(said, shown, keys):
    base = described({}) if "from" in said else {}
    assert list(differences(read_definition(said), base, described(shown), [[WEIGHTS]])) == keys


def test_weights_may_be_one_of_several_or_not_known():
    model, definition = described(CHOSEN), read_definition(FILES)
    assert differences(definition, {}, model, [[OTHER], [WEIGHTS]]) == {}
    assert differences(definition, {}, model, [[OTHER]]) == {"weights": (WEIGHTS[:12], OTHER[:12])}
    assert differences(definition, {}, model, []) == {"weights": (WEIGHTS[:12], "made anew")}
