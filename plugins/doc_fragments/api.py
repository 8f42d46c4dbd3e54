# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How modules reach a server, or its store without it."""

from __future__ import annotations


class ModuleDocFragment:
    """The one option of modules that speak to one server; C(STORE) for those that read its files."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The server's API as seen from the host that the module runs on. Proxies from the environment are not used
        for it.
    type: str
    default: http://127.0.0.1:11434
"""

    STORE = r"""
options:
  path:
    description: The store, as C(OLLAMA_MODELS) names it.
    type: path
    default: /usr/share/ollama/.ollama/models
"""
