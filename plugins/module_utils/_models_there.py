# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What is there before anything is touched: as the server tells, or where it cannot, as its store does."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._client import Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import blobs
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import incomplete, models


def asked(question, check_mode, store=None):
    """The answer to a question. In check mode a server that is stopped has what its ``store`` holds, and a host that
    is still bare has nothing: a plan for it is worth having."""
    try:
        return question()
    except Unreachable:
        if not check_mode:
            raise
    there = models(store, blobs(store).whole)[0] if store else []
    return [{"name": model.name, "digest": model.digest} for model in there]


def lacking_blobs(plan, store):
    """The Changes of models of which some blobs are not in ``store``; none without one to look at."""
    there = {ModelName.parse(change.listed_as): change.before.digest for change in plan if change.before}
    names = incomplete(store, there) if store else ()
    return [change for change in plan if change.name in names]
