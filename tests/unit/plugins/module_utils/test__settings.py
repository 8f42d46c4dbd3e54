# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._settings import environment, problems, render
from ansible_collections.barellama.fleet.plugins.module_utils._settings_table import TABLE
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated

S = "ollama_settings"
E = "ollama_extra_env"
NOT_BOOLEAN = "is not a boolean, and Ollama reads words such as no and off as true; write true or false"
NOT_DURATION = "is not a duration; write one such as 10m or 1h30m, a number of seconds, or"
DEVICES = "for example [0, 1] or ['GPU-8f2a...'], or -1 for none"
ORIGINS = "for example ['https://chat.example.com']"

# The ids are the rows of the table of bad inputs that these messages answer.
BAD_SETTINGS = [
    ("29", {"flash_attention": "no"}, f"{S}.flash_attention: 'no' {NOT_BOOLEAN}"),
    ("29", {"noprune": "off"}, f"{S}.noprune: 'off' {NOT_BOOLEAN}"),
    ("29", {"no_cloud": "disabled"}, f"{S}.no_cloud: 'disabled' {NOT_BOOLEAN}"),
    ("30", {"keep_alive": "5 minutes"}, f"{S}.keep_alive: '5 minutes' {NOT_DURATION} forever"),
    ("31", {"keep_alive": "-0"}, f"{S}.keep_alive: '-0' {NOT_DURATION} forever"),
    ("31", {"keep_alive": ""}, f"{S}.keep_alive: '' {NOT_DURATION} forever"),
    ("31", {"keep_alive": None}, f"{S}.keep_alive: nothing {NOT_DURATION} forever"),
    ("32", {"load_timeout": 0}, f"{S}.load_timeout: 0 means no limit to Ollama; write infinite, or a time such as 10m"),
    ("33", {"num_parallel": 0}, f"{S}.num_parallel: 0 is not a whole number from 1 to 1024; for example 4"),
    ("33", {"num_parallel": -1}, f"{S}.num_parallel: -1 is not a whole number from 1 to 1024; for example 4"),
    ("33", {"num_parallel": "auto"}, f"{S}.num_parallel: 'auto' is not a whole number from 1 to 1024; for example 4"),
    ("34", {"max_loaded_models": 1e3},
     f"{S}.max_loaded_models: 1000.0 is not a whole number from 0 to 1024; for example 3"),
    ("35", {"max_queue": 0},
     f"{S}.max_queue: 0 is not a whole number from 1 to 1000000, since 0 would reject every request; for example 512"),
    ("36", {"context_length": 1},
     f"{S}.context_length: 1 is not a whole number from 512 to 16777216; for example 8192"),
    ("36", {"context_length": 10**9},
     f"{S}.context_length: 1000000000 is not a whole number from 512 to 16777216; for example 8192"),
    ("37", {"kv_cache_type": "q5"}, f"{S}.kv_cache_type: 'q5' is not one of f16, q8_0, q4_0"),
    ("38", {"kv_cache_type": "q8_0", "flash_attention": False},
     f"{S}.kv_cache_type: 'q8_0' has no effect while flash_attention is false; "
     "set flash_attention: true, or leave kv_cache_type out"),
    ("39", {"gpu_overhead": "2GB"}, f"{S}.gpu_overhead: '2GB' is not a whole number of bytes; write 2147483648"),
    ("41", {"cuda_visible_devices": [1, 1]}, f"{S}.cuda_visible_devices: [1, 1] names a device twice; {DEVICES}"),
    ("41", {"cuda_visible_devices": [0, "GPU-1"]},
     f"{S}.cuda_visible_devices: [0, 'GPU-1'] mixes numbers and UUIDs; use one style, {DEVICES}"),
    ("44", {"hsa_override_gfx_version": "11"},
     f"{S}.hsa_override_gfx_version: '11' is not of the form X.Y.Z; for example '10.3.0', in quotes"),
    ("49", {"origins": ["*"]},
     f"{S}.origins: ['*'] would let every web page use this server; list the origins, {ORIGINS}"),
    ("50", {"origins": ["example.com"]},
     f"{S}.origins: ['example.com'] has an origin that is not scheme://host, and Ollama would not start; {ORIGINS}"),
    ("name", {"num_paralel": 4}, f"{S}: 'num_paralel' is not a setting of Ollama; did you mean num_parallel?"),
    ("name", {"OLLAMA_KEEPALIVE": 4}, f"{S}: 'OLLAMA_KEEPALIVE' is not a setting of Ollama; did you mean keep_alive?"),
    ("name", {"OLLAMA_NUM_PARALLEL": 4}, f"{S}: 'OLLAMA_NUM_PARALLEL' must be written as num_parallel"),
    ("name", {"xyzzy": 4}, f"{S}: 'xyzzy' is not a setting of Ollama; other variables go into ollama_extra_env"),
    ("name", {5: 4}, f"{S}: 5 is not the name of a setting; for example num_parallel"),
    ("managed", {"host": "::"}, f"{S}: OLLAMA_HOST is written by the role; set ollama_host and ollama_port instead"),
    ("managed", {"home": "/x"}, f"{S}: HOME is written by the role; set ollama_home instead"),
    ("removed", {"new_engine": True}, f"{S}: OLLAMA_NEW_ENGINE is gone since Ollama 0.30.0; delete it"),
    ("removed", {"intel_gpu": True}, f"{S}: OLLAMA_INTEL_GPU is gone since Ollama 0.12.11; use vulkan"),
    ("useless", {"port": 1}, f"{S}: OLLAMA_PORT belongs to other products; set ollama_port"),
    ("useless", {"log_level": "debug"}, f"{S}: OLLAMA_LOG_LEVEL does not exist; use debug"),
    ("library", {"llm_library": "cpu"},
     f"{S}.llm_library: 'cpu' is not the name of a directory under lib/ollama, so Ollama would use no GPU; "
     "for example cuda_v13 or vulkan"),
    ("secret", {"https_proxy": "http://user:hunter2@proxy/path"},
     f"{S}.https_proxy: 'http://***@proxy/path' is not a proxy's URL; for example http://proxy.example.com:3128"),
    ("type", ["num_parallel"], f"{S}: ['num_parallel'] is not a dictionary; for example {{num_parallel: 4}}"),
]

