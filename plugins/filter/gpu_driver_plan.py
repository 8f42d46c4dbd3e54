# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which driver the GPUs of a host are to have, from what gpu_facts told and from the variables of role gpu_driver."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._driver_plan import plan


class FilterModule:
    def filters(self):
        return {"gpu_driver_plan": plan}
