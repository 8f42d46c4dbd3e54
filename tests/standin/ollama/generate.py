# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`/api/generate` and `/api/chat`: load, unload, and answers made of words that mean nothing."""

from __future__ import annotations

import time

from . import faults, gojson, log, names, sched
from .errors import GoError, NotFound
from .models import Model

WORDS = tuple("the quick brown fox jumps over a lazy dog and then it rests in the shade of an old green tree".split())
NATURAL_LENGTH = 20
INTEGERS = ("num_ctx", "num_predict", "num_keep", "seed", "top_k", "repeat_last_n", "num_batch", "num_gpu", "main_gpu",
            "num_thread")
FLOATS = ("temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty")
THINK_WORDS = (True, "low", "medium", "high", "max")
NO_IMAGES = {"error": {"code": 400, "message": "Multimodal data provided, but model does not support multimodal "
                       "requests.", "type": "invalid_request_error"}}


class Job:
    """One request to a model: what was asked, checked in the server's order."""

    def __init__(self, store, scheduler, request, chat):
        self.scheduler = scheduler
        self.request = request
        self.chat = chat
        self.keep = sched.keep_seconds(request)
        self.model = self._found(store)
        self.options = {}

    def _found(self, store):
        text = self.request.get("model") or ""
        if not text:
            raise GoError("model is required", 400) if self.chat else NotFound("model '' not found")
        try:
            return Model(store, store.existing(names.referenced(text)))
        except FileNotFoundError:
            raise NotFound(f"model '{text}' not found") from None

    @property
    def is_empty(self):
        return not self.request.get("messages" if self.chat else "prompt")

    @property
    def unloads(self):
        return self.is_empty and self.keep == 0

    def prepare(self):
        """Check everything, then load the model."""
        self._check_capabilities()
        self.options = dict(self.model.parameters(), **self.request.get("options", {}))
        _check_options(self.options)
        self.scheduler.use(self.model, self.options, self.keep)

    def _check_capabilities(self):
        has = self.model.capabilities()
        raw = self.request["model"]
        if "completion" not in has:
            raise GoError(f'"{raw}" does not support {"chat" if self.chat else "generate"}', 400)
        if self.request.get("think") in THINK_WORDS and "thinking" not in has:
            raise GoError(f'"{raw}" does not support thinking', 400)
        if self.request.get("tools") and "tools" not in has:
            raise GoError(f"{self.model.name.full} does not support tools", 400)

    def check_answerable(self):
        """Refuse what only the engine beneath refuses, after the model is loaded."""
        if self.request.get("images") and "vision" not in self.model.capabilities():
            raise GoError(gojson.encode(NO_IMAGES, ordered=True).decode(), 400)
        form = self.request.get("format") or ""
        if form != "json" and form != "" and not isinstance(form, dict):
            shown = gojson.encode(gojson.encode(form).decode()).decode()
            raise GoError(f'invalid format: {shown}; expected "json" or a valid JSON Schema object')

    def line(self, text, **more):
        """Return one object of the answer."""
        body = {"model": self.request["model"], "created_at": log.timestamp()}
        body.update({"message": {"role": "assistant", "content": text}} if self.chat else {"response": text})
        return dict(body, **dict({"done": False}, **more))

    def lifecycle(self, reason):
        return self.line("", done=True, done_reason=reason)

    def unload(self):
        self.scheduler.unload(self.model)
        return self.lifecycle("unload")

    def pieces(self):
        """Yield the answer token by token, then its last object."""
        started = time.monotonic()
        count, reason = self._length()
        pause = 1.0 / faults.read()["tokens_per_second"] if "tokens_per_second" in faults.read() else 0
        for number in range(count):
            time.sleep(pause)
            yield self.line(("" if number == 0 else " ") + WORDS[number % len(WORDS)])
        yield self._last(count, reason, time.monotonic() - started)

    def _length(self):
        """Return (number of tokens, done_reason)."""
        if faults.read().get("no_tokens"):
            return 0, "stop"
        limit = self.options.get("num_predict", -1)
        return (limit, "length") if 0 < limit < NATURAL_LENGTH else (NATURAL_LENGTH, "stop")

    def _last(self, count, reason, seconds):
        nanoseconds = max(1, int(seconds * 1e9))
        prompt = len(self._prompt().split()) + 1
        more = {"total_duration": nanoseconds + 2000000, "load_duration": 1000000, "prompt_eval_count": prompt,
                "prompt_eval_duration": 1000000, "eval_count": count, "eval_duration": nanoseconds}
        if not self.chat:
            more = dict({"context": list(range(259, 259 + prompt + count))}, **more)
        return self.line("", done=True, done_reason=reason, **{key: value for key, value in more.items() if value})

    def _prompt(self):
        if self.chat:
            return " ".join(str(message.get("content", "")) for message in self.request["messages"])
        return str(self.request["prompt"])


def joined(pieces):
    """Return the one object that a request without a stream gets."""
    text, last = "", {}
    for last in pieces:
        text += last["message"]["content"] if "message" in last else last["response"]
    if "message" in last:
        last["message"]["content"] = text
    else:
        last["response"] = text
    return last


def _check_options(options):
    for name, value in options.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if name in INTEGERS and not number:
            raise GoError(f'option "{name}" must be of type integer')
        if name in FLOATS and not number:
            raise GoError(f'option "{name}" must be of type float32')
        if name == "stop" and not isinstance(value, list):
            raise GoError('option "stop" must be of type array')
