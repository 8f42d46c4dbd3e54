# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON as Go reads and writes it: its error texts, its checks of types, its escapes."""

from __future__ import annotations

import json

from .errors import GoError

WORDS = ((bool, "bool"), (str, "string"), ((int, float), "number"), (list, "array"), (dict, "object"))
KINDS = {"string": str, "bool": bool}
EXPECTATIONS = {"Expecting property name": "looking for beginning of object key string",
                "Expecting ':'": "after object key",
                "Expecting value": "looking for beginning of value",
                "Expecting ','": "after object key:value pair"}
_DECODER = json.JSONDecoder()


def decode(data):
    """Return the first JSON value of some bytes; GoError in the words of Go's decoder."""
    text = data.decode("utf-8", "replace").lstrip()
    if not text:
        raise GoError("EOF")
    try:
        return _DECODER.raw_decode(text)[0]
    except json.JSONDecodeError as error:
        rest = text[error.pos:].lstrip()
        if not rest or error.msg.startswith("Unterminated"):
            raise GoError("unexpected EOF") from None
        for start, words in EXPECTATIONS.items():
            if error.msg.startswith(start):
                raise GoError(f"invalid character '{rest[0]}' {words}") from None
        raise GoError(f"invalid character '{rest[0]}' in string literal") from None


def bind(data, struct, fields):
    """Return a request body as a dict.

    ``struct`` is the name that Go's errors give the request; ``fields`` maps a field's name to "string" or "bool".
    A null counts as not given, as in Go.
    """
    if not data:
        raise GoError("missing request body", 400)
    try:
        body = decode(data)
    except GoError as error:
        raise GoError(str(error), 400) from None
    if not isinstance(body, dict):
        raise GoError(f"json: cannot unmarshal {_word(body)} into Go value of type api.{struct}", 400)
    body = {name: value for name, value in body.items() if value is not None}
    for name, kind in fields.items():
        if name in body and not isinstance(body[name], KINDS[kind]):
            raise GoError(f"json: cannot unmarshal {_word(body[name])} into Go struct field {struct}.{name} "
                          f"of type {kind}", 400)
    return body


def encode(value, ordered=False):
    """Return a value as Go's encoder prints it, without the line's end; maps are sorted unless ``ordered``."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=not ordered)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "replace")


def _word(value):
    for kind, word in WORDS:
        if isinstance(value, kind):
            return word
    return "null"
