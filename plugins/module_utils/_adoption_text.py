# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What systemd writes about a unit, its environment files and its unit files, read as systemd reads them."""

from __future__ import annotations

import re
from collections import namedtuple

WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")
CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
IN_DOUBLE_QUOTES = '"\\`$'  # what a backslash takes its meaning from there

Directive = namedtuple("Directive", "section key value")


def properties(output):
    """Property -> its value, or a list where ``systemctl show`` writes it on several lines, as EnvironmentFiles."""
    found = {}
    for key, value in re.findall("^([A-Za-z]+)=(.*)$", output, re.MULTILINE):
        found.setdefault(key, []).append(value)
    return {key: values if key == "EnvironmentFiles" else values[-1] for key, values in found.items()}


def words(text):
    """The words of a list as systemctl writes it: those that need it are quoted and escaped."""
    return [_plain(quoted) if quoted or not bare else bare for quoted, bare in WORD.findall(text)]


def assignments(entries):
    """NAME=value entries as a dictionary; the last one counts."""
    pairs = (entry.partition("=") for entry in entries)
    return {name: value for name, equals, value in pairs if equals}


def environment_file(text):
    """The variables of a file for EnvironmentFile=. Lines that systemd passes over are passed over here."""
    found, rest = {}, text
    while rest:
        rest = rest.lstrip(" \t\r\n")
        if rest[:1] in ("#", ";"):
            rest = rest.partition("\n")[2]
            continue
        line = re.match(r"([^=\n]*)=", rest)
        if not line:
            rest = rest.partition("\n")[2]
            continue
        value, rest = _value(rest[line.end():])
        name = line[1].strip()
        if NAME.fullmatch(name):
            found[name] = value
    return found


def directives(text):
    """The directives of a unit file, in order, an empty value too: it empties a list."""
    found, section = [], ""
    joined = re.sub(r"\\\n(?:[ \t]*[#;].*\n)*", " ", text)
    for line in map(str.strip, joined.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and line[0] not in "#;" and "=" in line:
            key, _equals, value = line.partition("=")
            found.append(Directive(section, key.strip(), value.strip()))
    return found


def program(exec_start):
    """The path in ExecStart as systemctl shows it; None where there is none."""
    found = re.match(r"\{ path=(.*?) ; argv\[\]=", exec_start)
    return found[1] if found else None


def _value(text):
    """(a value, what follows its line). Quotes mean something only where a value, or a new part of it, begins."""
    parts, place, fresh = [], 0, True
    while place < len(text) and text[place] != "\n":
        char = text[place]
        if fresh and char in " \t":
            place += 1
        elif fresh and char in "'\"":
            part, place = _quoted(text, place + 1, char)
            parts.append((part, True))
        elif char == "\\":
            parts.append((text[place + 1 : place + 2].replace("\n", ""), True))
            place, fresh = place + 2, False
        else:
            parts.append((char, False))
            place, fresh = place + 1, False
    while parts and parts[-1] in ((" ", False), ("\t", False), ("\r", False)):
        parts.pop()
    return "".join(part for part, _kept in parts), text[place + 1 :]


def _quoted(text, place, quote):
    value = ""
    while place < len(text) and text[place] != quote:
        if quote == '"' and text[place] == "\\":
            following = text[place + 1 : place + 2]
            value += following if following in IN_DOUBLE_QUOTES else "" if following == "\n" else "\\" + following
            place += 2
        else:
            value += text[place]
            place += 1
    return value, place + 1


def _plain(quoted):
    def meaning(found):
        code = found[1]
        return chr(int(code[1:], 16)) if len(code) == 3 else CONTROLS.get(code, code)

    return ESCAPE.sub(meaning, quoted)
