# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that also makes models: it merges a definition over its base as the recordings show."""

from __future__ import annotations

import hashlib
import json

from ansible_collections.barellama.fleet.plugins.module_utils._client import Refused
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import Server

W = "1" * 64  # the weights of what is pulled
TEXTS = ("template", "system", "renderer", "parser", "requires", "license")


def digest_of(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class Workshop(Server):
    """``rewrites``: files are stored in the server's own form; ``own`` is what it adds to a model made from files."""

    def __init__(self, *there, rewrites=False, own=None, unfinished=(), **more):
        super().__init__({f"{name}:latest": W for name in there}, **more)
        self.content = {name: {"weights": [W], "parameters": {}} for name in self.there}
        self.blobs, self.rewrites, self.own, self.unfinished = {}, rewrites, own or {}, unfinished

    def show(self, name):
        self._note("show", name)
        if name in self.refuses or name not in self.there:
            raise Refused(f"{name} refused", 500, "unreadable")
        content = self.content.setdefault(name, {"weights": [W], "parameters": {}})
        lines = [f"{key} {json.dumps(item)}" for key, value in content["parameters"].items()
                 for item in (value if isinstance(value, list) else [value])]
        return {"modelfile": "# made\n\n" + "".join(f"FROM /store/blobs/sha256-{digest}\n" for digest in content["weights"]) + "SYSTEM x\n",
                "parameters": "\n".join(lines), "messages": content.get("messages"), "model_info": {},
                **{key: content.get(key, "") for key in TEXTS}}

    def create(self, name, definition, idle_timeout):
        self._note("create", name, definition)
        if "from" in definition:
            content = dict(self.content.setdefault(definition["from"], {"weights": [W], "parameters": {}}))
        else:
            digests = [digest[7:] for digest in definition["files"].values()]
            assert set(digests) <= set(self.blobs)
            content = {"weights": sorted(map(digest_of, digests)) if self.rewrites else sorted(digests), "parameters": {}, **self.own}
        if definition.get("quantize"):
            content["weights"] = [digest_of([*content["weights"], definition["quantize"]])]
        texts = [content.get("license"), *definition.get("license", [])]
        content["license"] = "\n".join(filter(None, texts))
        content["parameters"] = {**content["parameters"], **definition.get("parameters", {})}
        content.update({key: definition[key] for key in (*TEXTS[:-1], "messages") if key in definition})
        yield {"status": "writing manifest"}
        if name in self.unfinished:
            return
        self.content[name], self.there[name] = content, digest_of(content)
        yield {"status": "success"}

    def has_blob(self, digest):
        self._note("has", digest)
        return digest in self.blobs

    def upload(self, digest, stream, length, idle_timeout):
        self._note("upload", digest, length)
        content = stream.read()
        if (hashlib.sha256(content).hexdigest(), len(content)) != (digest, length):
            raise Refused("digest mismatch", 400, "digest mismatch")
        self.blobs[digest] = content

    def copy(self, source, name):
        super().copy(source, name)
        self.content[name] = self.content.get(source)

    def made(self):
        """What was written since the last time."""
        writing = [call[:2] for call in self.calls if call[0] not in ("tags", "show", "ps", "has", "version")]
        self.calls.clear()
        return writing
