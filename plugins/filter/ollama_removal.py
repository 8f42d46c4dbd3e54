# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a removal takes away, by the record of what role ollama made."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._plan_removal import removal


class FilterModule:
    def filters(self):
        return {"ollama_removal": removal}
