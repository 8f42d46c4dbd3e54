# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._settings import release_number
from ansible_collections.barellama.fleet.plugins.module_utils._settings_table import (
    BY_KEY,
    BY_NAME,
    DANGEROUS,
    MANAGED,
    REMOVED,
    TABLE,
    USELESS,
    refusal,
)


def test_every_variable_stands_in_one_place_only():
    names = [variable.name for variable in TABLE] + list(MANAGED) + list(REMOVED) + list(USELESS)
    assert sorted(names) == sorted(set(names))
    assert len(BY_KEY) == len(BY_NAME) == len(TABLE)


@pytest.mark.parametrize("variable", TABLE, ids=lambda variable: variable.name)
def test_every_variable_is_told_in_full(variable):
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", variable.name)
    assert variable.since == "" or release_number(variable.since)
    assert variable.meaning and "\n" not in variable.meaning
    assert BY_KEY[variable.key] is BY_NAME[variable.name] is variable


KEYS = [
    ("OLLAMA_NUM_PARALLEL", "num_parallel"),
    ("CUDA_VISIBLE_DEVICES", "cuda_visible_devices"),
    ("LLAMA_ARG_FIT_TARGET", "llama_arg_fit_target"),
    ("HTTPS_PROXY", "https_proxy"),
]


@pytest.mark.parametrize("name, key", KEYS)
def test_a_setting_is_called_as_its_variable_in_lower_case(name, key):
    assert BY_NAME[name].key == key


REFUSED = [
    ("OLLAMA_HOST", "OLLAMA_HOST is written by the role; set ollama_host and ollama_port instead"),
    ("OLLAMA_TMPDIR", "OLLAMA_TMPDIR is gone since Ollama 0.5.2; delete it"),
    ("OLLAMA_AUTH", "OLLAMA_AUTH is read by clients only, the server asks nobody for a key; delete it"),
    ("OLLAMA_NUM_PARALLEL", None),
    ("SOMETHING_ELSE", None),
]


@pytest.mark.parametrize("name, words", REFUSED)
def test_a_refused_variable_has_its_reason_and_cure(name, words):
    assert refusal(name) == words


@pytest.mark.parametrize("name", [*MANAGED, *REMOVED, *USELESS])
def test_every_refusal_names_the_variable_and_a_cure(name):
    assert refusal(name).startswith(f"{name} ") and ("; " in refusal(name))


@pytest.mark.parametrize("name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "NOTIFY_SOCKET", "LISTEN_FDS"])
def test_variables_that_change_what_runs_are_dangerous(name):
    assert DANGEROUS.fullmatch(name)


@pytest.mark.parametrize("name", ["CUDA_CACHE_PATH", "GGML_CUDA_NO_VMM", "LLAMA_ARG_THREADS", "TZ", "GODEBUG"])
def test_variables_for_tuning_are_not_dangerous(name):
    assert not DANGEROUS.fullmatch(name)
