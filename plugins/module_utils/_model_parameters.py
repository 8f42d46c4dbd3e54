# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The parameters that a model may have, and their types. No I/O."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown

WHOLE = ("num_keep", "seed", "num_predict", "top_k", "repeat_last_n", "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread",
         "draft_num_predict")
FRACTIONS = ("top_p", "min_p", "typical_p", "temperature", "repeat_penalty", "presence_penalty", "frequency_penalty")
PARAMETERS = (*WHOLE, *FRACTIONS, "use_mmap", "stop")
# Still understood, without any effect.
WITHOUT_EFFECT = ("penalize_newline", "low_vram", "f16_kv", "logits_all", "vocab_only", "use_mlock", "mirostat", "mirostat_tau",
                  "mirostat_eta")
WORDS_FOR = {"true": ("1", "t", "T", "TRUE", "true", "True"), "false": ("0", "f", "F", "FALSE", "false", "False")}

INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
LARGEST_SINGLE = 3.4028235e38


def typed(name, value):
    """``value``, a text or what YAML made of one, in the type that the parameter ``name`` has; FleetError when it has none such.

    ``stop`` may be given more than once, and what is given here is one of its texts.
    """
    if name not in PARAMETERS:
        raise FleetError(f"{shown(name)} is not known to Ollama{did_you_mean(name, PARAMETERS) if isinstance(name, str) else ''}")
    if name == "stop":
        if isinstance(value, str):
            return value
        wanted = "a text"
    elif name in WHOLE:
        text = _text(value)
        if INTEGER.fullmatch(text) and -(1 << 63) <= int(text) < 1 << 63:
            return int(text)
        wanted = "a whole number"
    elif name in FRACTIONS:
        text = _text(value)
        if NUMBER.fullmatch(text) and abs(float(text)) <= LARGEST_SINGLE:
            return float(text)
        wanted = "a number"
    else:
        if _text(value) in WORDS_FOR["true"] + WORDS_FOR["false"]:
            return _text(value) in WORDS_FOR["true"]
        wanted = "true or false"
    raise FleetError(f"{name} is {shown(value)}; it must be {wanted}")


def _text(value):
    """As it would stand in a Modelfile; nothing for what could not."""
    if isinstance(value, int) and abs(value) >= 1 << 64:
        return ""
    return str(value) if isinstance(value, (str, int, float)) else ""
