# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What the lines of a server's log say, as data. No I/O."""

from __future__ import annotations

import json
import re

PAIR = re.compile(r'([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|\S*)')
# The variables of the line "server config", which are all there is to tell where a value with spaces ends.
NAME = re.compile(r"(?:^| )([A-Z][A-Z0-9_]*|https?_proxy|no_proxy):")


def fields(line):
    """The pairs ``name=value`` of a line in the server's own form; nothing of other lines."""
    if not line.startswith("time="):
        return {}
    return {name: _plain(value) for name, value in PAIR.findall(line)}


def messages(lines, *wanted):
    """The fields of those lines whose message is one of ``wanted``, in order."""
    return [found for found in map(fields, lines) if found.get("msg") in wanted]


def server_config(lines):
    """Variable -> what the server that started last made of it; None where no line tells."""
    told = messages(lines, "server config")
    return parse_map(told[-1].get("env", "")) if told else None


def parse_map(text):
    """A map as Go prints it, ``map[NAME:value NAME:value]``, with spaces inside values."""
    parts = NAME.split(text.removeprefix("map[").removesuffix("]"))
    return dict(zip(parts[1::2], parts[2::2]))


def devices(lines):
    """What the server that started last found to compute on, as its log names it; None where it does not tell."""
    begin = max((number for number, line in enumerate(lines) if 'msg="server config"' in line), default=0)
    return messages(lines[begin:], "inference compute") or None


def _plain(value):
    if not value.startswith('"'):
        return value
    try:
        return json.loads(value)
    except ValueError:  # Go quotes some characters in ways that JSON does not know
        return value[1:-1]
