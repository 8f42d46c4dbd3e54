# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""A model as /api/show tells of it, and how it differs from what a definition makes. No I/O."""

from __future__ import annotations

import ast
import re

from ansible_collections.barellama.fleet.plugins.module_utils._models_definition import OWN, TEXTS

WEIGHTS = re.compile(r"(?:FROM|ADAPTER) .*sha256-([0-9a-f]{64})")


def described(show):
    """What /api/show tells of a model, as far as a definition could say it. ``weights`` are digests in bare hex."""
    return {
        "weights": _weights(show.get("modelfile")),
        **{key: show.get(key) or "" for key in TEXTS},
        "parameters": _shown_parameters(show.get("parameters") or ""),
        "messages": [{key: message.get(key) for key in ("role", "content")} for message in show.get("messages") or []],
        "license": show.get("license") or "",
    }


def differences(definition, base, model, weights):
    """How ``model`` is not what ``definition`` makes of ``base`` (both as ``described``; a base of files is {}): a dict of
    pairs (as it is, as it should be). ``weights`` are the sets of digests that it may have, none when that is not known."""
    wanted = {key: base.get(key, "") for key in (*TEXTS, "license")}
    wanted.update(definition.texts)
    wanted["license"] = "\n".join([*filter(None, [base.get("license")]), *definition.license])
    wanted["messages"] = list(definition.messages) or base.get("messages", [])
    told = [key for key in wanted if key in definition.texts or not (key in OWN or (key == "template" and definition.gguf))]
    found = {key: (model[key], wanted[key]) for key in told if model[key] != wanted[key]}
    given, there = {**base.get("parameters", {}), **definition.parameters}, model["parameters"]
    for key in sorted({*given, *there}):
        # The words that end an answer come with the template that the server chose.
        chosen = key == "stop" and definition.gguf and "template" not in definition.texts and key not in given
        if given.get(key) != there.get(key) and not chosen:
            found[f"parameters.{key}"] = (there.get(key), given.get(key))
    if model["weights"] not in weights:
        found["weights"] = (_short(model["weights"]), _short(weights[0]) if weights else "made anew")
    return found


def _weights(modelfile):
    """They stand at the top; what follows are texts that may hold anything."""
    found = []
    for line in str(modelfile or "").split("\n"):
        weights = WEIGHTS.fullmatch(line)
        if weights:
            found.append(weights.group(1))
        elif line and not line.startswith("#"):
            break
    return sorted(found)


def _shown_parameters(text):
    """One a line, texts quoted as Go does it, which is as Python does it."""
    found = {}
    for line in filter(None, text.split("\n")):
        name, value = line.split(" ", 1)[0], line[len(line.split(" ", 1)[0]):].strip()
        found.setdefault(name, []).append(_value(value))
    return {name: values if name == "stop" or len(values) > 1 else values[0] for name, values in found.items()}


def _value(text):
    if text in ("true", "false"):
        return text == "true"
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    return value if isinstance(value, (int, float, str)) else text


def _short(digests):
    return " ".join(digest[:12] for digest in digests)
