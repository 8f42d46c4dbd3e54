# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The models a stand-in registry offers: a directory, content-addressed, and what publishes into it.

    DIR/blobs/sha256-<hex>                     content
    DIR/manifests/<namespace>/<model>/<tag>    the manifest's bytes, as every client gets them

A registry that runs on the directory offers a change at once; writes are atomic. From a shell:

    python3 -m tests.standin.models --data DIR demo/tiny:latest --seed 2     publish, or move the tag to other content
    python3 -m tests.standin.models --data DIR demo/m{1..8} --megabytes 64   eight models, no two alike
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import zlib
from pathlib import Path

from .gguf import Model

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.ollama.image."
TEMPLATE = "{{ if .System }}{{ .System }}\n{{ end }}{{ .Prompt }}"
PARAMS = {"num_ctx": 512, "stop": ["</s>"], "temperature": 0}


class Shelf:
    """The directory of one registry. Names are ``namespace/model:tag``; the tag may be left out (latest)."""

    def __init__(self, root):
        self.root = Path(root)

    def blob(self, digest):
        """Path of the blob ``sha256:<hex>``; it need not exist."""
        return self.root / "blobs" / digest.replace(":", "-")

    def manifest(self, name):
        """Path of the manifest; it need not exist."""
        repository, _colon, tag = name.partition(":")
        return self.root / "manifests" / repository / (tag or "latest")

    def publish(self, name, model=None, requires=None, **layers):
        """Offer ``model`` (a gguf.Model, default: the tiny one) as ``name``; return the manifest's digest, bare hex.

        ``layers`` in the order given, by their short type: template, system, params (a dict), license, messages.
        ``requires``: the Ollama version below which the registry answers 412.
        """
        model = model or Model()
        config = self.add_blob([_json(_config(model, requires)) + b"\n"])
        parts = [_part(LAYER_TYPE + "model", *self.add_blob(model.chunks()))]
        for kind, content in layers.items():
            data = content.encode("utf-8") if isinstance(content, str) else _json(content)
            parts.append(_part(LAYER_TYPE + kind, *self.add_blob([data])))
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE}
        return self.put_manifest(name, _json({**manifest, "config": _part(CONFIG_TYPE, *config), "layers": parts}))

    def put_manifest(self, name, body):
        """Store ``body`` as it is, whether or not a client would understand it; return its sha256, bare hex."""
        _write(self.manifest(name), [body])
        return hashlib.sha256(body).hexdigest()

    def move(self, name, source):
        """Let the tag ``name`` name what ``source`` names."""
        return self.put_manifest(name, self.manifest(source).read_bytes())

    def remove(self, name):
        """Withdraw a tag; blobs stay."""
        self.manifest(name).unlink()

    def add_blob(self, chunks):
        """Store the bytes; return (digest with ``sha256:``, size)."""
        return _write(self.root / "blobs", chunks, by_digest=True)


def publish_defaults(shelf):
    """Offer what every test may rely on. A tag that is there already, perhaps moved by a test, is left alone."""
    tiny, small = Model(), Model(width=256)
    usual = {"template": TEMPLATE, "system": "Answer briefly.", "params": PARAMS, "license": "CC0-1.0"}
    for name, model, layers in (
        ("demo/tiny:latest", tiny, usual),
        ("demo/tiny:second", tiny, {**usual, "system": "Answer at length."}),
        ("demo/small:latest", small, usual),
    ):
        if not shelf.manifest(name).exists():
            shelf.publish(name, model, **layers)


def _config(model, requires):
    count = model.parameters
    size = "%.2fM" % (count / 1e6) if count >= 1e6 else "%.0fK" % (count / 1e3)
    config = {"model_format": "gguf", "model_family": "llama", "model_families": ["llama"], "model_type": size,
              "file_type": "F16", "architecture": "amd64", "os": "linux"}
    return {**config, "requires": requires} if requires else config


def _part(media_type, digest, size):
    return {"mediaType": media_type, "digest": digest, "size": size}


def _json(document):
    return json.dumps(document, separators=(",", ":")).encode("utf-8")


def _write(place, chunks, by_digest=False):
    """Write a file in one step, named ``place`` or, inside it, by its digest; return (digest, size)."""
    folder = place if by_digest else place.parent
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=str(folder), prefix=".new-", delete=False) as file:
        for chunk in chunks:
            digest.update(chunk)
            size += file.write(chunk)
    os.chmod(file.name, 0o644)
    os.replace(file.name, str(folder / ("sha256-" + digest.hexdigest()) if by_digest else place))
    return "sha256:" + digest.hexdigest(), size


def main():
    parser = argparse.ArgumentParser(prog="python3 -m tests.standin.models", description="Publish models.")
    parser.add_argument("--data", required=True, metavar="DIR", help="the registry's directory")
    parser.add_argument("--seed", type=int, help="which weights (default: by the name, so that no two share them)")
    parser.add_argument("--megabytes", type=int, help="size of the weights (default: the tiny model, 270 KB)")
    parser.add_argument("--system", default="Answer briefly.", help="system prompt")
    parser.add_argument("--requires", help="Ollama version below which the registry answers 412")
    parser.add_argument("--embeds", action="store_true", help="one that makes vectors and no text")
    parser.add_argument("names", nargs="+", metavar="NAMESPACE/MODEL[:TAG]")
    options = parser.parse_args()
    for name in options.names:
        seed = zlib.crc32(name.encode("utf-8")) if options.seed is None else options.seed
        model = Model.of_size(options.megabytes << 20, seed) if options.megabytes else Model(seed, embeds=options.embeds)
        digest = Shelf(options.data).publish(
            name, model, requires=options.requires, template=TEMPLATE, system=options.system, params=PARAMS)
        print("%s %s" % (digest, name))


if __name__ == "__main__":
    main()
