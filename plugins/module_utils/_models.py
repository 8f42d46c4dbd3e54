# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Bringing one server's models to what is wanted. When all is well that takes one question, and no more code than is here."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import changes, report
from ansible_collections.barellama.fleet.plugins.module_utils._models_there import asked, lacking_blobs

MOST = 10**8  # three years of seconds: there is a time that no socket takes


@dataclass(frozen=True)
class Terms:
    """How models are fetched, whether those that nobody lists go (``exact``) and those that are there are read (``verify``).

    ``store`` is the path of the models directory, or None for no look at the disk; ``deadline`` 0 means none;
    ``gguf_sums`` is the file that keeps the sums of files, or None.
    """

    insecure: bool = False
    max_parallel: int = 2
    store: str | None = None
    reserve: int = 0
    idle_timeout: int = 600
    deadline: int = 0
    registry_timeout: int = 10
    exact: bool = False
    verify: bool = False
    cache: str | None = None
    gguf_sums: str | None = None

    def __post_init__(self):
        least = {"max_parallel": 1, "reserve": 0, "idle_timeout": 1, "deadline": 0, "registry_timeout": 1}
        for option, smallest in least.items():
            if getattr(self, option) < smallest:
                raise FleetError(f"{option} is {getattr(self, option)}; it must be at least {smallest}")
            if option != "reserve" and getattr(self, option) > MOST:
                raise FleetError(f"{option} is {getattr(self, option)}; it must be at most {MOST}")


def reconcile(client, wanted, terms, check_mode=False, warn=lambda text: None, tell=lambda name, event: None):
    """Make ``wanted`` (ModelName → Wish) true, or only tell what would be done; the module's result.

    ``tell`` is given each event of a pull or creation with the model's name, from several threads; what it raises ends
    the run.
    """
    listed = asked(client.tags, check_mode, terms.store)
    plan = changes(wanted, listed, terms.exact)
    if _is_settled(plan, terms):
        return report(plan)
    # Most runs do not need it, and to read it takes longer than the server's answer.
    from ansible_collections.barellama.fleet.plugins.module_utils._models_apply import apply

    return apply(client, wanted, plan, listed, terms, check_mode, warn, tell)


def _is_settled(plan, terms):
    """Whether all is as wanted, and what the server lists is enough to know it."""
    if terms.verify or any(change.action != "none" or change.wish.definition or change.wish.loaded is not None for change in plan):
        return False
    return not lacking_blobs(plan, terms.store)
