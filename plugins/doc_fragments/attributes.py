# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promises that modules of this collection make, told once."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes common to all modules; C(INFO) for those that only look."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can predict what would change without changing it.
    support: full
  diff_mode:
    description: Returns what differs before and after.
    support: full
  idempotent:
    description: A second call with the same options changes nothing.
    support: full
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode; it never changes the host.
    support: full
  diff_mode:
    description: Has nothing to show in diff mode, since it never changes the host.
    support: N/A
  idempotent:
    description: A second call with the same options changes nothing.
    support: full
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/barellama.fleet.ollama) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - barellama.fleet.ollama
"""
