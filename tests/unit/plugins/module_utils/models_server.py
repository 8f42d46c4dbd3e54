# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that keeps its models in a dict and notes the calls, and the reconciler run against it."""

from __future__ import annotations

import threading

from ansible_collections.barellama.fleet.plugins.module_utils._client import Refused, Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms, reconcile
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import wanted_models

A, B, C = "a" * 64, "b" * 64, "c" * 64
PLAIN = Terms(insecure=True, registry_timeout=2)


class Server:
    """Stands for the client: keeps models in a dict and notes the calls."""

    def __init__(self, there=None, loaded=(), away=False, failing=(), brings=B, refuses=()):
        self.there = dict(there or {})
        self.brings = brings
        self.refuses = refuses
        self.loaded = list(loaded)
        self.away = away
        self.failing = failing
        self.calls = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    def _note(self, *call):
        with self.lock:
            self.calls.append(call)
        if self.away:
            raise Unreachable("nobody there")

    def version(self):
        self._note("version")
        return "0.34.4"

    def tags(self):
        self._note("tags")
        return [{"name": name, "digest": digest, "size": 700} for name, digest in self.there.items()]

    def ps(self):
        self._note("ps")
        return [{"name": name, "digest": self.there.get(name, A)} for name in self.loaded]

    def load(self, name, embeds, timeout, **fields):
        self._note("load", name, embeds, timeout, fields)
        if name in self.refuses:
            raise Refused(f"{name} refused", 500, "no memory")
        self.loaded.append(name)

    def copy(self, source, name):
        self._note("copy", source, name)
        if name in self.refuses:
            raise Refused(f"{name} refused", 500, "read-only")
        self.there[name] = self.there[source]

    def unload(self, name):
        self._note("unload", name)

    def delete(self, name):
        self._note("delete", name)
        if name in self.refuses:
            raise Refused(f"{name} refused", 500, "read-only")
        del self.there[name]

    def pull(self, name, insecure, idle_timeout):
        self._note("pull", name, insecure, idle_timeout)
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        threading.Event().wait(0.05)
        with self.lock:
            self.at_once -= 1
        if name in self.failing:
            raise Refused("refused", 200, "pull model manifest: file does not exist")
        self.there[name] = self.brings
        yield {"status": "success"}


def run(server, *models, terms=PLAIN, **more):
    return reconcile(server, wanted_models(list(models)), terms, **more)


def absent(name):
    return {"name": name, "state": "absent"}
