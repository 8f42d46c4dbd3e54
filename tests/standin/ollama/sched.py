# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loaded models: who is in memory, with which context, until when."""

from __future__ import annotations

import os
import threading
import time

from . import durations, envconfig, faults, log
from .errors import GoError

CPU_MODELS = 3
FAR_AWAY = 9.2e9
TIERS = ((47, 262144), (23, 32768), (0, 4096))
GIB = 1 << 30
HALF_PRECISION = 2


class Loaded:
    """One model in memory."""

    def __init__(self, model, context, size, vram):
        self.name = model.name
        self.digest = model.manifest.digest
        self.details = dict(model.details(), parent_model="")
        self.context = context
        self.size = size
        self.vram = vram
        self.until = 0.0

    def entry(self):
        """Return the model as `/api/ps` shows it."""
        return {"name": self.name.short, "model": self.name.short, "size": self.size, "digest": self.digest,
                "details": self.details, "expires_at": log.timestamp(self.until), "size_vram": self.vram,
                "context_length": self.context}


class Scheduler:
    """Keeps the loaded models, one for each file of weights, and turns requests away when too many wait."""

    def __init__(self):
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._loaded = {}
        self._waiting = 0

    def use(self, model, options, keep):
        """Load a model unless it is there with the same context; return its Loaded. ``keep`` is in seconds."""
        weights = model.weights["digest"]
        context = _context(model, options)
        with self._lock:
            loaded = self._alive().get(weights)
            if loaded is None or loaded.context != context:
                loaded = None
                if self._waiting > envconfig.number("OLLAMA_MAX_QUEUE"):
                    raise GoError("server busy, please try again.  maximum pending requests exceeded", 503)
                self._waiting += 1
                log.debug("standin", "waiting to be loaded", models=self._waiting)
        if loaded is None:
            try:
                with self._loading:
                    loaded = self._load(model, context)
            finally:
                with self._lock:
                    self._waiting -= 1
        loaded.until = time.time() + min(keep, FAR_AWAY)
        return loaded

    def unload(self, model):
        with self._lock:
            self._loaded.pop(model.weights["digest"], None)

    def entries(self):
        """Return the entries of `/api/ps`; the one that stays longest comes first."""
        with self._lock:
            loaded = sorted(self._alive().values(), key=lambda one: one.until, reverse=True)
        return [one.entry() for one in loaded]

    def _alive(self):
        now = time.time()
        self._loaded = {weights: one for weights, one in self._loaded.items() if one.until > now}
        return self._loaded

    def _load(self, model, context):
        time.sleep(faults.read().get("load_seconds", 0))
        weights = os.path.getsize(model.store.blob(model.weights["digest"]))
        cache = _cache_bytes(model, context)
        if cache > faults.read().get("memory", 32 * GIB):
            with self._lock:
                self._loaded.clear()
            error = _out_of_memory(cache)
            log.info("sched.go:682", "Load failed", model=model.store.blob(model.weights["digest"]), error=error)
            raise error
        size = weights + cache
        loaded = Loaded(model, context, size, int(size * faults.read().get("vram_share", 1)) if gpus() else 0)
        loaded.until = time.time() + FAR_AWAY
        with self._lock:
            self._alive()[model.weights["digest"]] = loaded
            limit = envconfig.number("OLLAMA_MAX_LOADED_MODELS") or CPU_MODELS * max(1, len(gpus()))
            while len(self._loaded) > limit:
                others = [key for key, one in self._loaded.items() if one is not loaded]
                del self._loaded[min(others, key=lambda key: self._loaded[key].until)]
        log.info("sched.go:728", "loaded runners", count=len(self._loaded))
        return loaded


def gpus():
    """Return the GPUs that this server sees, one dict each; none without the fault-file key `gpus`."""
    fault = faults.read()
    lost = fault.get("cpu_only") or fault.get("driver_too_old") or envconfig.text("CUDA_VISIBLE_DEVICES") == "-1"
    return [] if lost else fault.get("gpus", [])


def default_context():
    """Return (bytes of video memory, context length) as the server finds them at its start."""
    total = sum(gpu.get("total_gib", 24) for gpu in gpus())
    return total * GIB, next(context for limit, context in TIERS if total >= limit)


def default_keep():
    return envconfig.duration("OLLAMA_KEEP_ALIVE")


def keep_seconds(request):
    return durations.keep_alive(request["keep_alive"]) if "keep_alive" in request else default_keep()


def _context(model, options):
    asked = options.get("num_ctx") or envconfig.number("OLLAMA_CONTEXT_LENGTH") or default_context()[1]
    trained = model.header().of_architecture("context_length")
    return min(int(asked), trained) if trained else int(asked)


def _cache_bytes(model, context):
    """Return the size of keys and values for ``context`` tokens at half precision."""
    header = model.header()
    heads = header.of_architecture("attention.head_count") or 1
    width = header.of_architecture("embedding_length") // heads
    width *= header.of_architecture("attention.head_count_kv", heads)
    values = context * width * header.of_architecture("block_count")
    return values * 2 * HALF_PRECISION * max(1, envconfig.number("OLLAMA_NUM_PARALLEL"))


def _out_of_memory(size):
    return GoError(
        "llama-server process has terminated: exit status 1: ggml_aligned_malloc: insufficient memory (attempted to "
        "allocate %.2f MB)\nggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size %d\n"
        "ggml_backend_buft_alloc_buffer_n_default: failed to allocate CPU buffer of size %d\n"
        "llama_init_from_model: failed to initialize the context: failed to allocate buffer for kv cache"
        % (size / (1 << 20), size, size))
