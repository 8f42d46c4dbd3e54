# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.barellama.fleet.plugins.filter.ollama_modelfile import FilterModule

ollama_modelfile = FilterModule().filters()["ollama_modelfile"]


def test_a_modelfile_becomes_what_the_api_takes():
    text = 'FROM llama3.2:1b\nPARAMETER num_ctx 8192\nPARAMETER temperature 0.2\nPARAMETER stop "END"\nSYSTEM Be brief.\n'
    assert ollama_modelfile(text) == {
        "from": "llama3.2:1b", "parameters": {"num_ctx": 8192, "temperature": 0.2, "stop": ["END"]}, "system": "Be brief.",
    }


def test_what_is_wrong_is_one_error_of_the_filter():
    with pytest.raises(AnsibleFilterError, match="^Modelfile line 2: PARAMETER num_ctx is 'much'; it must be a whole number$"):
        ollama_modelfile("FROM x\nPARAMETER num_ctx much")
