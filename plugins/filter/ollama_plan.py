# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What role ollama has to do about a host, from what is desired and what host_drift found."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._plan import plan


class FilterModule:
    def filters(self):
        return {"ollama_plan": plan}
