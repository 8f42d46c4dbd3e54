# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store that was damaged behind the server's back."""

from __future__ import annotations


def play(bed):
    bed.publish("library/tiny", "tiny2", system="v2", line_end=b"\n")
    with bed.server() as server:
        server.pull("library/tiny")
        server.ask("POST", "/api/copy", {"source": server.name("library/tiny"), "destination": "good"})
        write_manifest(server, "broken", b"{not json")
        write_manifest(server, "empty", b"")
        server.play("corrupt-manifest-tags", "corrupt-manifest-show", "corrupt-manifest-generate",
                    "corrupt-manifest-delete", "empty-manifest-show", "empty-manifest-delete", "corrupt-manifest-copy")
        server.host.stop()
        server.host.start()
        server.play("corrupt-manifest-tags-after-restart")
        weights = server.store / "blobs" / ("sha256-" + bed.weights.digest("tiny2"))
        damage(server, weights)


def damage(server, weights):
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    server.play("corrupt-blob-pull", "corrupt-blob-generate", "generate-unload-hosted")
    weights.unlink()
    server.play("missing-layer-tags", "missing-layer-show", "missing-layer-generate", "missing-layer-copy",
                "missing-layer-pull")
    weights.write_bytes(b"\0" * len(data))
    server.play("garbage-blob-show", "garbage-blob-generate", "garbage-blob-pull")


def write_manifest(server, model, data):
    path = server.store / "manifests" / "registry.ollama.ai" / "library" / model / "latest"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
