# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _adoption
from ansible_collections.barellama.fleet.plugins.module_utils._adoption import adoption
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError


@pytest.fixture
def plans(monkeypatch):
    """Plans that are as they were seen."""
    monkeypatch.setattr(_adoption._adoption_service, "plan", lambda seen: {**seen, "obstacles": []})
    monkeypatch.setattr(_adoption._adoption_container, "plan", lambda seen: {**seen, "obstacles": []})


def service(**variables):
    return {"ours": False, "served": [{"unit": "ollama.service"}], "variables": {
        "ollama_method": "systemd", "ollama_host": "127.0.0.1", "ollama_port": 11434, "ollama_user": "ollama",
        "ollama_home": "/usr/share/ollama", "ollama_models_dir": "/usr/share/ollama/.ollama/models", **variables}}


@pytest.mark.parametrize(("seen", "ours", "found"), [
    (None, False, "nothing"), (None, True, "ours"), ({"ours": True}, False, "ours"),
])
def test_what_is_not_adopted(seen, ours, found):
    assert adoption(seen, [], ours, False) == {"found": found}


def test_a_service_is_adopted_by_the_rules_of_the_role(plans):
    assert adoption(service(), [], False, False)["obstacles"] == []
    found = adoption(service(ollama_host="0.0.0.0", ollama_home="/home/joe"), [], False, False)["obstacles"]
    assert len(found) == 2 and "ollama_allow_unauthenticated_network" in found[1] and "ProtectHome" in found[0]
    assert adoption(service(ollama_host="0.0.0.0"), [], False, True)["obstacles"] == []


def test_one_of_several_is_not_guessed(plans):
    container = {**service(), "served": [{"container": "llm"}]}
    found = adoption(service(), [container], False, False)["obstacles"]
    assert found == ["ollama.service and container llm are all Ollama, and one is adopted; remove the others first"]
    assert adoption({"ours": True}, [container], False, False)["obstacles"] == []


def test_what_podman_runs_is_not_adopted(plans):
    with pytest.raises(FleetError, match="^container llm of Podman runs Ollama, and what Podman runs is not adopted; "):
        adoption(None, [], False, False, ["llm"])
    (obstacle,) = adoption(service(), [], False, False, ["llm"])["obstacles"]
    assert obstacle.startswith("container llm of Podman")


def test_variables_are_shown_without_secrets(plans):
    given = {"ollama_extra_env": {"MY_TOKEN": "geheim", "MODE": "fast"}, "ollama_settings": {
        "https_proxy": "http://me:geheim@proxy:1", "num_parallel": 4}}
    found = adoption(service(**given), [], False, False)
    assert found["variables"]["ollama_extra_env"]["MY_TOKEN"] == "geheim"
    assert found["shown"] == {**found["variables"], "ollama_extra_env": {"MY_TOKEN": "***", "MODE": "fast"}, "ollama_settings": {
        "https_proxy": "http://***@proxy:1", "num_parallel": 4}}
