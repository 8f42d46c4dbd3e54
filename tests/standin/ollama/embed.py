# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`/api/embed`: vectors that mean nothing, the same for the same text."""

from __future__ import annotations

import hashlib
import math
import time

from . import names
from .errors import GoError, NotFound
from .models import Model
from .sched import keep_seconds


def embed(store, scheduler, request):
    """Return the answer to a request; without a text the model is only loaded, or unloaded."""
    begin, keep = time.monotonic_ns(), keep_seconds(request)
    model = _found(store, request.get("model") or "")
    given = request.get("input") or []
    texts = [given] if isinstance(given, str) else given
    scheduler.use(model, dict(model.parameters(), **request.get("options", {})), keep)
    answer = {"model": request["model"], "embeddings": []}
    if not texts:
        return answer
    if "embedding" not in model.capabilities():
        raise GoError("This server does not support embeddings. Start it with `--embeddings`", 501)
    answer["embeddings"] = [_vector(str(text), model.header().of_architecture("embedding_length")) for text in texts]
    spent = max(1, time.monotonic_ns() - begin)
    return dict(answer, total_duration=spent, load_duration=spent, prompt_eval_count=sum(len(str(text).split()) for text in texts))


def _found(store, text):
    if not text:
        raise NotFound("model '' not found")
    try:
        return Model(store, store.existing(names.referenced(text)))
    except FileNotFoundError:
        raise NotFound(f'model "{text}" not found, try pulling it first') from None


def _vector(text, length):
    """``length`` numbers whose squares add up to one."""
    noise = hashlib.shake_256(text.encode("utf-8", "replace")).digest(length)
    numbers = [byte - 127.5 for byte in noise]
    norm = math.sqrt(sum(number * number for number in numbers))
    return [number / norm for number in numbers]
