# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Modelfiles, read as ``ollama create`` reads them. No I/O."""

from __future__ import annotations

import re
from collections import namedtuple

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._model_parameters import WITHOUT_EFFECT, typed
from ansible_collections.barellama.fleet.plugins.module_utils._names import BadName, ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown

Command = namedtuple("Command", "name value line")

ROLES = ("system", "user", "assistant")
PATHS = {"adapter": "adapters", "draft": "draft"}
TEXTS = ("template", "system", "renderer", "parser")
COMMANDS = ("from", "parameter", "message", "license", "requires", *TEXTS, *PATHS)

BETWEEN = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)*")
WORD = re.compile(r"([^ \t\r\n]*)([ \t]*)")
NEWLINE = re.compile(r"\r\n|\r|\n")
# A quotation ends where a line ends with the marks that it began with.
ENDS = {mark: re.compile(mark + r"[ \t]*(?=[\r\n]|\Z)") for mark in ('"""', '"')}
TO_END_OF_LINE = re.compile(r"[^\r\n]*")
VERSION = re.compile(r"v?([0-9]+(?:\.[0-9]+(?:\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?)?)")
PATH = re.compile(r"[/~\\].*|\.{1,2}(?:[/\\].*)?|.*\.(?:gguf|bin|safetensors)", re.IGNORECASE | re.DOTALL)


class BadModelfile(FleetError):
    """The text is no Modelfile; says in which line and why."""

    def __init__(self, line, reason):
        super().__init__(f"Modelfile line {line}: {reason}" if line else f"Modelfile: {reason}")


def definition(text):
    """What ``text`` defines, under the names that /api/create has for it.

    Files stay the paths that were written: ``files`` (of FROM), ``adapters`` and ``draft`` are lists of them.
    """
    found = {}
    for command in _commands(_readable(text)):
        _take(command, found)
    if not found.keys() & {"from", "files"}:
        raise BadModelfile(0, "it has no FROM; begin with FROM and the model or the file that it is made from")
    return found


def _readable(text):
    """``text`` without what is not printed, a byte order mark among it; Ollama leaves these out even of prompts."""
    if not isinstance(text, str):
        raise BadModelfile(0, f"{shown(text)} is not a text; give what is in the file")
    return "".join(character for character in text if character.isprintable() or character in "\t\r\n")


def _commands(text):
    position, line, counted = 0, 1, 0
    while True:
        position = BETWEEN.match(text, position).end()
        if position == len(text):
            return
        line, counted = line + len(NEWLINE.findall(text, counted, position)), position
        name, position = _word(text, position)
        if name.lower() not in COMMANDS:
            raise BadModelfile(line, f"{shown(name)} is no command{did_you_mean(name.lower(), COMMANDS)}; a text of several lines "
                                     f'stands in """')
        name = name.lower()
        if name in ("parameter", "message"):
            what, position = _word(text, position)
            value, position = _value(text, position, line, f"{name.upper()} {what}".strip())
            yield Command(name, (what, value), line)
        else:
            value, position = _value(text, position, line, name.upper())
            yield Command(name, value, line)


def _word(text, position):
    found = WORD.match(text, position)
    return found.group(1), found.end()


def _value(text, position, line, what):
    """(value, where it ends): the rest of the line, or a quotation."""
    if position == len(text) or text[position - 1] not in " \t":
        raise BadModelfile(line, f"{what} has no value; write it in the same line")
    mark = next((mark for mark in ENDS if text.startswith(mark, position)), None)
    if mark is None:
        rest = TO_END_OF_LINE.match(text, position)
        return rest.group().strip(" \t"), rest.end()
    begin = position + len(mark)
    end = ENDS[mark].search(text, begin)
    if end is None:
        raise BadModelfile(line, f"the quotation of {what} does not end; close it with {mark} at the end of a line")
    return text[begin:end.start()], end.end()


def _take(command, found):
    name, value, line = command
    if name == "parameter":
        _take_parameter(*value, line, found)
    elif name == "message":
        role, content = value
        if role not in ROLES:
            raise BadModelfile(line, f"MESSAGE has the role {shown(role)}; it is system, user or assistant")
        found.setdefault("messages", []).append({"role": role, "content": content})
    elif name == "license":
        found.setdefault("license", []).append(value)
    elif name in TEXTS:
        found[name] = value
    elif name in PATHS:
        found[PATHS[name]] = [_filled(name, value, line)]
    elif name == "requires":
        version = VERSION.fullmatch(value)
        if not version:
            raise BadModelfile(line, f"REQUIRES {shown(value)} is not a version; write one such as 0.14.0")
        found["requires"] = version.group(1)
    else:
        _take_from(_filled(name, value, line), line, found)


def _filled(name, value, line):
    if not value:
        raise BadModelfile(line, f"{name.upper()} has no value; write it in the same line")
    return value


def _take_from(value, line, found):
    """Ollama looks whether there is such a file. Here a path has to look like one."""
    if PATH.fullmatch(value):
        found.setdefault("files", []).append(value)
        return
    try:
        ModelName.parse(value)
    except BadName as error:
        raise BadModelfile(line, f"FROM: {error}; a file's path begins with / or ./") from error
    found["from"] = value


def _take_parameter(name, value, line, found):
    if name in WITHOUT_EFFECT:
        return
    try:
        value = typed(name, value)
    except FleetError as error:
        raise BadModelfile(line, f"PARAMETER {error}") from error
    parameters = found.setdefault("parameters", {})
    if name == "stop":
        parameters.setdefault(name, []).append(value)
    else:
        parameters[name] = value