BAD_VARIABLES = [
    ("45", {"OLLAMA_HOST": "0.0.0.0"},
     f"{E}: OLLAMA_HOST is written by the role; set ollama_host and ollama_port instead"),
    ("45", {"OLLAMA_MODELS": "/x"}, f"{E}: OLLAMA_MODELS is written by the role; set ollama_models_dir instead"),
    ("46", {"A=B": "1"}, f"{E}: 'A=B' is not the name of a variable; use letters, digits and _"),
    ("46", {"OLLAMA_MODLES": "/x"},
     f"{E}: OLLAMA_MODLES is not a variable of Ollama; did you mean OLLAMA_MODELS? Set it by ollama_models_dir"),
    ("46", {"ollama_num_paralel": "1"},
     f"{E}: ollama_num_paralel is not a variable of Ollama; did you mean OLLAMA_NUM_PARALLEL? "
     "Set it by ollama_settings.num_parallel"),
    ("47", {"X": "1\nLD_PRELOAD=/x"},
     f"{E}.X: '1\\x0aLD_PRELOAD=/x' has a line break or control character; a value is one line of text"),
    ("48", {"LD_PRELOAD": "/x.so"},
     f"{E}: LD_PRELOAD is refused, since it changes what the service runs or who it is; delete it"),
    ("setting", {"OLLAMA_NUM_PARALLEL": "4"},
     f"{E}: OLLAMA_NUM_PARALLEL is a setting; write it as ollama_settings.num_parallel"),
    ("setting", {"https_proxy": "http://x"}, f"{E}: https_proxy is a setting; write it as ollama_settings.https_proxy"),
    ("text", {"X": True}, f"{E}.X: true is not a text; write it in quotes, for example '1'"),
    ("text", {"X": 1.5}, f"{E}.X: 1.5 is not a text; write it in quotes, for example '1'"),
    ("text", {"X": None}, f"{E}.X: nothing is not a text; write it in quotes, for example '1'"),
    ("long", {"X": "x" * 32769}, f"{E}.X: '{'x' * 60}...' is too long; give at most 32768 characters"),
    ("secret", {"MY_TOKEN": "hunter2\n"},
     f"{E}.MY_TOKEN: '***' has a line break or control character; a value is one line of text"),
    ("type", "X=1", f"{E}: 'X=1' is not a dictionary; for example {{CUDA_CACHE_MAXSIZE: 1073741824}}"),
]


