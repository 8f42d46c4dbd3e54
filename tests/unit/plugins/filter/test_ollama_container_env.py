# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.barellama.fleet.plugins.filter.ollama_container_env import FilterModule
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.container_samples import INSTANCE, OPTIONS

ollama_container_env = FilterModule().filters()["ollama_container_env"]


def test_settings_and_places_become_the_text_of_a_file():
    text = ollama_container_env(INSTANCE, OPTIONS, {"TZ": "UTC"})
    assert text.splitlines()[:3] == ["OLLAMA_NUM_PARALLEL=4", "TZ=UTC", "HOME=/usr/share/ollama"]


def test_all_that_is_wrong_is_one_error_of_the_filter():
    with pytest.raises(AnsibleFilterError, match="did you mean num_parallel.* PATH is refused"):
        ollama_container_env({**INSTANCE, "settings": {"num_paralel": 4}}, OPTIONS, {"PATH": "/x"})
