# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option of modules that can look at the files of another host."""

from __future__ import annotations


class ModuleDocFragment:
    """Of no use to plugins that ask more of a host than its files and commands."""

    DOCUMENTATION = r"""
options:
  root:
    description:
      - Put before every path that is looked at, such as the place where the files of another host are.
    type: path
    default: ""
"""
