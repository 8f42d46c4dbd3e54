# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Which models are wanted, which are there, and what follows from it. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._names import BadName, ModelName

STATES = ("present", "absent")
EXAMPLE = "models: [llama3.2:1b, {name: old:7b, state: absent}]"


def wanted_models(models, state="present"):
    """The option ``models`` as a dict ModelName → state, in the order given. FleetError for anything else.

    An entry is a name, or a dict with ``name`` and perhaps ``state``; ``state`` is for entries without one.
    """
    if not isinstance(models, list):
        raise FleetError(f"models must be a list, not {_kind(models)}; write {EXAMPLE}")
    wanted = {}
    for entry in models:
        name, wish = _entry(entry, state)
        if wanted.setdefault(name, wish) != wish:
            raise FleetError(f"models lists {name} twice, as {wanted[name]} and as {wish}; keep one of them")
    return wanted


def refuse_foreign_registries(wanted, allowed):
    """Pull only from registries that the operator named: a pull makes the server call whatever host it is given."""
    hosts = {host.casefold() for host in allowed}
    for name, state in wanted.items():
        if state == "present" and name.host.casefold() not in hosts:
            raise FleetError(
                f"registry not in allow-list: {name} comes from {name.host}, allowed_registries "
                f"(role variable ollama_models_allowed_registries) has {', '.join(allowed) or 'nothing'}; "
                f"add {name.host} if you trust it"
            )


@dataclass
class Change:
    """What is, was or will be done about one model. Digests stand in ``before`` and ``after`` (None: not there)."""

    name: ModelName
    state: str
    before: Manifest | None
    after: Manifest | None = None
    bytes: int | None = 0
    seconds: float = 0.0
    listed_as: str = ""

    @property
    def action(self):
        if self.state == "present":
            return "none" if self.before else "pull"
        return "delete" if self.before else "none"

    @property
    def changed(self):
        if self.before and self.after:
            return not self.before.same_content(self.after)
        return self.action != "none"

    def result(self):
        return {
            "name": str(self.name),
            "state": self.state,
            "found": self.before is not None,
            "digest_before": self.before and self.before.digest,
            "digest_after": self.after and self.after.digest,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "action": self.action,
        }


def changes(wanted, listed):
    """One Change for each wanted model. ``listed`` is what /api/tags says."""
    there = by_name(listed)
    plan = []
    for name, state in wanted.items():
        entry = there.get(name)
        before = Manifest(entry["digest"]) if entry else None
        after = before if state == "present" else None
        plan.append(Change(name, state, before, after, listed_as=entry["name"] if entry else ""))
    return plan


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
    done = [change for change in plan if change.changed]
    return {
        "changed": bool(done),
        "models": [change.result() for change in plan],
        "actions": [f"{change.action} {change.name}" for change in done],
        "diff": {
            "before": "".join(_line(change, change.before) for change in plan if change.before),
            "after": "".join(_line(change, change.after) for change in plan if change.state == "present"),
        },
    }


def _line(change, manifest):
    return f"{change.name} {manifest.digest[:12] if manifest else '(digest not known)'}\n"


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


def _entry(entry, state):
    if not isinstance(entry, dict):
        return ModelName.manageable(entry), state
    strangers = sorted(str(key) for key in entry if key not in ("name", "state"))
    if strangers:
        raise FleetError(f"models has an entry with {strangers[0]!r}; it may have name and state; write {EXAMPLE}")
    wish = state if entry.get("state") is None else entry["state"]
    if wish not in STATES:
        raise FleetError(f"models has an entry with state {wish!r}; it is present or absent; write {EXAMPLE}")
    return ModelName.manageable(entry.get("name")), wish


def _kind(value):
    return {str: f"the text {value!r}", type(None): "nothing"}.get(type(value), f"a {type(value).__name__}")
