# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.barellama.fleet.plugins.filter.ollama_instances import FilterModule

ollama_instances = FilterModule().filters()["ollama_instances"]
DEFAULTS = {"host": "127.0.0.1", "port": 11434, "home": "/h", "models": "/m", "settings": {}}


def test_instances_are_completed():
    found = ollama_instances([{"name": "default"}, {"name": "b", "port": 11435}], DEFAULTS)
    assert [(each["unit"], each["url"]) for each in found] == [
        ("ollama.service", "http://127.0.0.1:11434"),
        ("ollama-b.service", "http://127.0.0.1:11435"),
    ]


def test_what_is_wrong_is_an_error_of_the_filter():
    with pytest.raises(AnsibleFilterError) as caught:
        ollama_instances([{"name": "a"}, {"name": "a"}], DEFAULTS)
    assert str(caught.value) == "ollama_instances[a]: the name 'a' is there twice; each needs its own"


def test_gpus_are_restricted_and_may_be_shared_when_allowed():
    instances = [{"name": "a", "gpus": [0]}, {"name": "b", "port": 2, "gpus": [0]}]
    found = ollama_instances(instances, DEFAULTS, vendor="amd", sharing="true")
    assert [each["visible"]["ROCR_VISIBLE_DEVICES"] for each in found] == ["0", "0"]
    with pytest.raises(AnsibleFilterError):
        ollama_instances(instances, DEFAULTS, gpus=[], vendor="amd", sharing="false")
