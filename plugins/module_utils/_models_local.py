# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Deleting models."""

from __future__ import annotations

import time

from ansible_collections.barellama.fleet.plugins.module_utils._client import ClientError
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name


def remove(client, deletions):
    """Delete models, one that is in memory unloaded first, as ``ollama rm`` does; the failures' words."""
    failures, loaded = [], by_name(client.ps()) if deletions else {}
    for change in deletions:
        begin = time.monotonic()
        try:
            if change.name in loaded:
                client.unload(change.listed_as)
            client.delete(change.listed_as)
        except ClientError as error:
            failures.append(f"delete of {change.name}: {error}")
            change.leave()
        change.seconds = time.monotonic() - begin
    return failures
