# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models_rules import (
    refuse_foreign_registries,
    refuse_to_empty,
    unfounded,
)
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import read_entry, wanted_models

ALLOWED = ["registry.ollama.ai", "hf.co", "huggingface.co"]


def said(name, **more):
    return {"name": name, **more}


UNFOUNDED = [
    (
        [{"name": "a", "copy_of": "m"}],
        "a:latest is a copy_of m:latest, which the list does not have as present; list it too",
    ),
    (
        [{"name": "m", "state": "absent"}, {"name": "a", "copy_of": "m"}],
        "a:latest is a copy_of m:latest, which the list does not have as present; list it too",
    ),
    (
        ["m", {"name": "a", "copy_of": "m"}, {"name": "b", "copy_of": "a"}],
        "b:latest is a copy_of a:latest, which is a copy itself; name a model that is none",
    ),
    (
        [{"name": "a", "copy_of": "a"}],
        "a:latest is a copy_of a:latest, which is a copy itself; name a model that is none",
    ),
    (
        [said("a", **{"from": "m"}, system="x")],
        "a:latest is from m:latest, which the list does not have as present; list it too",
    ),
    (
        [said("a", **{"from": "A"}, system="x")],
        "a:latest is made from a:latest: none of them could be the first; let one be from another model",
    ),
    (
        ["m", said("a", **{"from": "b"}), said("b", copy_of="c"), said("c", **{"from": "a"}), said("d", **{"from": "a"})],
        "a:latest is made from b:latest is made from c:latest is made from a:latest: none of them could be the first; "
        "let one be from another model",
    ),
]


@pytest.mark.parametrize("models, words", UNFOUNDED)
def test_what_a_model_is_made_from_is_in_the_list(models, words):
    wishes = map(read_entry, models)
    assert list(unfounded({wish.name: wish for wish in wishes})) == [words]


def test_models_made_from_others_are_fine():
    wanted = wanted_models(["m", said("a", **{"from": "m"}), said("b", **{"from": "a"}), said("c", copy_of="b"), said("d", **{"from": "c"})])
    assert not list(unfounded(wanted)) and len(wanted) == 5


def test_a_long_line_of_models_takes_no_time():
    begin = time.process_time()
    chain = ["m0", *(said(f"m{number}", **{"from": f"m{number - 1}"}) for number in range(1, 300))]
    assert len(wanted_models(chain)) == 300
    assert time.process_time() - begin < 1


def test_refuses_foreign_registries():
    with pytest.raises(FleetError) as caught:
        refuse_foreign_registries(wanted_models(["m", "evil.host/x/y"]), ALLOWED)
    assert str(caught.value) == (
        "registry not in allow-list: evil.host/x/y:latest comes from evil.host, allowed_registries "
        "(role variable ollama_models_allowed_registries) has registry.ollama.ai, hf.co, huggingface.co; "
        "add evil.host if you trust it"
    )


@pytest.mark.parametrize("models", [[], [{"name": "m", "state": "absent"}]])
def test_an_exact_list_of_nothing_needs_a_word(models):
    with pytest.raises(FleetError, match="exact would delete every model of the server; .* set exact_empty"):
        refuse_to_empty(wanted_models(models), True, False)
    refuse_to_empty(wanted_models(models), True, True)
    refuse_to_empty(wanted_models(models), False, False)
    refuse_to_empty(wanted_models(["m", *models[:0]]), True, False)


PASSING = [
    (["m", {"name": "own.host/x/y", "copy_of": "m"}], ALLOWED),
    (["m", {"name": "own.host/x/y", "from": "m"}, {"name": "own.host/x/z", "gguf": "/z"}], ALLOWED),
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
