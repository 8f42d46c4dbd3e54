# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store in a directory, with all that can be wrong with one."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

MODEL = "application/vnd.ollama.image.model"
CONFIG = "application/vnd.docker.container.image.v1+json"
HOUR = 3600


class Store:
    def __init__(self, path):
        self.path = Path(path)
        (self.path / "blobs").mkdir(parents=True)
        (self.path / "manifests").mkdir()

    def __str__(self):
        return str(self.path)

    def blob(self, content, age=2 * HOUR, digest=None):
        """Write a blob; its digest."""
        digest = digest or hashlib.sha256(content).hexdigest()
        self.file(f"blobs/sha256-{digest}", content, age)
        return digest

    def file(self, place, content=b"", age=2 * HOUR):
        path = self.path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    def model(self, name="tiny", *contents, age=2 * HOUR):
        """A model of a config and layers with these contents; its digests."""
        contents = [b'{"model_format":"gguf"}', *(contents or (b"weights" * 1000,))]
        entries = [{"mediaType": kind, "digest": f"sha256:{self.blob(content, age)}", "size": len(content)}
                   for kind, content in zip([CONFIG] + [MODEL] * len(contents), contents)]
        self.manifest(name, {"schemaVersion": 2, "config": entries[0], "layers": entries[1:]})
        return [entry["digest"][7:] for entry in entries]

    def manifest(self, name, content):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.file(f"manifests/registry.ollama.ai/library/{name}/latest", content)

    def download(self, digest, parts, data=None, age=2 * HOUR):
        """A download that was cut off: the texts of its part files by number, and as many bytes of data."""
        if data is not None:
            self.file(f"blobs/sha256-{digest}-partial", bytes(data), age)
        for number, text in parts.items():
            self.file(f"blobs/sha256-{digest}-partial-{number}", text.encode(), age)

    def blob_path(self, digest):
        return self.path / "blobs" / f"sha256-{digest}"

    def tree(self):
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*") if not path.is_dir())
