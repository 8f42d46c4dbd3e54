# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import finding


def test_a_finding_is_three_lines():
    assert finding("a\nb", " c ", "d\n\n  e") == {"symptom": "a b", "cause": "c", "cure": "d e"}
