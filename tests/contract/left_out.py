# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recordings that are not replayed, and why."""

from __future__ import annotations

from fnmatch import fnmatchcase

REASONS = (
    ("push*", "no plugin pushes"),
    ("embeddings-*", "no plugin uses the older route"),
    ("v1-*", "no plugin uses the OpenAI routes"),
    ("whoami-*", "no plugin signs in"),
)


def reason(name):
    """Return why a case is left out, or None."""
    return next((words for pattern, words in REASONS if fnmatchcase(name, pattern)), None)
