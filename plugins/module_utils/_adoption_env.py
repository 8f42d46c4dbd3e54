# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""The environment that a server was started with, as the typed variables of the role, and what Ollama made of it."""

from __future__ import annotations

import ipaddress
import re
from collections import namedtuple

from ansible_collections.barellama.fleet.plugins.module_utils import _settings_kinds as kinds
from ansible_collections.barellama.fleet.plugins.module_utils._settings import extra_problems
from ansible_collections.barellama.fleet.plugins.module_utils._settings_table import (
    BY_NAME,
    DANGEROUS,
    MANAGED,
    PREFIX,
    refusal,
)
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

Carried = namedtuple("Carried", "settings extra_env lines left")
Carried.__doc__ += ": two of the role's variables, a line for each name, and name -> why of what had no place in them."

FALSE = ("0", "f", "F", "false", "False", "FALSE")
TRUE = ("1", "t", "T", "true", "True", "TRUE")
ON, OFF = ("on", "enabled", "true", "1"), ("off", "disabled", "false", "0")
HIDE_ALL = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
ENDLESS = {"OLLAMA_KEEP_ALIVE": "forever", "OLLAMA_LOAD_TIMEOUT": "infinite"}
DEFAULTED = "Ollama cannot read it and uses its default"
# Numbers that upstream replaces by its default where they cannot be read. 0 is the default of the second group.
COUNTS = ("OLLAMA_MAX_QUEUE", "OLLAMA_MAX_TRANSFER_STREAMS", "OLLAMA_MAX_LOADED_MODELS", "OLLAMA_GPU_OVERHEAD")
COUNTS_WITHOUT_ZERO = ("OLLAMA_NUM_PARALLEL", "OLLAMA_CONTEXT_LENGTH")
SCHEME_PORTS = {"http": "80", "https": "443"}


class NoEffect(Exception):
    """The variable does nothing, for the reason given."""


def carry(variables):
    """``variables`` (name -> text), except those that the role writes itself, as the role's variables."""
    settings, extra_env, lines, left = {}, {}, [], {}
    for name, text in sorted(variables.items()):
        known = name.upper() if name.upper() in PROXIES else name
        useless = refusal(known)
        if known in MANAGED:
            continue
        if known == "PATH":
            lines.append("PATH: left out; the installer wrote its own search path there, and the server needs none")
        elif useless:
            lines.append(f"{name}: left out; {useless}")
        elif known in BY_NAME:
            _carry_setting(known, name, text, settings, lines, left)
        elif _template(text) or DANGEROUS.fullmatch(known) or extra_problems({name: text}):
            left[name] = _why_not(name, text)
        else:
            extra_env[name] = text
            lines.append(f"{name}={_seen(text, name)} becomes ollama_extra_env.{name}")
    return Carried(settings, extra_env, lines, left)


def typed(name, text):
    """The value that the role's setting must have so that Ollama does what it did with ``text``.

    NoEffect where leaving it out does the same; ValueError where the role refuses what it does, with the rule.
    """
    variable = BY_NAME[name]
    if name.startswith(PREFIX):
        text = text.strip().strip("\"'").strip()
    if not text:
        if name in HIDE_ALL:
            return -1
        raise NoEffect("it is empty, which is the same as not set")
    special = {kinds.log_level: _log_level, kinds.on_off: _on_off}.get(variable.kind)
    value = text not in FALSE if variable.kind is kinds.boolean else special(text) if special else _value(name, text)
    variable.kind(value)  # raises where it refuses
    return value


def listens(text):
    """(host, port) that OLLAMA_HOST means to Ollama."""
    text = text.strip().strip("\"'").strip()
    scheme, separator, rest = text.partition("://")
    standard = SCHEME_PORTS.get(scheme, "11434") if separator else "11434"
    place = (rest if separator else text).partition("/")[0]
    with_port = re.fullmatch(r"(?:\[(?P<six>[^\]]*)\]|(?P<host>[^:\[\]]*)):(?P<port>[^:]*)", place)
    if with_port:
        host, port = with_port["six"] or with_port["host"] or "::", with_port["port"]
    else:
        host, port = place.strip("[]") or "127.0.0.1", standard
    if not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) <= 65535):
        port = standard
    return _spelled(host), int(port)


def _carry_setting(known, name, text, settings, lines, left):
    key = BY_NAME[known].key
    if key in settings:  # of a proxy's names the upper-case one sorts first, and counts
        return
    try:
        if _template(text):
            raise ValueError("has braces that Ansible would read as a template")
        value = typed(known, text)
    except NoEffect as reason:
        lines.append(f"{name}={_seen(text, name)}: left out; {reason}")
    except ValueError as rule:
        left[name] = f"{_seen(text, name)} {rule}"
    else:
        settings[key] = value
        becomes = f"ollama_settings.{key}: {_seen(value, name)}{_remark(known, text)}"
        lines.append(f"{name}={_seen(text, name)} becomes {becomes}")


def _log_level(text):
    if text in TRUE:
        return True
    if re.fullmatch(r"-?[0-9]{1,4}", text):
        return max(-1, min(2, int(text)))
    if text in FALSE:
        return False
    raise NoEffect("it is no level to Ollama, which logs as if it were not set")


def _on_off(text):
    if text.lower() not in ON + OFF:
        raise ValueError("is neither on nor off")
    return text.lower() in ON


def _value(name, text):
    if name in COUNTS + COUNTS_WITHOUT_ZERO:
        if not re.fullmatch(r"[0-9]{1,19}", text):
            raise NoEffect(DEFAULTED)
        if int(text) == 0 and name in COUNTS_WITHOUT_ZERO:
            raise NoEffect("0 is Ollama's own default")
        return int(text)
    if name in ENDLESS:
        return _duration(name, text)
    if name == "OLLAMA_KV_CACHE_TYPE":
        return text.lower()
    if BY_NAME[name].kind in (BY_NAME["OLLAMA_LLM_LIBRARY"].kind, BY_NAME["HTTPS_PROXY"].kind,
                              BY_NAME["HSA_OVERRIDE_GFX_VERSION"].kind):
        return text
    items = [int(item) if re.fullmatch(r"-?[0-9]{1,9}", item) else item for item in map(str.strip, text.split(","))]
    return items[0] if len(items) == 1 and isinstance(items[0], int) else items


def _duration(name, text):
    value = int(text) if re.fullmatch(r"[+-]?[0-9]{1,15}", text) else text
    try:
        endless = BY_NAME["OLLAMA_KEEP_ALIVE"].kind(value) == "-1"
    except ValueError as reason:
        raise NoEffect(DEFAULTED) from reason
    zero = name == "OLLAMA_LOAD_TIMEOUT" and re.fullmatch(r"[+-]?(0+(\.0+)?[a-z]*)+", text)
    return ENDLESS[name] if endless or zero else value


def _remark(name, text):
    if BY_NAME[name].kind is kinds.boolean and text.strip().strip("\"'") not in TRUE + FALSE:
        return ", which is how Ollama reads it"
    return ""


def _why_not(name, text):
    if _template(text):
        return f"{_seen(text, name)} has braces that Ansible would read as a template"
    return extra_problems({name: text}, "")[0].partition(": ")[2]


def _template(text):
    return any(mark in text for mark in ("{{", "{%", "{#"))


def _seen(value, name):
    return shown(value, name).strip("'")


def _spelled(host):
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host
