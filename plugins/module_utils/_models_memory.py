# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Models in memory: which are to come in or go out, and doing that. What /api/ps says decides."""

from __future__ import annotations

import time
from datetime import datetime

from ansible_collections.barellama.fleet.plugins.module_utils._client import ClientError
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name

ENDLESS_YEARS = 100  # a model that is kept without end is told to expire some three centuries ahead


def plan_memory(plan, listed, loaded):
    """Set ``memory`` of every Change whose wish speaks of it. ``listed`` is from /api/tags, ``loaded`` from /api/ps."""
    there, in_memory = by_name(listed), by_name(loaded)
    leaving = [change.name for change in plan if change.wish.loaded is False]
    staying = [entry for name, entry in in_memory.items() if name not in leaving]
    for change in plan:
        if change.failed or change.wish.loaded is None:
            continue
        if not change.wish.loaded:
            change.memory = "unload" if change.name in in_memory else "none"
            continue
        # Models with the same weights share their place in memory, which has the name of the first.
        alike = {other.after.digest for other in plan if other.after and _weights(other) is _weights(change)}
        same = next((entry for entry in staying if entry["digest"] in alike), None)
        change.memory = "none" if same and _is_as_wanted(change.wish, same, there.get(change.name)) else "load"


def apply_memory(client, plan, listed, timeout):
    """Unload, then load one after the other so that models do not fight for memory; the failures' words."""
    there, failures = by_name(listed), []
    for change in sorted((change for change in plan if change.memory != "none"), key=lambda change: change.memory == "load"):
        begin = time.monotonic()
        try:
            if change.memory == "load":
                client.load(str(change.name), only_embeds(there.get(change.name, {})), timeout, **_fields(change.wish))
            else:
                client.unload(str(change.name))
        except ClientError as error:
            failures.append(f"{change.memory} of {change.name}: {error}")
            change.memory = "none"
        change.seconds += time.monotonic() - begin
    return failures


def _weights(change):
    """The first of those that a model is made from which is in memory as it is: other weights, or another context, are not."""
    while change.source and not (change.wish.definition and (change.wish.definition.quantize or "num_ctx" in change.wish.definition.parameters)):
        change = change.source
    return change


def only_embeds(entry):
    """Whether a model of /api/tags makes vectors and no text."""
    capabilities = entry.get("capabilities") or []
    return "embedding" in capabilities and "completion" not in capabilities


def _is_as_wanted(wish, entry, listed):
    """Whether a model in memory has the context that is wanted and stays as it should. Of the other options it does
    not tell."""
    context = wish.options.get("num_ctx")
    longest = ((listed or {}).get("details") or {}).get("context_length")
    if context and isinstance(longest, int) and longest > 0:
        context = min(context, longest)
    if context and entry.get("context_length") != context:
        return False
    return wish.keep_alive is None or (wish.keep_alive == -1) == _is_endless(entry.get("expires_at"))


def _is_endless(expires_at):
    year = str(expires_at or "")[:4]
    return year.isdecimal() and int(year) >= datetime.now().year + ENDLESS_YEARS


def _fields(wish):
    fields = {} if wish.keep_alive is None else {"keep_alive": wish.keep_alive}
    return {**fields, "options": wish.options} if wish.options else fields
