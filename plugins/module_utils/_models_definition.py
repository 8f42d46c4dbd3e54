# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Models that are made on the server: what defines one, read and checked. No I/O."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from ansible_collections.barellama.fleet.plugins.module_utils import _modelfile
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._model_parameters import WITHOUT_EFFECT, typed
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

# What the server may set by itself, from the weights: compared only where the definition says it.
OWN = ("renderer", "parser", "requires")
TEXTS = ("system", "template", *OWN)
QUANTIZATION = re.compile(r"[A-Za-z0-9_]{2,16}")


@dataclass(frozen=True)
class Definition:
    """A model made from ``base``, another model, or from the files ``gguf``. ``quantize`` is in capitals."""

    base: ModelName | None = None
    gguf: tuple = ()
    texts: dict = field(default_factory=dict)
    parameters: dict = field(default_factory=dict)
    messages: tuple = ()
    license: tuple = ()
    quantize: str | None = None

    @property
    def origin(self):
        return str(self.base or " ".join(self.gguf))

    def request(self, files):
        """The body of /api/create but for the name. ``files`` has the digests of ``gguf``."""
        named = {os.path.basename(path): f"sha256:{digest}" for path, digest in zip(self.gguf, files)}
        parts = {
            **({"from": str(self.base)} if self.base else {"files": named}), **self.texts, "parameters": self.parameters,
            "messages": list(self.messages), "license": list(self.license), "quantize": self.quantize,
        }
        return {key: value for key, value in parts.items() if value}


def read_definition(said):
    """The Definition in an entry's keys that define a model, None where they say nothing; FleetError when it cannot be one."""
    if "modelfile" in said:
        others = [key for key in said if key != "modelfile"]
        if others:
            raise FleetError(f"modelfile and {others[0]} cannot stand together; write all of it in one of the two ways")
        said = _of_modelfile(said["modelfile"])
    if not said:
        return None
    if ("from" in said) == ("gguf" in said):
        what = "both from and gguf" if "from" in said else f"{next(iter(said))} but neither from nor gguf"
        raise FleetError(f"a definition has {what}; name the model, or the file on the host, that it is made from")
    return Definition(
        _name(said["from"]) if "from" in said else None,
        _paths(said["gguf"]) if "gguf" in said else (),
        {key: _text(key, said[key]) for key in TEXTS if key in said},
        _parameters(said.get("parameters", {})),
        tuple(_message(message) for message in _listed("messages", said.get("messages", []))),
        tuple(_text("license", text) for text in _listed("license", said.get("license", []))),
        _quantization(said["quantize"]) if "quantize" in said else None,
    )


def _of_modelfile(text):
    """An entry's keys from a Modelfile. What is empty there says nothing, as with ``ollama create``."""
    said = {key: value for key, value in _modelfile.definition(text).items() if value}
    for key in _modelfile.PATHS.values():
        if key in said:
            raise FleetError(f"Modelfile: {key} are not taken here; merge them into the weights and name these in FROM")
    if "files" in said:
        said["gguf"] = said.pop("files")
    return said


def _name(value):
    if not isinstance(value, str):
        raise FleetError(f"from {shown(value)} is not a model's name; for example 'llama3.2:3b'")
    return ModelName.manageable(value)


def _text(key, value):
    """Ollama takes an empty text for none and then has the base's."""
    if not isinstance(value, str) or not value:
        raise FleetError(f"{key} {shown(value)} is not a text with something in it; leave it out to have what the base has")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise FleetError(f"{key} {shown(value)} has half a character; write it as UTF-8") from error
    return value


def _listed(key, value):
    if isinstance(value, str) and key == "license":
        return [value]
    if not isinstance(value, list):
        raise FleetError(f"{key} {shown(value)} is not a list")
    return value


def _paths(value):
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) and os.path.isabs(path) for path in paths):
        raise FleetError(f"gguf {shown(value)} is not the path of a file on the host; write all of it, from / on")
    names = set(map(os.path.basename, paths))
    if "" in names or len(names) < len(paths) or any("\0" in _text("gguf", path) for path in paths):
        raise FleetError(f"gguf {shown(value)}: the files need names, and not the same one")
    return tuple(paths)


def _parameters(value):
    if not isinstance(value, dict):
        raise FleetError(f"parameters {shown(value)} is not a dictionary; for example {{num_ctx: 8192}}")
    found = {}
    for name, given in value.items():
        if name in WITHOUT_EFFECT:
            raise FleetError(f"parameters.{name} has no effect on today's Ollama; leave it out")
        try:
            many = name == "stop" and isinstance(given, list)
            typed_values = [typed(name, item) for item in (given if many else [given])]
        except FleetError as error:
            raise FleetError(f"parameters: {error}") from error
        if typed_values:
            found[name] = typed_values if name == "stop" else typed_values[0]
    return found


def _message(value):
    if not isinstance(value, dict) or set(value) != {"role", "content"} or value["role"] not in _modelfile.ROLES:
        raise FleetError(f"messages has {shown(value)} that is no message; write role ({', '.join(_modelfile.ROLES)}) and content")
    return {"role": value["role"], "content": _text("content", value["content"])}


def _quantization(value):
    if not isinstance(value, str) or not QUANTIZATION.fullmatch(value):
        raise FleetError(f"quantize {shown(value)} is not a type of weights; for example q4_K_M")
    return value.upper()
