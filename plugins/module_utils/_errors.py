# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The one family of errors that an operator is meant to read."""

from __future__ import annotations


class FleetError(Exception):
    """A failure told in one line: what is wrong, where, and what to do.

    ``facts`` are returned by the module beside the message, for programs to read.
    """

    def __init__(self, message, **facts):
        super().__init__("".join(map(_plain, " ".join(str(message).split()))))
        self.facts = facts


def _plain(letter):
    """What a terminal shows: words of servers and of inventories are in messages."""
    return letter if letter.isprintable() else f"\\x{ord(letter):02x}"
