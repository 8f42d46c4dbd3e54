# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils import _health
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated

ONE, TWO = "1" * 64, "2" * 64
WHERE = "default at http://127.0.0.1:11434"
INSTANCE = {"name": "default", "url": "http://127.0.0.1:11434/", "unit": "ollama.service", "version": "0.34.4"}


def wanted(*models, **changed):
    return _health.wanted_instances([{**INSTANCE, "models": list(models), **changed}])[0]


def listed(*entries):
    return [{"name": name, "digest": digest} for name, digest in entries]


def test_models_are_wanted_by_name_or_as_ollama_models_takes_them():
    found = wanted("a", {"name": "b:1", "digest": f"sha256:{ONE}"}, {"name": "c", "digest": TWO, "state": "present"},
                   {"name": "d", "state": "absent"})
    assert found.models == [
        (ModelName.parse("a"), None),
        (ModelName.parse("b:1"), ONE),
        (ModelName.parse("c"), TWO),
    ]
    assert found.url == "http://127.0.0.1:11434"


BAD = [
    ([], "instances is empty, so nothing would be looked at; list at least one with name and url"),
    ([{**INSTANCE, "models": [{"name": "x", "digest": "abc"}]}],
     "digest 'abc' of model x is not a sha256; write its 64 hexadecimal digits"),
    ([{**INSTANCE, "models": [5]}], "default: 5 is not a model's name; for example llama3.2:3b"),
    ([{**INSTANCE, "models": [{"name": "x", "diget": ONE}]}],
     "default: a model has 'diget'; it may have name, state, digest, update, copy_of, loaded, keep_alive, options, "
     "from, gguf, modelfile, system, template, renderer, parser, requires, parameters, messages, license, quantize"),
]


@pytest.mark.parametrize("instances, message", BAD)
def test_a_bad_option_is_told_in_these_words(instances, message):
    with pytest.raises(FleetError) as caught:
        _health.wanted_instances(instances)
    assert str(caught.value) == message


@pytest.mark.parametrize("wait, timeout", [(-1, None), (86401, None), (0, 0.0), (0, -1.0), (0, float("nan")), (0, 1e300)])
def test_impossible_times_are_refused(wait, timeout):
    with pytest.raises(FleetError, match="^(wait|timeout) is .*; write "):
        _health.check_times(wait, timeout)


@pytest.mark.parametrize("wait, timeout", [(0, None), (86400, 0.1), (60, 86400.0)])
def test_possible_times_pass(wait, timeout):
    _health.check_times(wait, timeout)


FLOORS = [
    (5, 0.0, None, "vram_share is 0; write more than 0 and at most 1, for example 0.9"),
    (5, 1.1, None, "vram_share is 1.1; write more than 0 and at most 1, for example 0.9"),
    (2, float("nan"), None, "vram_share is nan; write more than 0 and at most 1, for example 0.9"),
    (6, 1.0, 0.0, "tokens_per_second is 0; write more than 0 and at most 1000000, for example 20"),
    (6, 1.0, -1.0, "tokens_per_second is -1; write more than 0 and at most 1000000, for example 20"),
    (6, 1.0, None, "level 6 needs to know how fast is fast enough; set tokens_per_second, for example 20"),
]


@pytest.mark.parametrize("level, share, speed, words", FLOORS)
def test_impossible_floors_are_refused(level, share, speed, words):
    with pytest.raises(FleetError) as caught:
        _health.check_floors(level, share, speed)
    assert str(caught.value) == words


@pytest.mark.parametrize("level, share, speed", [(2, 1.0, None), (5, 0.01, None), (6, 0.9, 0.5), (6, 1.0, 1e6)])
def test_possible_floors_pass(level, share, speed):
    _health.check_floors(level, share, speed)


@pytest.mark.parametrize("key", ["models", "digest"])
def test_whatever_models_are_given_they_are_wanted_or_refused(key):
    for value in generated(key):
        models = value if key == "models" and isinstance(value, list) else [{"name": "x", "digest": value}]
        try:
            wanted(*models)
        except FleetError as error:
            assert "\n" not in str(error)


def test_the_wrong_version_is_told_and_may_be_waited_for():
    verdict = _health.judge_version(wanted(), "0.32.15")
    assert verdict == _health.Verdict(
        1, "wrong-version",
        f"{WHERE}: runs Ollama 0.32.15, wanted is 0.34.4; restart it, and check where its program comes from", "0.32.15",
    )
    assert not verdict.hopeless


