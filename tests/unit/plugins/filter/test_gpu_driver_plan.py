# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.filter.gpu_driver_plan import FilterModule
from ansible_collections.barellama.fleet.plugins.module_utils import _driver_plan


def test_the_filter_is_the_pure_function():
    assert FilterModule().filters() == {"gpu_driver_plan": _driver_plan.plan}
