# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""The host's commands, of which a diagnosis needs none: what one says, or nothing. Reads only."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import Tools


class Commands(Tools):
    """``root`` is put before every path that is looked at."""

    def __init__(self, run_command, root="", **options):
        super().__init__(run_command, root, **options)
        self.root = root

    def out(self, *command, user=None, errors=False):
        """What a command wrote, with its error output if asked for; None where it failed or is not on this host."""
        status, output, said = self.run(*command, user=user) or (1, "", "")
        if status:
            return None
        return output + said if errors else output