@pytest.mark.parametrize("settings, message", [pytest.param(*row[1:], id=row[0]) for row in BAD_SETTINGS])
def test_a_bad_setting_is_told_in_these_words(settings, message):
    assert problems(settings, {}, "0.34.4") == [message]


@pytest.mark.parametrize("extra_env, message", [pytest.param(*row[1:], id=row[0]) for row in BAD_VARIABLES])
def test_a_bad_variable_is_told_in_these_words(extra_env, message):
    assert problems({}, extra_env, "0.34.4") == [message]


def test_a_setting_that_the_wanted_release_does_not_have_is_refused():
    message = (f"{S}.igpu_enable: OLLAMA_IGPU_ENABLE exists since Ollama 0.30.0, not in 0.29.1; "
               "leave it out, or install a newer release")
    assert problems({"igpu_enable": True}, {}, "0.29.1") == [message]
    assert problems({"igpu_enable": True}, {}, "0.30.0-rc1") == []
    assert problems({"igpu_enable": True}, {}, "0.30.0") == []
    assert problems({"igpu_enable": True}, {}, "no version") == []
    assert problems({"igpu_enable": True}, {}) == []


def test_all_problems_are_told_at_once():
    with pytest.raises(FleetError) as caught:
        environment({"num_parallel": 0, "xyzzy": 1}, {"PATH": "/x"})
    assert str(caught.value).count(" | ") == 2


def test_the_environment_is_typed_and_sorted():
    settings = {"num_parallel": 4, "keep_alive": "forever", "cuda_visible_devices": [0, 1], "flash_attention": True}
    assert list(environment(settings, {"TZ": "UTC", "A": 1}, "0.34.4").items()) == [
        ("A", "1"),
        ("CUDA_VISIBLE_DEVICES", "0,1"),
        ("OLLAMA_FLASH_ATTENTION", "1"),
        ("OLLAMA_KEEP_ALIVE", "-1"),
        ("OLLAMA_NUM_PARALLEL", "4"),
        ("TZ", "UTC"),
    ]


def test_a_variable_that_is_newer_than_this_collection_passes():
    assert environment({}, {"OLLAMA_BRAND_NEW_THING": "x"}) == {"OLLAMA_BRAND_NEW_THING": "x"}


RENDERED = [
    ("", ""),
    ("plain-1.5_x/y:z,@%+=~[a]*", "plain-1.5_x/y:z,@%+=~[a]*"),
    ("two words", "'two words'"),
    ("a $b `c` \"d\" #e", "'a $b `c` \"d\" #e'"),
    ("it's", '"it\'s"'),
    ("it's $5 `x` \"y\" \\z", '"it\'s \\$5 \\`x\\` \\"y\\" \\\\z"'),
    ("back\\slash", '"back\\\\slash"'),
    ("é", "'é'"),
]


@pytest.mark.parametrize("value, text", RENDERED)
def test_a_value_is_quoted_only_where_it_must_be(value, text):
    assert render({"X": value}) == f"X={text}\n"


def test_no_variables_make_an_empty_file():
    assert render({}) == ""


@pytest.mark.parametrize("key", [variable.key for variable in TABLE])
def test_whatever_a_setting_is_given_it_renders_or_says_why_not(key):
    for value in generated(key):
        try:
            text = render(environment({key: value}))
        except FleetError as error:
            assert "\n" not in str(error) and len(str(error)) < 400
        else:
            assert text.endswith("\n") and text[:-1].isprintable()


@pytest.mark.parametrize("where", ["name", "value", "settings", "extra_env"])
def test_whatever_extra_env_is_given_it_renders_or_says_why_not(where):
    for value in generated(where):
        name = value if where == "name" and isinstance(value, (str, int, float, bytes)) else "X"
        settings, extra_env = {}, {name: "x" if where == "name" else value}
        if where in ("settings", "extra_env"):
            settings, extra_env = (value, {}) if where == "settings" else ({}, value)
        found = problems(settings, extra_env)
        assert all("\n" not in line and len(line) < 400 for line in found)
        if not found:
            assert render(environment(settings, extra_env)).count("\n") == len(settings) + len(extra_env)
