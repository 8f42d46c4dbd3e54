# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The models on disk: `manifests/<host>/<namespace>/<model>/<tag>` and `blobs/sha256-<hex>`."""

from __future__ import annotations

import hashlib
import os
import random
import re

from . import disk, gojson, log, names
from .errors import GoError, path_error

_DIGEST = re.compile(r"sha256[:-]([0-9a-fA-F]{64})\Z")


class Manifest:
    """One manifest file as it lies on the disk."""

    def __init__(self, path, raw):
        self.path = path
        self.raw = raw
        self.data = gojson.decode(raw)
        self.digest = hashlib.sha256(raw).hexdigest()
        self.layers = self.data.get("layers") or []
        self.config = self.data.get("config") or {}

    @property
    def everything(self):
        """The layers and the config: all that the manifest needs from the blobs."""
        return self.layers + ([self.config] if self.config.get("digest") else [])

    @property
    def size(self):
        return sum(layer["size"] for layer in self.everything)

    @property
    def modified(self):
        return os.stat(self.path).st_mtime_ns / 1e9

    def layer(self, kind):
        """Return the last layer of ``application/vnd.ollama.image.<kind>``, or None."""
        found = self.all(kind)
        return found[-1] if found else None

    def all(self, kind):
        return [layer for layer in self.layers if layer["mediaType"] == "application/vnd.ollama.image." + kind]


class Store:
    """The directory that OLLAMA_MODELS names."""

    def __init__(self, root):
        self.root = root
        self.blobs = os.path.join(root, "blobs")
        self.manifests = os.path.join(root, "manifests")

    def blob(self, digest):
        """Return the path of a blob; both ``sha256:<hex>`` and ``sha256-<hex>`` are good."""
        found = _DIGEST.match(digest)
        if not found:
            raise GoError("invalid digest format", 400)
        return os.path.join(self.blobs, "sha256-" + found.group(1))

    def has(self, digest):
        return os.path.exists(self.blob(digest))

    def size(self, digest):
        return os.path.getsize(self.blob(digest))

    def read(self, digest):
        return disk.read_file(self.blob(digest))

    def manifest_path(self, name):
        return os.path.join(self.manifests, *name)

    def manifest(self, name):
        """Return the Manifest of a name; FileNotFoundError when there is none."""
        path = self.manifest_path(name)
        try:
            with open(path, "rb") as stream:
                return Manifest(path, stream.read())
        except PermissionError as error:
            raise path_error("open", path, error.errno) from None

    def names(self):
        """Return the name of every file that lies four levels deep."""
        found = []
        for directory, _directories, files in os.walk(self.manifests):
            parts = os.path.relpath(directory, self.manifests).split(os.sep)
            found += [names.Name(*parts, tag) for tag in files if len(parts) == 3]
        return sorted(found)

    def readable(self):
        """Return name -> Manifest for all manifests, without (but warning of) those that cannot be parsed."""
        found = {}
        for name in self.names():
            try:
                found[name] = self.manifest(name)
            except GoError as error:
                log.warn("manifest.go:218", "bad manifest", name=name.full, error=error)
            except FileNotFoundError:
                continue
        return found

    def existing(self, name):
        """Return ``name`` in the letter case that models in the store have."""
        parts = list(name)
        for other in self.names():
            if other.folded == name.folded:
                return other
            for number, part in enumerate(other):
                if part.lower() == parts[number].lower():
                    parts[number] = part
        return names.Name(*parts)

    def write_manifest(self, name, raw):
        path = self.manifest_path(name)
        disk.make_directories(os.path.dirname(path))
        disk.write_file(path, raw)
        return Manifest(path, raw)

    def add_blob(self, pieces):
        """Store the bytes of ``pieces`` under their own digest; return (digest, size, True when they are new)."""
        temporary = os.path.join(self.blobs, "sha256-%d" % random.randrange(10 ** 8, 1 << 32))
        digest, size = hashlib.sha256(), 0
        try:
            with disk.create(temporary) as stream:
                for piece in pieces:
                    disk.write(stream, temporary, piece)
                    digest.update(piece)
                    size += len(piece)
            name = "sha256:" + digest.hexdigest()
            new = not self.has(name)
            if new:
                disk.rename(temporary, self.blob(name))
            else:
                disk.touch(self.blob(name))
            return name, size, new
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)

    def remove(self, name):
        """Delete a model: its manifest, directories that are empty now, blobs that no other model uses."""
        manifest = self.manifest(name)
        disk.remove(manifest.path)
        self.remove_empty_directories()
        self.remove_unused(manifest)

    def remove_unused(self, old):
        """Delete those blobs of a replaced or deleted manifest that none uses now; return how many."""
        used = self.used()
        unused = {layer["digest"] for layer in old.everything} - used
        for digest in sorted(unused):
            if self.has(digest):
                disk.remove(self.blob(digest))
        return len(unused)

    def remove_empty_directories(self):
        for directory, _directories, _files in os.walk(self.manifests, topdown=False):
            if directory != self.manifests and not os.listdir(directory):
                disk.remove(directory)

    def used(self):
        """Return the digests that any readable manifest needs."""
        return {layer["digest"] for manifest in self.readable().values() for layer in manifest.everything}
