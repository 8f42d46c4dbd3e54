# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""200 values and some more for each option of the modules about models: success or one line that says what is wrong."""

from __future__ import annotations

import contextlib
import importlib
import json
import time

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.barellama.fleet.plugins.module_utils import _models_foresight, _module
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import KEYS
from ansible_collections.barellama.fleet.plugins.module_utils._registry import RegistryError
from ansible_collections.barellama.fleet.plugins.modules import ollama_gguf_info

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated

NOBODY = "http://127.0.0.1:1"
# The least that each module can be called with, and the options that it takes besides.
CALLS = {
    "ollama_models": ({"models": ["m"], "url": NOBODY}, (
        "models state url exact exact_empty max_parallel insecure allowed_registries store reserve verify cache idle_timeout"
        " deadline registry_timeout progress gguf_sums")),
    "ollama_models_info": ({"url": NOBODY}, "url"),
    "ollama_store_info": ({"path": "store", "verify": True}, "path verify cache"),
    "ollama_store_prune": ({"path": "store", "quarantine": True}, "path older_than quarantine cache despite_unreadable"),
    "ollama_gguf_info": ({"model": "m", "store": "store"}, "path model store insecure context_length parallel kv_cache_type"),
}
EDGES = [0, -1, 1 << 31, 1 << 63, 10**18, 10**400, "0", "1e5", "", " ", "yes", ".", "/", "/dev/null", "~", "~nobody/x", "$HOME",
         "a" * 5000, "../" * 1000, "a\0b", [], [[]], {}, {"name": {}}, ["m", "M"], "http://[", f"{NOBODY}/", "http://127.0.0.1:99999"]
OPTIONS = [(module, option) for module, (_least, options) in CALLS.items() for option in options.split()]


class Nobody:
    """A registry that does not tell."""

    def __init__(self, *_words):
        pass

    def manifest(self, name):
        raise RegistryError(f"registry {name.host} did not tell about {name}")

    body = manifest


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """In an empty directory with a small store, and with nobody to be asked."""
    (tmp_path / "store/blobs").mkdir(parents=True)
    (tmp_path / "store/blobs" / f"sha256-{'a' * 64}").write_bytes(b"GGUF")
    monkeypatch.chdir(tmp_path)

    monkeypatch.setattr(_models_foresight, "Registry", Nobody)
    monkeypatch.setattr(ollama_gguf_info, "Registry", Nobody)


def values(seed):
    """What can come to a module at all: it has to be JSON, in whole characters."""
    for value in [*EDGES, *generated(seed), *generated(f"more for {seed}")]:
        with contextlib.suppress(TypeError, ValueError):
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
            yield value


class Module:
    """AnsibleModule as far as options are checked and results are told, without a process of its own."""

    arguments = {}

    def __init__(self, argument_spec, supports_check_mode, **rules):
        checked = ArgumentSpecValidator(argument_spec, **rules).validate(self.arguments)
        if checked.error_messages:
            raise Refused
        self.params, self.check_mode = checked.validated_parameters, supports_check_mode

    def warn(self, words):
        pass

    def fail_json(self, msg, **_facts):
        assert msg and msg.isprintable(), (self.arguments, msg)
        raise Refused

    def exit_json(self, changed, **_result):
        assert changed in (True, False)


class Refused(Exception):
    """In one line."""


def call(name, arguments, monkeypatch):
    """Run a module in check mode; whether it took them. Whatever else is raised would be a traceback."""
    monkeypatch.setattr(_module, "AnsibleModule", Module)
    monkeypatch.setattr(Module, "arguments", arguments)
    begun, taken = time.monotonic(), True
    try:
        importlib.import_module(f"ansible_collections.barellama.fleet.plugins.modules.{name}").main()
    except Refused:
        taken = False
    assert time.monotonic() - begun < 5, arguments
    return taken


@pytest.mark.parametrize("module, option", OPTIONS)
def test_any_value_is_taken_or_refused_in_one_line(module, option, monkeypatch):
    least = {key: value for key, value in CALLS[module][0].items() if (key, option) != ("model", "path")}
    outcomes = [call(module, {**least, option: value}, monkeypatch) for value in values(f"{module}.{option}")]
    assert len(outcomes) >= 200


@pytest.mark.parametrize("key", KEYS)
def test_any_value_of_an_entry_is_taken_or_refused_in_one_line(key, monkeypatch):
    outcomes = [call("ollama_models", {"models": [{"name": "m", key: value}], "url": NOBODY}, monkeypatch) for value in values(key)]
    assert False in outcomes
