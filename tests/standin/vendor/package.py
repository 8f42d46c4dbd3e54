# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A package as a table tells it, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Package:
    """A package that says it is what it is called. ``files`` maps a path to its text; programs are those below a bin folder.

    Relations are written as apt does, "name" or "name (= 1.0)". ``script`` runs after it was installed, ``removal`` before it goes.
    """

    name: str
    version: str
    depends: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    script: str = ""
    removal: str = ""
    everywhere: bool = False  # of no architecture

    def mode(self, path):
        return 0o755 if "/bin/" in path or "/sbin/" in path else 0o644
