# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What every check of a diagnosis says: a finding in three parts, or that it could not look."""

from __future__ import annotations

# What is wrong with a unit or container, as its engine sees it.
AGAIN, DOWN, GONE = "is started again and again", "does not run", "is not there"


class Unseen(Exception):
    """A check that cannot tell, and why: neither a finding nor a clean bill."""


def finding(symptom, cause, cure):
    """What is wrong as it shows, why, and what to do; each one line without a full stop."""
    return {"symptom": _line(symptom), "cause": _line(cause), "cure": _line(cure)}


def _line(text):
    return " ".join(text.split())
