# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server with a store of its own, and what can be wrong in that."""

from __future__ import annotations

import hashlib
import json

from ansible_collections.barellama.fleet.plugins.module_utils._client import Refused
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import Server, run

CONFIG, WEIGHTS, LICENSE, SYSTEM = b'{"model_format":"gguf"}', b"weights" * 1000, b"take it", b"Be brief."


def digest_of(content):
    return hashlib.sha256(content).hexdigest()


def body_of(config, *layers):
    """A manifest with these contents."""
    parts = [{"mediaType": "model", "digest": f"sha256:{digest_of(content)}", "size": len(content)} for content in (config, *layers)]
    return json.dumps({"config": parts[0], "layers": parts[1:]}).encode()


CONTENTS = {digest_of(content): content for content in (CONFIG, WEIGHTS, LICENSE, SYSTEM)}
CONFIG_DIGEST, WEIGHTS_DIGEST, LICENSE_DIGEST, SYSTEM_DIGEST = CONTENTS
BODY, MADE = body_of(CONFIG, WEIGHTS, LICENSE), body_of(CONFIG, WEIGHTS, LICENSE, SYSTEM)
DIGEST = digest_of(BODY)


class Puller(Server):
    """A server with a store of its own, that trusts its blobs by their names as Ollama does."""

    def __init__(self, store, registry, **more):
        super().__init__({}, brings=DIGEST, **more)
        self.store = store
        self.name = f"{registry}/demo/tiny:latest"
        self.fetched = []
        self.spoils = {}
        self.refusal = ""
        self.offers = (CONFIG_DIGEST, WEIGHTS_DIGEST, LICENSE_DIGEST)

    def have(self):
        for digest in (CONFIG_DIGEST, WEIGHTS_DIGEST, LICENSE_DIGEST):
            self.store.blob(CONTENTS[digest], digest=digest)
        self._write_manifest(self.name, BODY)
        return self

    def _write_manifest(self, name, body):
        place = name if name.count("/") == 2 else f"registry.ollama.ai/library/{name}"
        self.store.file(f"manifests/{place.replace(':latest', '/latest')}", body)
        self.there[name] = digest_of(body)

    def _bring(self, digest):
        if not self.store.blob_path(digest).exists():
            self.fetched.append(digest)
            self.store.blob(self.spoils.get(digest, CONTENTS[digest]), digest=digest, age=0)

    def pull(self, name, insecure, idle_timeout):
        self._note("pull", name)
        if self.refusal:
            raise Refused("refused", 200, self.refusal)
        if (self.store.path / "blobs" / f"sha256-{WEIGHTS_DIGEST}-partial-0").exists():
            raise Refused("refused", 200, "EOF")
        for digest in self.offers:
            yield {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}"}
            self._bring(digest)
        self._write_manifest(self.name, BODY)
        yield {"status": "success"}

    def create(self, name, definition, idle_timeout):
        """A model with a system prompt of its own."""
        self._note("create", name)
        if name in self.refuses:
            raise Refused("refused", 500, "no space left on device")
        self._bring(SYSTEM_DIGEST)
        self._write_manifest(name, MADE)
        yield {"status": "success"}

    def show(self, name):
        self._note("show", name)
        made = name == OWN["name"]
        if made and not self.store.blob_path(SYSTEM_DIGEST).exists():
            raise Refused("refused", 500, "no such file")
        system = self.store.blob_path(SYSTEM_DIGEST).read_text() if made else ""
        return {"modelfile": f"FROM /store/blobs/sha256-{WEIGHTS_DIGEST}", "system": system}


OWN = {"name": "mine:latest", "system": SYSTEM.decode()}


def verify(puller, *models, check_mode=False, **more):
    terms = Terms(insecure=True, registry_timeout=2, store=str(puller.store), verify=True, **more)
    return run(puller, *(models or [puller.name]), terms=terms, check_mode=check_mode)


def damage(puller, was, digest=WEIGHTS_DIGEST):
    path = puller.store.blob_path(digest)
    content = CONTENTS[digest]
    path.unlink()
    if was != "missing":
        path.write_bytes(content[:-1] if was == "truncated" else b"W" + content[1:])


def calls(puller):
    return [call[0] for call in puller.calls]
