# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API tells about a model of the store: list entries, details, capabilities."""

from __future__ import annotations

import os

from . import gguf, gojson, log
from .errors import GoError

DEFAULT_TEMPLATE = "{{ .Prompt }}"
_headers = {}


class Model:
    """One model: its name, manifest and config."""

    def __init__(self, store, name):
        self.store = store
        self.name = name
        self.manifest = store.manifest(name)
        config = self.manifest.config.get("digest")
        self.config = gojson.decode(store.read(config)) if config else {}
        self.weights = self.manifest.layer("model")

    def header(self):
        """Return the GGUF header of the weights; FileNotFoundError without the blob, GoError when it is none."""
        digest = self.weights["digest"]
        path = self.store.blob(digest)
        key = (digest, os.stat(path).st_mtime_ns)
        if key not in _headers:
            _headers[key] = gguf.Model(path)
            _headers[digest] = _headers[key]
        return _headers[key]

    def remembered_header(self):
        """Return the header, even of a blob that is gone by now, as the server's list cache does; else None."""
        try:
            return self.header()
        except FileNotFoundError:
            return _headers.get(self.weights["digest"])
        except GoError:
            return None

    def text(self, kind):
        """Return the text of the last layer of a kind, "" when there is none."""
        layer = self.manifest.layer(kind)
        return self.store.read(layer["digest"]).decode("utf-8", "replace") if layer else ""

    def template(self):
        return self.text("template") or DEFAULT_TEMPLATE

    def licenses(self):
        return [self.store.read(layer["digest"]).decode("utf-8", "replace") for layer in self.manifest.all("license")]

    def parameters(self):
        text = self.text("params")
        return gojson.decode(text.encode("utf-8")) if text else {}

    def messages(self):
        text = self.text("messages")
        return gojson.decode(text.encode("utf-8")) if text else []

    def details(self):
        return {"parent_model": (self.weights or {}).get("from", ""),
                "format": self.config.get("model_format", ""),
                "family": self.config.get("model_family", ""),
                "families": self.config.get("model_families"),
                "parameter_size": self.config.get("model_type", ""),
                "quantization_level": self.config.get("file_type", "")}

    def capabilities(self):
        """Return what the model can do; nothing when its weights are missing, GoError when they are no model."""
        try:
            return self._capabilities(self.header())
        except FileNotFoundError:
            return []

    def _capabilities(self, header):
        template = self.template()
        pooling = header.of_architecture("pooling_type", None)
        found = ["embedding" if pooling is not None else "completion"]
        found += [word for mark, word in ((".Tools", "tools"), (".Suffix", "insert"), (".Think", "thinking"))
                  if mark in template]
        return found + (["vision"] if self.manifest.layer("projector") else [])

    def list_entry(self):
        """Return the model as `/api/tags` shows it."""
        entry = {"name": self.name.short, "model": self.name.short,
                 "modified_at": log.timestamp(self.manifest.modified), "size": self.manifest.size,
                 "digest": self.manifest.digest, "details": self.details()}
        header = self.remembered_header() if self.weights else None
        if header:
            entry["details"]["context_length"] = header.of_architecture("context_length")
            entry["details"]["embedding_length"] = header.of_architecture("embedding_length")
            entry["capabilities"] = self._capabilities(header)
        return entry


def listed(store):
    """Return the entries of `/api/tags`, the newest first; a model that cannot be read is left out with a warning."""
    entries = []
    for name in store.readable():
        try:
            entries.append(Model(store, name).list_entry())
        except (OSError, GoError) as error:
            log.warn("model_list_cache.go:140", "skipping model", name=name.full, error=error)
    return sorted(entries, key=lambda entry: entry["modified_at"][:19], reverse=True)


def human_number(count):
    """Return a number of parameters for people: 131K, 1.51M, 7.2B."""
    if count >= 10 ** 9:
        return ("%.1fB" % (count / 1e9)) if count < 10 ** 10 or count % 10 ** 9 else "%dB" % (count // 10 ** 9)
    if count >= 10 ** 6:
        return "%.2fM" % (count / 1e6) if count % 10 ** 6 else "%dM" % (count // 10 ** 6)
    return "%dK" % (count // 1000) if count >= 1000 else str(count)
