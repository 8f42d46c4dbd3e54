# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.barellama.fleet.plugins.filter.ollama_fits import FilterModule

ollama_fits = FilterModule().filters()["ollama_fits"]


def test_a_play_can_ask_before_it_downloads():
    assert ollama_fits("llama3.1:8b", vram=[24 * 10**9])["fits"] == "gpu"
    assert ollama_fits("llama3.3:70b", vram=[24 * 10**9], ram=16 * 10**9)["fits"] == "no"


def test_what_cannot_be_told_is_one_error_of_the_filter():
    with pytest.raises(AnsibleFilterError, match="^'phi4' does not tell how large the model is"):
        ollama_fits("phi4")
