# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pulling a model: manifest, blobs, verification, manifest file, clean-up; one status line for each step."""

from __future__ import annotations

import hashlib

from . import disk, download, envconfig, gojson
from .errors import GoError
from .remote import Registry

PIECE = 1 << 20


def pull(store, name, insecure, report, gone):
    """Bring a model into the store; ``report`` takes one progress dict per line, the last being success."""
    report({"status": "pulling manifest"})
    old = existing_manifest(store, name)
    registry = Registry(name.host, insecure)
    try:
        raw = registry.manifest(name)
        manifest = gojson.decode(raw)
    except GoError as error:
        raise GoError(f"pull model manifest: {error}") from None
    layers = list(manifest.get("layers") or [])
    if (manifest.get("config") or {}).get("digest"):
        layers.append(manifest["config"])
    fresh = [layer for layer in layers if _fetch(store, registry, name, layer["digest"], report, gone)]
    report({"status": "verifying sha256 digest"})
    for layer in fresh:
        _verify(store, layer["digest"])
    report({"status": "writing manifest"})
    store.write_manifest(name, raw)
    if old and not envconfig.boolean("OLLAMA_NOPRUNE"):
        if {layer["digest"] for layer in old.everything} - {layer["digest"] for layer in layers}:
            report({"status": "removing unused layers"})
            store.remove_unused(old)
    report({"status": "success"})


def existing_manifest(store, name):
    """Return the manifest that a name has now; None when there is none or it cannot be read."""
    try:
        return store.manifest(name)
    except (OSError, GoError):
        return None


def _fetch(store, registry, name, digest, report, gone):
    """Make sure that a blob is there; True when it had to be fetched. What is there is not looked at."""
    path = store.blob(digest)

    def tell(total, completed):
        line = {"status": f"pulling {digest[7:19]}", "digest": digest, "total": total, "completed": completed}
        report({key: value for key, value in line.items() if value})

    if store.has(digest):
        size = store.size(digest)
        tell(size, size)
        return False
    download.fetch(path, registry, registry.blob_url(name, digest), tell, gone)
    return True


def _verify(store, digest):
    found = hashlib.sha256()
    path = store.blob(digest)
    with open(path, "rb") as stream:
        while True:
            piece = stream.read(PIECE)
            if not piece:
                break
            found.update(piece)
    if "sha256:" + found.hexdigest() != digest:
        disk.remove(path)
        raise GoError(f"digest mismatch, file must be downloaded again: want {digest}, got sha256:{found.hexdigest()}")
