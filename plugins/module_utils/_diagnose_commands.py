# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""The host's commands, of which who looks needs none: what one says, or nothing. Reads only."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import Tools

PATIENCE = 30  # seconds, as Ollama itself has for a driver
KILLED = (-9, 137)
NOT_TO_BE_RUN = (126, 127)


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

    def limited(self, *command):
        """(status, words) of a command that may hang, such as a driver's; None where it is not on this host.

        ``timeout`` kills itself too, so that a command that the kernel holds is left behind, and not waited for.
        """
        status, output, said = self.run("timeout", "-s", "KILL", str(PATIENCE), *command) or (NOT_TO_BE_RUN[0], "", "")
        if status in NOT_TO_BE_RUN:
            return None
        if status in KILLED:
            return status, f"it gave no answer for {PATIENCE} seconds"
        return status, output + said if status else output
