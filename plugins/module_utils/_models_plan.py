# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What is there, and what follows from it for what is wanted. No I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_rules import is_safe_to_delete
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import Wish
from ansible_collections.barellama.fleet.plugins.module_utils._names import BadName, ModelName


@dataclass
class Change:
    """What is, was or will be done about one model. Digests stand in ``before`` and ``after`` (None: not there).

    ``action`` is about the store: none, pull, repair, copy (of ``source``, another Change), create (from ``source``, or
    from files) or delete; ``memory`` about what is loaded: none, load or unload. ``repaired`` are the blobs that a pull
    or a creation brings again, by digest what they were. ``differs`` has what is not as defined, in pairs (as it is, as it should be).
    ``failed``: it could not be done.
    """

    wish: Wish
    before: Manifest | None
    after: Manifest | None = None
    action: str = "none"
    memory: str = "none"
    source: Change | None = None
    bytes: int | None = 0
    seconds: float = 0.0
    listed_as: str = ""
    failed: bool = False
    repaired: dict = field(default_factory=dict)
    differs: dict = field(default_factory=dict)

    @property
    def name(self):
        return self.wish.name

    @property
    def replaced(self):
        """Whether the store holds another model under this name afterwards."""
        return not (self.failed or self._same or self.action in ("none", "repair"))

    @property
    def stored_anew(self):
        """Whether it does, or holds the same made whole."""
        return self.replaced or (self.action != "none" and bool(self.repaired) and not self.failed)

    @property
    def _same(self):
        return bool(self.before and self.after and self.before.same_content(self.after))

    def learn(self, manifest, missing):
        """What the registry holds under the name, of which ``missing`` bytes are not here yet; FleetError when the
        pin forbids it. Nothing to pull when it is what is here."""
        wanted = self.wish.digest
        if wanted and manifest.digest != wanted:
            raise FleetError(
                f"{self.name}: wanted is digest {wanted}, found in the registry is {manifest.digest}: the tag has moved; "
                "look at what is new and set digest to it, or name a tag that still has what is wanted"
            )
        self.after, self.bytes = manifest, missing
        if self.before and self.before.same_content(manifest):
            self.after, self.bytes, self.action = self.before, 0, "none"

    def leave(self):
        """It could not be done, or must not be done now: what was there is there."""
        self.failed, self.after = True, self.before

    def settle_copy(self):
        """A copy is due when its source is, or becomes, another model than the one that has this name."""
        self.after = self.source.after
        self.action = "none" if self._same else "copy"

    def settle_creation(self, differs):
        """A model is made when it is not there, and anew when it is not as defined, or damaged: then it is made whole."""
        self.differs = differs
        self.action = "create" if differs or self.repaired or not self.before else "none"
        self.after = None if differs else self.before

    def result(self):
        return {
            "name": str(self.name),
            "state": self.wish.state,
            "wanted": self.wish.digest,
            "found": self.before is not None,
            "digest_before": self.before and self.before.digest,
            "digest_after": self.after and self.after.digest,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "action": self.action,
            "repaired": [{"blob": digest, "was": state} for digest, state in sorted(self.repaired.items())],
            "memory": self.memory,
        }


def changes(wanted, listed, exact=False):
    """One Change for each wanted model, and with ``exact`` one for each that is there beside them.

    ``listed`` is what /api/tags says. A model whose tag is to be followed counts as one to pull until the registry has
    been asked.
    """
    there = by_name(listed)
    strangers = [name for name in there if name not in wanted and is_safe_to_delete(name)] if exact else []
    wishes = [*wanted.values(), *(Wish(name, "absent") for name in sorted(strangers, key=str))]
    plan = {wish.name: _change(wish, there.get(wish.name)) for wish in wishes}
    for change in plan.values():
        change.source = plan.get(change.wish.origin)
        if change.wish.copy_of:
            change.settle_copy()
    return list(plan.values())


def in_order(plan):
    """The Changes, each after that of the model it is made from."""
    return sorted(plan, key=_depth)


def _change(wish, entry):
    before = Manifest(entry["digest"]) if entry else None
    change = Change(wish, before, listed_as=entry["name"] if entry else "")
    if wish.state == "absent":
        change.action = "delete" if before else "none"
        return change
    change.after = before
    if wish.definition:
        change.settle_creation({})
    elif not before or wish.update or (wish.digest and wish.digest != before.digest):
        change.action, change.after = "pull", None
    return change


def by_name(entries):
    """The entries of /api/tags or /api/ps by ModelName. Stray files in a store can be listed as models: left out."""
    there = {}
    for entry in entries:
        try:
            there[ModelName.parse(entry["name"])] = entry
        except BadName:
            continue
    return there


def report(plan):
    """The result of a module: everything in it comes from the same list of Changes."""
    actions = [line for change in plan if not change.failed for line in _actions(change)]
    there = [change for change in plan if change.after or (change.wish.state == "present" and not change.failed)]
    return {
        "changed": bool(actions),
        "models": [change.result() for change in plan if not change.failed],
        "actions": actions,
        "diff": {
            "before": "".join(_line(change, change.before) for change in plan if change.before),
            "after": "".join(_line(change, change.after, True) for change in there),
        },
    }


def _actions(change):
    if change.stored_anew:
        origin = change.source.name if change.source else change.wish.definition and change.wish.definition.origin
        yield f"{change.action} {change.name}" + (f" from {origin}" if origin else "")
    if change.memory != "none":
        yield f"{change.memory} {change.name}"


def _line(change, manifest, afterwards=False):
    digest = manifest.digest[:12] if manifest else "(digest not known)"
    damaged = " damaged" if change.repaired and change.action != "pull" and not afterwards else ""
    in_memory = " in memory" if change.memory == ("load" if afterwards else "unload") else ""
    told = {key: pair[afterwards] for key, pair in change.differs.items()} if change.stored_anew else {}
    parts = [f"  {key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in told.items() if value not in (None, "")]
    return "".join([f"{change.name} {digest}{damaged}{in_memory}\n", *parts])


def _depth(change):
    depth = 0
    while change.source:
        change, depth = change.source, depth + 1
    return depth
