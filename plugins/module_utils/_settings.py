# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Typed settings and free variables to the environment of one Ollama server, or every reason why not."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import VERSION
from ansible_collections.barellama.fleet.plugins.module_utils._settings_table import (
    BY_KEY,
    BY_NAME,
    DANGEROUS,
    MANAGED,
    PREFIX,
    refusal,
)
from ansible_collections.barellama.fleet.plugins.module_utils._words import CONTROL, did_you_mean, nearest, shown

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
LONGEST_TEXT = 32768
NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9_./:,@%+=~\[\]*-]*", re.ASCII)
NEEDS_ESCAPE = re.compile(r'["\\$`]')


def environment(settings, extra_env=None, version=None):
    """The variables, sorted by name, as texts.

    ``settings`` are typed and named as in the table, ``extra_env`` is passed through after checks. FleetError lists
    all that is wrong.
    """
    found = problems(settings, extra_env or {}, version)
    if found:
        raise FleetError(" | ".join(found))
    result = {BY_KEY[key].name: BY_KEY[key].kind(value) for key, value in settings.items()}
    result.update((name, str(value)) for name, value in (extra_env or {}).items())
    return dict(sorted(result.items()))


def render(variables):
    """A file for systemd's EnvironmentFile=, one line per variable. Compose's env_file: knows the same quotes."""
    return "".join(f"{name}={_quoted(value)}\n" for name, value in variables.items())


def problems(settings, extra_env, version=None, where="ollama_settings", extra_where="ollama_extra_env"):
    """All that is wrong, one line each. ``version`` is the Ollama release wanted; None when it does not matter."""
    found = setting_problems(settings, version, where)
    found += contradictions(settings, where)
    return found + extra_problems(extra_env, extra_where)


def setting_problems(settings, version=None, where="ollama_settings"):
    """What is wrong with each setting, seen alone."""
    if not isinstance(settings, dict):
        return [f"{where}: {shown(settings)} is not a dictionary; for example {{num_parallel: 4}}"]
    found = (_setting_problem(key, value, version, where) for key, value in settings.items())
    return [problem for problem in found if problem]


def contradictions(settings, where="ollama_settings"):
    """Settings that are right alone and wrong together."""
    if not isinstance(settings, dict):
        return []
    cache = settings.get("kv_cache_type")
    if settings.get("flash_attention") is False and cache in ("q8_0", "q4_0"):
        problem = f"{shown(cache)} has no effect while flash_attention is false"
        return [f"{where}.kv_cache_type: {problem}; set flash_attention: true, or leave kv_cache_type out"]
    return []


def extra_problems(extra_env, where="ollama_extra_env"):
    """What is wrong with variables that are passed through."""
    if not isinstance(extra_env, dict):
        return [f"{where}: {shown(extra_env)} is not a dictionary; for example {{CUDA_CACHE_MAXSIZE: 1073741824}}"]
    found = (_name_problem(name) or _text_problem(name, value) for name, value in extra_env.items())
    return [f"{where}{problem}" for problem in found if problem]


def release_number(version):
    """(major, minor, patch) of a text such as "0.34.4" or "0.34.4-rc1", else None."""
    found = VERSION.fullmatch(version) if isinstance(version, str) and len(version) <= 32 else None
    return tuple(int(part) for part in found.groups()[:3]) if found else None


def _setting_problem(key, value, version, where):
    variable = BY_KEY.get(key) if isinstance(key, str) else None
    if not variable:
        return f"{where}: {_unknown_key(key)}"
    wanted, first = release_number(version), release_number(variable.since)
    if wanted and first and wanted < first:
        return (f"{where}.{key}: {variable.name} exists since Ollama {variable.since}, not in {version}; "
                "leave it out, or install a newer release")
    try:
        variable.kind(value)
    except ValueError as rule:
        return f"{where}.{key}: {shown(value, key)} {rule}"
    return None


def _unknown_key(key):
    if not isinstance(key, str):
        return f"{shown(key)} is not the name of a setting; for example num_parallel"
    name = key.upper()
    if name in BY_NAME:
        return f"{shown(key)} must be written as {BY_NAME[name].key}"
    refused = refusal(name) or refusal(PREFIX + name)
    if refused:
        return refused
    meant = did_you_mean(key.lower().replace(PREFIX.lower(), "", 1), list(BY_KEY))
    return f"{shown(key)} is not a setting of Ollama{meant or '; other variables go into ollama_extra_env'}"


def _name_problem(name):
    """Why a variable must not be passed through, as the end of a line that begins with where it stands."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return f": {shown(name)} is not the name of a variable; use letters, digits and _"
    known = name.upper()
    if known in BY_NAME:
        return f": {name} is a setting; write it as ollama_settings.{BY_NAME[known].key}"
    refused = refusal(known)
    if refused:
        return f": {refused}"
    if DANGEROUS.fullmatch(known):
        return f": {name} is refused, since it changes what the service runs or who it is; delete it"
    meant = nearest(known, list(BY_NAME) + list(MANAGED)) if known.startswith(PREFIX) else None
    if meant:
        place = MANAGED.get(meant) or f"ollama_settings.{BY_NAME[meant].key}"
        return f": {name} is not a variable of Ollama; did you mean {meant}? Set it by {place}"
    return None


def _text_problem(name, value):
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return f".{name}: {shown(value, name)} is not a text; write it in quotes, for example '1'"
    if isinstance(value, str) and CONTROL.search(value):
        return f".{name}: {shown(value, name)} has a line break or control character; a value is one line of text"
    if _fits(value):
        return None
    return f".{name}: {shown(value, name)} is too long; give at most {LONGEST_TEXT} characters"


def _fits(value):
    return len(value) <= LONGEST_TEXT if isinstance(value, str) else abs(value) < 2**64


def _quoted(value):
    """Single quotes where nothing inside needs care, since those are taken literally."""
    if NEEDS_NO_QUOTES.fullmatch(value):
        return value
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    escaped = NEEDS_ESCAPE.sub(r"\\\g<0>", value)
    return f'"{escaped}"'
