# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._client import Refused
from ansible_collections.barellama.fleet.plugins.module_utils._models_memory import apply_memory, only_embeds, plan_memory
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import changes
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import wanted_models

A, B = "a" * 64, "b" * 64
SOON = (datetime.now() + timedelta(minutes=5)).isoformat()
NEVER = "2319-03-02T09:11:04.230571068Z"  # as recorded


def listed(**more):
    return [{"name": "m:latest", "digest": A, **more}]


def loaded(name="m:latest", digest=A, expires_at=SOON, context=512):
    return [{"name": name, "digest": digest, "expires_at": expires_at, "context_length": context}]


SAYS = [
    ({"loaded": True}, [], "load"),
    ({"loaded": True}, loaded(), "none"),
    ({"loaded": True}, loaded(digest=B), "load"),
    ({"loaded": True}, loaded("other:latest", B), "load"),
    ({"loaded": True}, loaded("twin:latest"), "none"),
    ({"loaded": False}, loaded(), "unload"),
    ({"loaded": False}, loaded("twin:latest"), "none"),
    ({"loaded": False}, [], "none"),
    ({}, loaded(), "none"),
    ({"loaded": True, "options": {"num_ctx": 512}}, loaded(), "none"),
    ({"loaded": True, "options": {"num_ctx": 256}}, loaded(), "load"),
    ({"loaded": True, "options": {"temperature": 0}}, loaded(), "none"),
    ({"loaded": True, "keep_alive": -1}, loaded(), "load"),
    ({"loaded": True, "keep_alive": "-1"}, loaded(expires_at=NEVER), "none"),
    ({"loaded": True, "keep_alive": "5m"}, loaded(), "none"),
    ({"loaded": True, "keep_alive": "5m"}, loaded(expires_at=NEVER), "load"),
    ({"loaded": True, "keep_alive": -1}, loaded(expires_at=None), "load"),
]


@pytest.mark.parametrize("wish, in_memory, memory", SAYS)
def test_what_is_in_memory_decides(wish, in_memory, memory):
    plan = changes(wanted_models([{"name": "m", **wish}]), listed())
    plan_memory(plan, listed(), in_memory)
    assert plan[0].memory == memory


@pytest.mark.parametrize("definition, memory", [
    ({"system": "Be brief."}, "none"),
    ({"system": "Be brief.", "parameters": {"num_ctx": 256}}, "load"),
    ({"quantize": "q4_K_M"}, "load"),
])
def test_a_model_shares_the_place_in_memory_of_the_one_whose_weights_it_has(definition, memory):
    there = [*listed(), {"name": "derived:latest", "digest": B}]
    plan = changes(wanted_models(["m", {"name": "derived", "from": "m", "loaded": True, **definition}]), there)
    plan_memory(plan, there, loaded())
    assert [change.memory for change in plan] == ["none", memory]


def test_more_context_than_a_model_was_trained_for_is_cut_to_that():
    there = listed(details={"context_length": 512})
    plan = changes(wanted_models([{"name": "m", "loaded": True, "options": {"num_ctx": 9999}}]), there)
    plan_memory(plan, there, loaded())
    assert plan[0].memory == "none"


def test_a_place_in_memory_that_is_given_up_is_no_place_for_its_twin():
    wanted = wanted_models([{"name": "m", "loaded": True}, {"name": "twin", "loaded": False}])
    there = [*listed(), {"name": "twin:latest", "digest": A}]
    plan = changes(wanted, there)
    plan_memory(plan, there, loaded("twin:latest"))
    assert [change.memory for change in plan] == ["load", "unload"]


def test_what_could_not_be_pulled_is_not_loaded():
    plan = changes(wanted_models([{"name": "new", "loaded": True}]), [])
    plan[0].failed = True
    plan_memory(plan, [], [])
    assert plan[0].memory == "none"


class Server:
    def __init__(self):
        self.calls = []

    def load(self, *call, **fields):
        self.calls.append((*call, fields))
        if call[0] == "bad:latest":
            raise Refused("refused", 500, "no")

    def unload(self, name):
        self.calls.append((name,))


def test_loads_as_the_entry_says_and_goes_on_after_a_failure():
    wanted = wanted_models([
        {"name": "bad", "loaded": True},
        {"name": "m", "loaded": True, "keep_alive": -1, "options": {"num_ctx": 8}},
        {"name": "e", "loaded": True},
        {"name": "out", "loaded": False},
    ])
    there = [{"name": f"{name}:latest", "digest": A} for name in ("bad", "m", "out")]
    there.append({"name": "e:latest", "digest": B, "capabilities": ["embedding"]})
    plan, server = changes(wanted, there), Server()
    plan_memory(plan, there, loaded("out:latest", B))
    assert apply_memory(server, plan, there, 60) == ["load of bad:latest: refused"]
    assert server.calls == [
        ("out:latest",),
        ("bad:latest", False, 60, {}),
        ("m:latest", False, 60, {"keep_alive": -1, "options": {"num_ctx": 8}}),
        ("e:latest", True, 60, {}),
    ]
    assert [change.memory for change in plan] == ["none", "load", "load", "unload"]


@pytest.mark.parametrize(
    "capabilities, answer", [(["embedding"], True), (["completion", "embedding"], False), (["completion"], False), (None, False)]
)
def test_models_that_only_embed(capabilities, answer):
    assert only_embeds({"capabilities": capabilities}) is answer
