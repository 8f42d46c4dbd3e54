# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.barellama.fleet.plugins.filter.ollama_input_errors import FilterModule

ollama_input_errors = FilterModule().filters()["ollama_input_errors"]


def test_problems_are_lines_and_not_an_error():
    found = ollama_input_errors({"ollama_version": "0.34.4"}, role="ollama", known=["ollama_version"],
                                present=["ollama_verson"], checksums={"0.34.4": {}})
    assert found == ["ollama_verson: is not a variable of this collection; did you mean ollama_version?"]


def test_a_wrong_call_is_an_error_of_the_filter():
    with pytest.raises(AnsibleFilterError, match="role 'x' has no rules here; there are ollama, ollama_models, container_runtime, "):
        ollama_input_errors({}, role="x")