@pytest.mark.parametrize("version", ["0.34.4", None])
def test_the_right_version_or_any_passes(version):
    assert _health.judge_version(wanted(version=version), "0.34.4") is None


MODELS = [
    (["a", "b", "c"], [("b:latest", ONE)], "not there: a:latest, c:latest; pull again"),
    ([{"name": "a", "digest": ONE}], [("a:latest", TWO)],
     "a:latest has digest 222222222222, wanted is 111111111111; pull again"),
    (["b", {"name": "a", "digest": ONE}], [("a:latest", TWO)],
     "not there: b:latest; a:latest has digest 222222222222, wanted is 111111111111; pull again"),
]


@pytest.mark.parametrize("models, there, words", MODELS)
def test_models_that_are_missing_or_others_are_named_and_not_waited_for(models, there, words):
    verdict = _health.judge_models(wanted(*models), "0.34.4", listed(*there))
    assert verdict == _health.Verdict(2, "model-missing", f"{WHERE}: {words}", "0.34.4", True)


FINE = [
    ([], []),
    (["a"], [("a:latest", ONE)]),
    (["A:Latest"], [("a:latest", ONE), ("b:latest", TWO)]),
    ([{"name": "a", "digest": ONE}], [("a:latest", ONE)]),
]


@pytest.mark.parametrize("models, there", FINE)
def test_models_that_are_there_pass(models, there):
    assert _health.judge_models(wanted(*models), "0.34.4", listed(*there)) is None


TOKENS = [
    ({"response": "x", "eval_count": 1}, True),
    ({"response": "", "eval_count": 1}, True),
    ({"response": "", "thinking": "hm"}, True),
    ({"response": "", "eval_count": 0}, False),
    ({"response": "", "done_reason": "load"}, False),
]


@pytest.mark.parametrize("answer, there", TOKENS)
def test_a_token_may_be_thought_or_have_no_text(answer, there):
    assert _health.has_token(answer) is there


@pytest.mark.parametrize("entry, answer", [({}, True), ({"capabilities": None}, True),
                                           ({"capabilities": ["completion", "tools"]}, True),
                                           ({"capabilities": ["embedding"]}, False)])
def test_models_that_only_embed_are_asked_for_no_token(entry, answer):
    assert _health.generates(entry) is answer


HEALTHY = [
    (1, None, f"{WHERE}: accepts connections"),
    (2, "0.34.4", f"{WHERE}: serves Ollama 0.34.4"),
    (3, "0.34.4", f"{WHERE}: serves Ollama 0.34.4, 2 wanted models are there"),
    (4, "0.34.4", f"{WHERE}: serves Ollama 0.34.4, 2 wanted models are there and generate"),
]


@pytest.mark.parametrize("level, version, reason", HEALTHY)
def test_the_healthy_tell_what_was_proved(level, version, reason):
    assert _health.healthy(wanted("a", "b"), level, version) == _health.Verdict(level, "healthy", reason, version)


def result(state):
    return _health.report(wanted(), _health.Verdict(0, state, f"it is {state}"), 2, 0.12345)


def test_a_report_has_what_programs_need():
    assert result("down") == {
        "name": "default", "url": "http://127.0.0.1:11434", "level": 0, "wanted": 2, "state": "down",
        "reason": "it is down", "version": None, "ended": False, "seconds": 0.123,
    }


WORST = [
    (["healthy", "healthy"], "healthy"),
    (["healthy", "model-missing"], "model-missing"),
    (["model-missing", "wrong-version", "healthy"], "wrong-version"),
    (["wrong-version", "down", "healthy"], "down"),
    (["degraded-slow", "degraded-cpu", "healthy"], "degraded-cpu"),
    (["degraded-cpu", "model-missing"], "model-missing"),
]


@pytest.mark.parametrize("states, worst", WORST)
def test_the_worst_state_is_that_of_all(states, worst):
    results = [result(state) for state in states]
    assert _health.summary(results, fail=False) == {"changed": False, "instances": results, "state": worst}


def test_a_failure_tells_the_reasons_of_the_sick_and_carries_all_reports():
    results = [result("down"), result("healthy"), result("wrong-version")]
    with pytest.raises(FleetError) as caught:
        _health.summary(results, fail=True)
    assert str(caught.value) == "it is down | it is wrong-version"
    assert caught.value.facts == {"changed": False, "instances": results, "state": "down"}
