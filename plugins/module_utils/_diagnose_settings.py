# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Settings that do not arrive: overridden before the server starts, or read by it as something else. No I/O.

Ollama refuses no value. What it cannot read becomes its default, or true; a name that it does not know is passed over.
Only the line "server config" of its log tells what it made of its environment.
"""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_log import server_config
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen, finding
from ansible_collections.barellama.fleet.plugins.module_utils._settings_kinds import (
    GO_DURATION,
    GO_DURATION_PART,
    LONGEST_DURATION,
    SECONDS,
)
from ansible_collections.barellama.fleet.plugins.module_utils._settings_table import BY_NAME, MANAGED, PREFIX, refusal
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown

TRUE = ("1", "t", "true", "y", "yes", "on", "enable", "enabled")
FALSE = ("", "0", "f", "false", "n", "no", "off", "disable", "disabled")
LEVELS = {"INFO": FALSE, "DEBUG": TRUE, "DEBUG-4": ("2",), "TRACE": ("2",), "WARN": ("-1",)}
NOT_IN_THE_LINE = ("OLLAMA_CLOUD_BASE_URL",)  # read by the server all the same
NUMBER = re.compile(r"\d+", re.ASCII)


def settings(look):
    """Whether what is wanted arrives. ``look`` has wanted and environment (of the process, or None), start_log."""
    started = look.environment
    given = look.wanted if started is None else {name: started.get(name) for name in look.wanted}
    for name, value in sorted(look.wanted.items()):
        if given[name] != value:
            yield _overridden(look, name, value, given[name])
    yield from _misread(look, {name: value for name, value in given.items() if value == look.wanted[name]})


def environment(look):
    """The same of variables that the server has from elsewhere, such as an operator's drop-in."""
    given = look.environment or {}
    yield from _misread(look, {name: value for name, value in given.items() if name not in look.wanted})


def _overridden(look, name, value, got):
    instead = "without it" if got is None else f"with {shown(got, name)}"
    symptom = f"{name} is wanted as {shown(value, name)}, and the server was started {instead}"
    if look.written is not None and look.written.get(name) == got:
        return finding(symptom, "its file of settings says so: site.yml was not run since that was changed, or the change was "
                       "rolled back", "run site.yml, which says why where it fails")
    return finding(
        symptom,
        "something else sets it later, or the server was not restarted since it changed",
        f"see what sets it: {look.definition}; then restart it: {look.restart}",
    )


def _misread(look, given):
    config = server_config(look.start_log)
    if config is None:
        raise Unseen("its log has no line 'server config' since the last start; a server with debug: -1 writes none")
    for name, value in sorted(given.items()):
        if name in config:
            kind, same = _compare(name, value.strip().strip("\"'").strip(), config[name])
            if not same:
                yield finding(
                    f"{name} is set to {shown(value, name)}, and the server reads {shown(config[name], name)}",
                    RULES[kind],
                    f"{EXAMPLES[kind]}{_place(look, name)}",
                )
        elif name.startswith(PREFIX) and name not in NOT_IN_THE_LINE:
            yield finding(
                f"{name} is set, and has no effect",
                refusal(name) or f"this release of Ollama knows no such variable{did_you_mean(name, list(config))}",
                f"leave it out{_place(look, name)}",
            )


def _place(look, name):
    if name not in look.wanted:
        return f", where it is set: {look.definition}"
    if name in MANAGED:
        return f", in {MANAGED[name]}"
    return f", in ollama_settings.{BY_NAME[name].key}" if name in BY_NAME else ", in ollama_extra_env"


def _compare(name, value, read):
    """What kind of value ``read`` is, and whether ``value`` means the same to a person."""
    word = value.lower()
    if value == read:
        return "text", True
    if name == "OLLAMA_DEBUG":
        return "level", word in LEVELS.get(read, (word,))
    if name == "OLLAMA_HOST":
        return "text", read in (f"http://{value}", f"http://{value}:11434", f"{value}:80", f"{value}:443")
    if read in ("true", "false"):
        return "boolean", word in (TRUE if read == "true" else FALSE)
    if NUMBER.fullmatch(read):
        return "number", bool(NUMBER.fullmatch(value)) and int(value) == int(read)
    if GO_DURATION.fullmatch(read):
        return "duration", _seconds(value) == _seconds(read)
    if read.startswith("["):
        return "list", set(value.split(",")) <= set(read.strip("[]").split(" "))
    return "text", False


def _seconds(text):
    """A length of time as a number; more than a century, and all that is negative, is for ever."""
    if re.fullmatch(r"-?\d+", text):
        seconds = int(text)
    else:
        found = GO_DURATION.fullmatch(text)
        if not found:
            return None
        seconds = sum(float(number) * SECONDS[unit] for number, unit in GO_DURATION_PART.findall(found["parts"]))
        seconds = -seconds if found["sign"] else seconds
    return float("inf") if seconds < 0 or seconds > LONGEST_DURATION else seconds


RULES = {
    "boolean": "Ollama takes 1 and 0, and reads every other word as true",
    "number": "Ollama takes a whole number from 0, and uses its default instead of anything else",
    "duration": "Ollama takes a number with a unit, or of seconds, and uses its default instead of anything else",
    "level": "Ollama takes 1 (debug), 2 (trace), 0 or -1 (warnings only), and words mean 0",
    "list": "Ollama takes a list with commas and without spaces",
    "text": "the server changed it while reading",
}
EXAMPLES = {
    "boolean": "write 1 or 0",
    "number": "write a whole number such as 4",
    "duration": "write a time such as 10m",
    "level": "write one of these numbers",
    "list": "write it without spaces",
    "text": "correct it",
}
