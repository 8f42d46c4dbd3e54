# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _diagnose_memory as checks

GIB = 1 << 30
KILLED = "Out of memory: Killed process 4711 (llama-server) total-vm:1kB, anon-rss:1kB"
LIMITED = "Memory cgroup out of memory: Killed process 4712 (ollama) total-vm:1kB"
LOAD = 'time=1 level=INFO msg="Load failed" model=/m error="llama-server process has terminated: exit status 1: %s"'


def look(*lines, kernel=(), killed=False, started=100, space=(100 * GIB, 1000 * GIB), broken=()):
    return SimpleNamespace(
        host=SimpleNamespace(kernel_log=lambda since: list(kernel) if since == 100 else None), started=started,
        killed=killed, recent_of_this_start=list(lines), space=space, broken_manifests=list(broken),
    )


@pytest.mark.parametrize("seen", [
    look(), look(started=None, kernel=[KILLED]), look(kernel=["Out of memory: Killed process 1 (postgres)"]),
    look('[GIN] 2026/11/20 - 09:23:36 | 200 | 17us | 127.0.0.1 | POST "/api/generate"', LOAD % "unknown model architecture"),
])
def test_enough_memory_is_not_told(seen):
    assert list(checks.memory(seen)) == []


@pytest.mark.parametrize(("seen", "symptom"), [
    (look(kernel=[KILLED]), "the kernel ended 1 process of Ollama for lack of memory"),
    (look(kernel=[KILLED, "usb 1-1: new", LIMITED]), "the kernel ended 2 processes of Ollama for lack of memory"),
    (look(killed=True), "the kernel ended 1 process of Ollama for lack of memory"),
    (look(LOAD % "cudaMalloc failed: out of memory"), "a model could not be loaded for lack of GPU memory"),
    (look(LOAD % "ErrorOutOfDeviceMemory"), "a model could not be loaded for lack of GPU memory"),
    (look(LOAD % "ggml_aligned_malloc: insufficient memory (attempted to allocate 9.00 MB)"),
     "a model could not be loaded for lack of memory"),
    (look('level=INFO msg="model is too large for system memory"'), "a model could not be loaded for lack of memory"),
    (look("model requires more system memory (2.7 GiB) than is available (2.3 GiB)"),
     "a model could not be loaded for lack of memory"),
])
def test_too_little_memory_is_told(seen, symptom):
    (found,) = checks.memory(seen)
    assert found["symptom"] == symptom and "context" in found["cure"]


def test_the_cause_is_the_last_error_cut_to_a_line():
    (found,) = checks.memory(look(LOAD % "out of memory, first", LOAD % ("out of memory, last " + "x" * 200)))
    assert found["cause"].startswith("its log says: llama-server process has terminated: exit status 1: out of memory, last xxx")
    assert found["cause"].endswith("...") and "msg=" not in found["cause"]


@pytest.mark.parametrize("seen", [look(), look(space=None), look(space=(2 * GIB, 1000 * GIB)), look(space=(GIB // 2, 2 * GIB))])
def test_a_store_with_room_is_not_told(seen):
    assert list(checks.store(seen)) == []


def test_a_store_that_is_full_or_damaged_is_told():
    full, damaged = checks.store(look(space=(100 << 20, 1000 * GIB), broken=["h/n/a/latest", "h/n/b/1"]))
    assert full["symptom"] == "the disk with the models is full: 100 MiB of 1024000 are free"
    assert damaged["symptom"] == "the store has manifests that cannot be read: h/n/a/latest, h/n/b/1"
