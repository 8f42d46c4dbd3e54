# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What is there, and what follows from it for what is wanted. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import Wish
from ansible_collections.barellama.fleet.plugins.module_utils._names import BadName, ModelName


@dataclass
class Change:
    """What is, was or will be done about one model. Digests stand in ``before`` and ``after`` (None: not there).

    ``action`` is about the store: none, pull, copy (of ``source``, another Change) or delete; ``memory`` about what is
    loaded: none, load or unload. ``failed``: it could not be done.
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

    @property
    def name(self):
        return self.wish.name

    @property
    def stored_anew(self):
        """Whether the store holds another model under this name afterwards."""
        if self.failed or self.action == "none":
            return False
        return not (self.before and self.after and self.before.same_content(self.after))

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
        same = self.before and self.after and self.before.same_content(self.after)
        self.action = "none" if same else "copy"

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
            "memory": self.memory,
        }


def changes(wanted, listed, exact=False):
    """One Change for each wanted model, and with ``exact`` one for each that is there beside them.

    ``listed`` is what /api/tags says. A model whose tag is to be followed counts as one to pull until the registry has
    been asked.
    """
    there = by_name(listed)
    strangers = [name for name in there if name not in wanted and _is_safe_to_delete(name)] if exact else []
    wishes = [*wanted.values(), *(Wish(name, "absent") for name in sorted(strangers, key=str))]
    plan = {wish.name: _change(wish, there.get(wish.name)) for wish in wishes}
    for change in plan.values():
        change.source = plan.get(change.wish.copy_of)
        if change.source:
            change.settle_copy()
    return list(plan.values())


def _change(wish, entry):
    before = Manifest(entry["digest"]) if entry else None
    change = Change(wish, before, listed_as=entry["name"] if entry else "")
    if wish.state == "absent":
        change.action = "delete" if before else "none"
        return change
    change.after = before
    if not before or wish.update or (wish.digest and wish.digest != before.digest):
        change.action, change.after = "pull", None
    return change


def _is_safe_to_delete(name):
    """Ollama reads some names as others: to delete m:local would delete m:latest."""
    try:
        return ModelName.manageable(str(name)) == name
    except BadName:
        return False


def by_name(entries):
    """The entries of /api/tags or /api/ps by ModelName. Stray files in a store can be listed as models: left out."""
    there = {}
    for entry in entries:
        try:
            there[ModelName.parse(entry["name"])] = entry
        except BadName:
            continue
    return there


def inventory(listed, loaded):
    """What is there, for people and programs: a list of dicts sorted by name."""
    in_memory = {entry["name"]: entry for entry in loaded}
    return [
        {
            "name": entry["name"],
            "digest": entry["digest"],
            "size": entry.get("size"),
            "capabilities": entry.get("capabilities") or [],
            "details": entry.get("details") or {},
            "loaded": _residence(in_memory.get(entry["name"])),
        }
        for entry in sorted(listed, key=lambda entry: entry["name"])
    ]


def report(plan):
    """The result of a module: everything in it comes from the same list of Changes."""
    actions = [line for change in plan if not change.failed for line in _actions(change)]
    there = [change for change in plan if change.after or (change.wish.state == "present" and not change.failed)]
    return {
        "changed": bool(actions),
        "models": [change.result() for change in plan if not change.failed],
        "actions": actions,
        "diff": {
            "before": "".join(_line(change, change.before, "unload") for change in plan if change.before),
            "after": "".join(_line(change, change.after, "load") for change in there),
        },
    }


def _actions(change):
    if change.stored_anew:
        yield f"{change.action} {change.name}" + (f" from {change.source.name}" if change.source else "")
    if change.memory != "none":
        yield f"{change.memory} {change.name}"


def _line(change, manifest, memory):
    digest = manifest.digest[:12] if manifest else "(digest not known)"
    return f"{change.name} {digest}{' in memory' if change.memory == memory else ''}\n"


def _residence(entry):
    if entry is None:
        return None
    size, vram = entry.get("size") or 0, entry.get("size_vram") or 0
    return {
        "size": size,
        "size_vram": vram,
        "vram_share": round(vram / size, 3) if 0 <= vram <= size and size else None,
        "context_length": entry.get("context_length"),
        "expires_at": entry.get("expires_at"),
    }
