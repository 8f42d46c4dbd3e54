# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._model_parameters import PARAMETERS, WITHOUT_EFFECT, typed
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated

TYPED = [
    ("num_ctx", 8192, 8192),
    ("num_ctx", "8192", 8192),
    ("num_predict", -1, -1),
    ("seed", "+7", 7),
    ("temperature", 0, 0.0),
    ("temperature", "0.7", 0.7),
    ("temperature", 1e-05, 1e-05),
    ("use_mmap", False, False),
    ("use_mmap", "t", True),
    ("use_mmap", 0, False),
    ("stop", "", ""),
    ("stop", "<|end|>", "<|end|>"),
]


@pytest.mark.parametrize("name, value, wanted", TYPED)
def test_gives_each_parameter_its_type(name, value, wanted):
    found = typed(name, value)
    assert (found, type(found)) == (wanted, type(wanted))


REFUSED = [
    ("num_ctx", 8192.5, "num_ctx is 8192.5; it must be a whole number"),
    ("num_ctx", True, "num_ctx is true; it must be a whole number"),
    ("num_ctx", 10**20, "num_ctx is a number of more than 20 digits; it must be a whole number"),
    ("num_ctx", "9" * 19, f"num_ctx is '{'9' * 19}'; it must be a whole number"),
    ("temperature", float("nan"), "temperature is nan; it must be a number"),
    ("temperature", "1e39", "temperature is '1e39'; it must be a number"),
    ("temperature", "hot", "temperature is 'hot'; it must be a number"),
    ("use_mmap", "yes", "use_mmap is 'yes'; it must be true or false"),
    ("stop", 5, "stop is 5; it must be a text"),
    ("num_ctz", 1, "'num_ctz' is not known to Ollama; did you mean num_ctx?"),
    (5, 1, "5 is not known to Ollama"),
]


@pytest.mark.parametrize("name, value, words", REFUSED)
def test_refuses_what_has_another_type(name, value, words):
    with pytest.raises(FleetError) as caught:
        typed(name, value)
    assert str(caught.value) == words


@pytest.mark.parametrize("name", PARAMETERS)
def test_any_value_has_the_type_or_is_refused(name):
    kinds = {type(typed(name, value)) for value in (1, "1") if name != "stop" or value == "1"}
    assert len(kinds) == 1
    for value in generated(name):
        try:
            assert type(typed(name, value)) in kinds
        except FleetError as error:
            assert len(str(error)) < 200


def test_no_parameter_has_and_has_no_effect():
    assert not set(PARAMETERS) & set(WITHOUT_EFFECT) and "mirostat" in WITHOUT_EFFECT
