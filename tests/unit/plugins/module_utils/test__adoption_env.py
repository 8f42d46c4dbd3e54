# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _adoption_env
from ansible_collections.barellama.fleet.plugins.module_utils._settings import environment
from ansible_collections.barellama.fleet.plugins.module_utils._settings_table import BY_NAME

TYPED = (  # name, as it was, the typed value
    ("OLLAMA_NOPRUNE", "1", True),
    ("OLLAMA_NOPRUNE", "FALSE", False),
    ("OLLAMA_NOPRUNE", "off", True),
    ("OLLAMA_NOPRUNE", ' "0" ', False),
    ("OLLAMA_FLASH_ATTENTION", "0", False),
    ("OLLAMA_DEBUG", "1", True),
    ("OLLAMA_DEBUG", "0", 0),
    ("OLLAMA_DEBUG", "false", False),
    ("OLLAMA_DEBUG", "2", 2),
    ("OLLAMA_DEBUG", "-1", -1),
    ("OLLAMA_DEBUG", "9", 2),
    ("OLLAMA_NUM_PARALLEL", "4", 4),
    ("OLLAMA_MAX_LOADED_MODELS", "0", 0),
    ("OLLAMA_GPU_OVERHEAD", "2147483648", 2147483648),
    ("OLLAMA_CONTEXT_LENGTH", "'8192'", 8192),
    ("OLLAMA_KEEP_ALIVE", "30m", "30m"),
    ("OLLAMA_KEEP_ALIVE", "300", 300),
    ("OLLAMA_KEEP_ALIVE", "0", 0),
    ("OLLAMA_KEEP_ALIVE", "-1", "forever"),
    ("OLLAMA_KEEP_ALIVE", "-5m", "forever"),
    ("OLLAMA_LOAD_TIMEOUT", "0", "infinite"),
    ("OLLAMA_LOAD_TIMEOUT", "0s", "infinite"),
    ("OLLAMA_LOAD_TIMEOUT", "10m", "10m"),
    ("OLLAMA_KV_CACHE_TYPE", "Q8_0", "q8_0"),
    ("OLLAMA_LLM_LIBRARY", "cuda_v13", "cuda_v13"),
    ("LLAMA_ARG_FIT", "off", False),
    ("LLAMA_ARG_FIT_TARGET", "512", 512),
    ("LLAMA_ARG_FIT_TARGET", "512,1024", [512, 1024]),
    ("CUDA_VISIBLE_DEVICES", "0,1", [0, 1]),
    ("CUDA_VISIBLE_DEVICES", "1", 1),
    ("CUDA_VISIBLE_DEVICES", "GPU-8f2a,GPU-8f2b", ["GPU-8f2a", "GPU-8f2b"]),
    ("CUDA_VISIBLE_DEVICES", "-1", -1),
    ("CUDA_VISIBLE_DEVICES", "", -1),
    ("HSA_OVERRIDE_GFX_VERSION", "10.3.0", "10.3.0"),
    ("OLLAMA_ORIGINS", "https://a.example, app://*.b", ["https://a.example", "app://*.b"]),
    ("HTTPS_PROXY", "http://proxy:3128", "http://proxy:3128"),
    ("NO_PROXY", "a.example,10.0.0.0/8", ["a.example", "10.0.0.0/8"]),
    ("JETSON_JETPACK", "6", 6),
)
NO_EFFECT = (
    ("OLLAMA_NOPRUNE", ""), ("OLLAMA_NUM_PARALLEL", "many"), ("OLLAMA_NUM_PARALLEL", "-2"), ("OLLAMA_NUM_PARALLEL", "0"),
    ("OLLAMA_CONTEXT_LENGTH", "0"), ("OLLAMA_KEEP_ALIVE", "soon"), ("OLLAMA_DEBUG", "verbose"), ("HTTPS_PROXY", ""),
)
REFUSED = (
    ("OLLAMA_ORIGINS", "*"), ("OLLAMA_KV_CACHE_TYPE", "q5_1"), ("OLLAMA_MAX_QUEUE", "0"), ("OLLAMA_LLM_LIBRARY", "cpu"),
    ("OLLAMA_CONTEXT_LENGTH", "100"), ("LLAMA_ARG_FIT", "perhaps"), ("CUDA_VISIBLE_DEVICES", "0,GPU-8f2a"),
)
HOSTS = (
    ("", ("127.0.0.1", 11434)),
    ("0.0.0.0", ("0.0.0.0", 11434)),
    ("0.0.0.0:8080", ("0.0.0.0", 8080)),
    (":8080", ("::", 8080)),
    ("8080", ("8080", 11434)),
    ("http://192.0.2.1", ("192.0.2.1", 80)),
    ("https://192.0.2.1/api", ("192.0.2.1", 443)),
    ("http://192.0.2.1:1234/", ("192.0.2.1", 1234)),
    ("::1", ("::1", 11434)),
    ("[::1]", ("::1", 11434)),
    ("[0:0::1]:99", ("::1", 99)),
    ("gpu1:99999", ("gpu1", 11434)),
    ("gpu1:x", ("gpu1", 11434)),
    (' "10.0.0.1:1" ', ("10.0.0.1", 1)),
)


