# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version that this copy claims to be."""

from __future__ import annotations

import os
import pkgutil

DEFAULT = "0.32.15"


def version():
    """Return STANDIN_VERSION, else the content of the packed file VERSION, else the default."""
    if os.environ.get("STANDIN_VERSION"):
        return os.environ["STANDIN_VERSION"]
    try:
        data = pkgutil.get_data(__package__, "VERSION")
    except OSError:
        return DEFAULT
    return data.decode("utf-8").strip()
