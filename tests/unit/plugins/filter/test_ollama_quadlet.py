# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.filter.ollama_quadlet import FilterModule
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.container_samples import INSTANCE, OPTIONS


def test_an_instance_becomes_the_text_of_a_file():
    text = FilterModule().filters()["ollama_quadlet"](INSTANCE, OPTIONS)
    assert text.startswith("# Written by the role barellama.fleet.ollama.") and "\n[Container]\nContainerName=ollama\n" in text