@pytest.mark.parametrize(("name", "text", "value"), TYPED)
def test_typed(name, text, value):
    found = _adoption_env.typed(name, text)
    assert found == value and type(found) is type(value)
    assert environment({BY_NAME[name].key: found})  # the role takes it


@pytest.mark.parametrize(("name", "text"), NO_EFFECT)
def test_what_does_nothing_is_left_out(name, text):
    with pytest.raises(_adoption_env.NoEffect):
        _adoption_env.typed(name, text)


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_what_the_role_refuses_is_told_with_its_rule(name, text):
    carried = _adoption_env.carry({name: text})
    assert carried.settings == {} and list(carried.left) == [name]
    assert text.split(",")[0] in carried.left[name]


@pytest.mark.parametrize(("text", "place"), HOSTS)
def test_listens(text, place):
    assert _adoption_env.listens(text) == place


def test_every_variable_has_a_place():
    carried = _adoption_env.carry({
        "HOME": "/x", "OLLAMA_HOST": "0.0.0.0", "OLLAMA_MODELS": "/m", "PATH": "/bin", "OLLAMA_NUM_GPU": "3",
        "OLLAMA_TMPDIR": "/x", "OLLAMA_NOPRUNE": "yes", "MY_TOKEN": "abc", "LD_LIBRARY_PATH": "/x", "BRACES": "{{ a }}",
        "CUDA_CACHE_MAXSIZE": "1", "OLLAMA_NEW_THING": "1",
    })
    assert carried.settings == {"noprune": True}
    assert carried.extra_env == {"MY_TOKEN": "abc", "CUDA_CACHE_MAXSIZE": "1", "OLLAMA_NEW_THING": "1"}
    assert sorted(carried.left) == ["BRACES", "LD_LIBRARY_PATH"]
    lines = "\n".join(carried.lines)
    assert "OLLAMA_NOPRUNE=yes becomes ollama_settings.noprune: true, which is how Ollama reads it" in lines
    assert "OLLAMA_NUM_GPU: left out" in lines and "OLLAMA_TMPDIR: left out" in lines and "PATH: left out" in lines
    assert "abc" not in lines


def test_the_upper_case_name_of_a_proxy_counts():
    both = {"https_proxy": "http://low:1", "HTTPS_PROXY": "http://high:1", "no_proxy": "a.example"}
    assert _adoption_env.carry(both).settings == {"https_proxy": "http://high:1", "no_proxy": ["a.example"]}


def test_a_secret_in_what_is_refused_is_not_shown():
    left = _adoption_env.carry({"HTTPS_PROXY": "ftp://me:geheim@proxy", "MY_KEY": "{{ geheim }}"}).left
    assert sorted(left) == ["HTTPS_PROXY", "MY_KEY"] and "geheim" not in str(left)
