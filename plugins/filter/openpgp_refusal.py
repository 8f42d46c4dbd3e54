# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a vendor's key is not to be trusted."""

from __future__ import annotations

import time

from ansible_collections.barellama.fleet.plugins.module_utils._openpgp import refusal


def openpgp_refusal(content, fingerprints, where="the key"):
    return refusal(content.encode("utf-8", "surrogateescape"), fingerprints, where, time.time())


class FilterModule:
    def filters(self):
        return {"openpgp_refusal": openpgp_refusal}
