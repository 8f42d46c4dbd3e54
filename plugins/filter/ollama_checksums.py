# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sums of one version's archives, by architecture and overlay."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import CHECKSUM_KEYS, asset_name


def ollama_checksums(version, releases):
    try:
        assets = {key: asset_name(str(version), key) for key in CHECKSUM_KEYS}
    except FleetError as error:
        raise AnsibleFilterError(str(error)) from error
    known = releases.get(version, {})
    return {key: known[asset]["sha256"] for key, asset in assets.items() if asset in known}


class FilterModule:
    def filters(self):
        return {"ollama_checksums": ollama_checksums}
