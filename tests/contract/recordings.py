# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The recorded cases, one JSON file each; README.md says what is in them."""

from __future__ import annotations

import json
from pathlib import Path

DIRECTORY = Path(__file__).parent / "recordings"


def names():
    """Return the names of all cases."""
    return sorted(path.stem for path in DIRECTORY.glob("*.json"))


def load(name):
    return json.loads((DIRECTORY / (name + ".json")).read_text(encoding="utf-8"))
