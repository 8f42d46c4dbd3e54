# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.barellama.fleet.plugins.filter.ollama_env import FilterModule

ollama_env = FilterModule().filters()["ollama_env"]


def test_settings_become_the_text_of_a_file():
    text = ollama_env({"num_parallel": 4, "keep_alive": "10m", "flash_attention": True}, {"TZ": "a b"}, "0.34.4")
    assert text == "OLLAMA_FLASH_ATTENTION=1\nOLLAMA_KEEP_ALIVE=10m\nOLLAMA_NUM_PARALLEL=4\nTZ='a b'\n"


def test_all_that_is_wrong_is_one_error_of_the_filter():
    with pytest.raises(AnsibleFilterError) as caught:
        ollama_env({"num_paralel": 4}, {"PATH": "/x"})
    assert str(caught.value) == (
        "ollama_settings: 'num_paralel' is not a setting of Ollama; did you mean num_parallel? | "
        "ollama_extra_env: PATH is refused, since it changes what the service runs or who it is; delete it"
    )
