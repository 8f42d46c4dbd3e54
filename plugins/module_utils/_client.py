# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The HTTP API of one Ollama server, as far as this collection uses it, and the errors it raises."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._transport import (
    ClientError,
    Interrupted,
    NotOllama,
    Refused,
    Transport,
    Unreachable,
)

__all__ = ("Client", "ClientError", "Interrupted", "NotOllama", "Refused", "Unreachable")


class Client:
    """Calls to the server at ``url``. ``timeout`` is the longest silence in seconds, not a total."""

    def __init__(self, url, timeout=60):
        self.url = url
        self._http = Transport(url, timeout)

    def version(self):
        """The running server's version, such as "0.34.4"."""
        version = self._http.object("GET", "/api/version").get("version")
        if not isinstance(version, str):
            raise self._http.stranger("/api/version", "has no version")
        return version

    def tags(self):
        """All models in the store: list of dicts with name, digest (bare hex), size, details, capabilities."""
        return self._entries("/api/tags")

    def ps(self):
        """The models in memory: list of dicts with name, digest, size, size_vram, expires_at, context_length."""
        return self._entries("/api/ps")

    def show(self, name):
        """What a model is made of: a dict with modelfile, template, system, parameters (as text), messages, license."""
        answer = self._http.object("POST", "/api/show", {"model": name})
        texts = ("modelfile", "template", "system", "parameters", "license")
        messages = answer.get("messages") or []
        if not all(isinstance(answer.get(key) or "", str) for key in texts) or not _are_dicts(messages):
            raise self._http.stranger("/api/show", "has no usable description of a model")
        return answer

    def generate(self, model, timeout=None, **fields):
        """One answer as one object. Without ``prompt`` it loads the model, with ``keep_alive=0`` it unloads it."""
        return self._http.object("POST", "/api/generate", dict(fields, model=model, stream=False), timeout)

    def unload(self, name):
        """Ask the server to drop the model from memory once running requests are done."""
        return self.generate(name, keep_alive=0)

    def load(self, name, embeds=False, timeout=None, **fields):
        """Bring the model into memory; a model that only embeds takes no other request than one to embed."""
        if embeds:
            return self.embed(name, "", timeout, **fields)
        return self.generate(name, timeout, **fields)

    def embed(self, model, text, timeout=None, **fields):
        """The vectors of ``text`` in ``embeddings``; none for an empty text, which only loads the model."""
        return self._http.object("POST", "/api/embed", dict(fields, model=model, input=text), timeout)

    def copy(self, source, name):
        """Let ``name`` be the model that ``source`` is, whatever it was before; ``Refused`` without ``source``."""
        self._http.body("POST", "/api/copy", {"source": source, "destination": name})

    def delete(self, name):
        """Remove a model from the store; ``Refused`` with status 404 when there is none."""
        self._http.body("DELETE", "/api/delete", {"model": name})

    def pull(self, name, insecure=False, idle_timeout=None):
        """Yield the events of a pull as dicts. An error line raises ``Refused``; the end proves nothing by itself."""
        fields = {"model": name, "insecure": True} if insecure else {"model": name}
        yield from self._http.stream("POST", "/api/pull", fields, idle_timeout)

    def create(self, name, definition, idle_timeout=None):
        """Yield the events of a creation as dicts, as ``pull`` does. ``definition`` is what the API takes but the name."""
        yield from self._http.stream("POST", "/api/create", dict(definition, model=name), idle_timeout)

    def has_blob(self, digest):
        """Whether the store has the blob of this digest in bare hex."""
        try:
            self._http.body("HEAD", f"/api/blobs/sha256:{digest}")
        except Refused as error:
            if error.status != 404:
                raise
            return False
        return True

    def upload(self, digest, stream, length, idle_timeout=None):
        """Store a file as a blob; ``Refused`` when it is not what the digest says."""
        self._http.send(f"/api/blobs/sha256:{digest}", stream, length, idle_timeout)

    def _entries(self, path):
        entries = self._http.object("GET", path).get("models")
        if not isinstance(entries, list) or not all(map(_is_model, entries)):
            raise self._http.stranger(path, "has no usable list of models")
        return entries


def _are_dicts(values):
    return isinstance(values, list) and all(isinstance(value, dict) for value in values)


def _is_model(entry):
    return isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("digest"), str)
