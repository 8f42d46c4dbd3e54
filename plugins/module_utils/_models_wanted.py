# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The list of models that an operator wants, read and checked. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models_rules import unfounded
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown

if TYPE_CHECKING:
    from ansible_collections.barellama.fleet.plugins.module_utils._models_definition import Definition

STATES = ("present", "absent")
DEFINITION = ("from", "gguf", "modelfile", "system", "template", "renderer", "parser", "requires", "parameters", "messages", "license",
              "quantize")
KEYS = ("name", "state", "digest", "update", "copy_of", "loaded", "keep_alive", "options", *DEFINITION)
EXAMPLE = "models: [llama3.2:1b, {name: old:7b, state: absent}]"
DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
NO_TIME = re.compile(r"[0.]+[a-z]*")
ENDLESS = "-1"

# What cannot be said of one model together, and why.
CONTRADICTIONS = (
    ("digest", "update", "one keeps the content, the other follows the tag"),
    ("copy_of", "digest", "a copy is what its model is; give digest to that one"),
    ("copy_of", "update", "a copy is what its model is; give update to that one"),
    ("definition", "digest", "what is made here has the digest it gets; give digest to the model it is from"),
    ("definition", "update", "what is made here follows what it is from; give update to that one"),
    ("definition", "copy_of", "a copy is what its model is; define that one"),
)


@dataclass(frozen=True)
class Wish:
    """What is wanted of one model. ``digest`` is bare hex; ``loaded`` None means that memory does not matter.

    ``keep_alive`` is as a request takes it: -1 for no end, a number of seconds, or a duration; None for the server's own.
    """

    name: ModelName
    state: str = "present"
    digest: str | None = None
    update: bool = False
    copy_of: ModelName | None = None
    loaded: bool | None = None
    keep_alive: int | str | None = None
    options: dict = field(default_factory=dict)
    definition: Definition | None = None

    @property
    def origin(self):
        """The other model that this one is made from, if any."""
        return self.copy_of or (self.definition and self.definition.base)


def wanted_models(models, state="present"):
    """The option ``models`` as a dict ModelName → Wish, in the order given. FleetError for anything else.

    An entry is a name or a dict with the KEYS; ``state`` is for entries without one.
    """
    if not isinstance(models, list):
        raise FleetError(f"models must be a list, not {_kind(models)}; write {EXAMPLE}")
    wanted = {}
    for number, entry in enumerate(models):
        try:
            wish = read_entry(entry, state)
        except FleetError as error:
            raise FleetError(f"models[{number}]: {error}") from error
        other = wanted.setdefault(wish.name, wish)
        if other != wish:
            raise FleetError(f"models lists {wish.name} twice, {difference(other, wish)}; keep one of them")
    for words in unfounded(wanted):
        raise FleetError(f"models: {words}")
    return wanted


def read_entry(entry, state="present"):
    """The Wish of one entry, or a FleetError that says what is wrong with it."""
    if not isinstance(entry, dict):
        return Wish(_name(entry), state)
    for key in entry:
        if key not in KEYS:
            meant = did_you_mean(key, KEYS) if isinstance(key, str) else ""
            raise FleetError(f"{shown(key)} is not part of an entry{meant or '; it has ' + ', '.join(KEYS)}")
    said = {key: value for key, value in entry.items() if value is not None}
    name, state = _name(said.pop("name", None)), said.pop("state", state)
    if state not in STATES:
        raise FleetError(f"state {shown(state)} is neither present nor absent")
    wish = Wish(
        name,
        state,
        bare_digest(name, said.get("digest")),
        _boolean("update", said.get("update", False)),
        _name(said["copy_of"]) if "copy_of" in said else None,
        _boolean("loaded", said["loaded"]) if "loaded" in said else None,
        _keep_alive(said["keep_alive"]) if "keep_alive" in said else None,
        _options(said.get("options", {})),
        _definition({key: value for key, value in said.items() if key in DEFINITION}),
    )
    _refuse_nonsense(wish, said)
    return wish


def bare_digest(name, digest):
    """The 64 digits of a digest with or without "sha256:", None for none."""
    found = DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if digest is not None and not found:
        raise FleetError(f"digest {shown(digest)} of model {name} is not a sha256; write its 64 hexadecimal digits")
    return found and found[1]


def difference(one, other):
    """How two Wishes for one model differ."""
    if one.state != other.state:
        return f"as {one.state} and as {other.state}"
    if one.digest != other.digest:
        return f"with digest {one.digest or 'none'} and with {other.digest or 'none'}"
    return "and not alike"


def _refuse_nonsense(wish, said):
    for one, other, why in CONTRADICTIONS:
        if getattr(wish, one) and getattr(wish, other):
            words = "a definition" if one == "definition" else one
            raise FleetError(f"{wish.name} has {words} and {other}: {why}")
    if wish.state == "absent" and said:
        raise FleetError(f"{wish.name} is to be absent and has {next(iter(said))}; leave out one of them")
    for key in ("keep_alive", "options"):
        if key in said and wish.loaded is not True:
            raise FleetError(f"{wish.name} has {key}, which is for models in memory; add loaded: true or leave it out")


def _name(value):
    if not isinstance(value, str):
        raise FleetError(f"{shown(value)} is not a model's name; for example 'llama3.2:3b'")
    return ModelName.manageable(value)


def _definition(said):
    if not said:
        return None
    # Few entries have one, and what reads it is larger than all that reads the others.
    from ansible_collections.barellama.fleet.plugins.module_utils._models_definition import read_definition

    return read_definition(said)


def _boolean(key, value):
    if not isinstance(value, bool):
        raise FleetError(f"{key} {shown(value)} is not a boolean; write true or false")
    return value


def _keep_alive(value):
    """As a request takes it: Ollama refuses numbers in quotes."""
    from ansible_collections.barellama.fleet.plugins.module_utils._settings_kinds import duration  # not without need, as above

    try:
        text = duration(ENDLESS)(value)
    except ValueError as error:
        raise FleetError(f"keep_alive {shown(value)} {error}") from error
    if NO_TIME.fullmatch(text):
        raise FleetError(f"keep_alive {shown(value)} would unload it at once; write a longer time, or loaded: false")
    return int(text) if text.lstrip("-").isdecimal() else text


def _options(value):
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise FleetError(f"options {shown(value)} is not a dictionary; for example {{num_ctx: 8192}}")
    context = value.get("num_ctx")
    if context is not None and (not isinstance(context, int) or isinstance(context, bool) or context < 1):
        raise FleetError(f"options.num_ctx {shown(context)} is not a number of tokens; write one such as 8192")
    return value


def _kind(value):
    return {str: f"the text {value!r}", type(None): "nothing"}.get(type(value), f"a {type(value).__name__}")
