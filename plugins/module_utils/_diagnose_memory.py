# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Memory that does not suffice, and a store that is full or damaged. No I/O."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import finding

# What upstream takes for a lack of memory, and what its own refusal says.
LACKS = re.compile(
    r"out of memory|out of device memory|outof(device)?memory|(cuda|hip)malloc failed|failed to allocate|allocation failed"
    r"|not enough memory|insufficient memory|out_of_device_memory|requires more system memory|too large for system memory",
    re.IGNORECASE,
)
OF_A_GPU = re.compile(r"cuda|rocm|hip|vulkan|vk_|device.?memory|vram", re.IGNORECASE)
KILLED = re.compile(r"Killed process (\d+) \((ollama|llama-server)\)")
LESS = "give it less context (context_length, num_parallel, kv_cache_type: q8_0), fewer models at a time (max_loaded_models)"
ENOUGH = 1 << 30  # bytes free in the store, below which no pull makes sense


def memory(look):
    """Whether memory sufficed since the server was started."""
    killed = [line for line in look.host.kernel_log(look.started or 0) if KILLED.search(line)] if look.started else []
    if killed or look.killed:
        number = len(killed) or 1
        yield finding(f"the kernel ended {number} process{'es' if number > 1 else ''} of Ollama for lack of memory",
                      "models and their contexts are larger than the host's memory, or than the server's limit of it",
                      f"{LESS}, a smaller model, or more memory")
    lines = [line for line in look.recent_of_this_start if LACKS.search(line)]
    if lines:
        on_gpu = OF_A_GPU.search(lines[-1])
        yield finding(f"a model could not be loaded for lack of {'GPU ' if on_gpu else ''}memory",
                      f"its log says: {_shortened(lines[-1])}", f"{LESS}, or a smaller model")


def store(look):
    """Whether the models' place has room and what is in it can be read."""
    space = look.space
    if space and space[0] < min(ENOUGH, space[1] // 10):
        yield finding(f"the disk with the models is full: {space[0] >> 20} MiB of {space[1] >> 20} are free",
                      "models, and downloads that were broken off, fill it",
                      "remove models (ollama_models_list, state: absent), or set ollama_models_dir to a larger disk")
    if look.broken_manifests:
        yield finding(f"the store has manifests that cannot be read: {', '.join(look.broken_manifests)}",
                      "a full disk or a crash cut them off; such models are hidden, and nothing is cleaned up any more",
                      "pull them again, or delete these files below manifests/")


def _shortened(line):
    found = re.search(r'error="((?:[^"\\]|\\.)*)"', line)
    text = found.group(1) if found else line
    return text if len(text) <= 160 else f"{text[:160]}..."
