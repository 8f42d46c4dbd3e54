# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One long life of a store: models are created, shown, copied, loaded, deleted, in the order of the recording."""

from __future__ import annotations

import time


def play(bed):
    with bed.server() as server:
        create(bed, server)
        derive(server)
        refuse(server)
        quantize(bed, server)
        name(server)
        show(server)
        server.play("ps-before-load")
        load(server)
        answer(server)
        copy(server)
        unload(server)
        delete(server)


def create(bed, server):
    weights = bed.weights.bytes("tiny")
    server.play("gguf-blob-head-missing")
    server.play("gguf-blob-post", data=weights)
    server.play("gguf-blob-head-present", "create-from-files", "gguf-blob-head-after-create", "expect-continue-blob",
                "tags-one", "create-from-files-again", "tags-one-after-second-create", "create-from-files-nostream")


def derive(server):
    server.play("create-derived", "tags-derived", "show-derived", "create-derived-again",
                "create-derived-license-string", "show-license-string", "create-derived-from-derived",
                "show-derived-from-derived", "create-derived-clear", "show-derived-clear", "create-over-existing",
                "show-over-existing", "create-self", "show-self")


def refuse(server):
    """What is refused, and what is surprisingly not."""
    server.play("create-bad-template", "create-bad-template-nostream", "create-unknown-parameter",
                "show-unknown-parameter", "create-parameter-wrong-type", "show-parameter-wrong-type",
                "generate-parameter-wrong-type", "create-bad-role", "create-unknown-key", "create-adapter-missing-blob")


def quantize(bed, server):
    server.play("create-quantize-q8", "show-quantized", "create-quantize-invalid", "create-quantize-invalid-nostream",
                "create-quantize-already", "create-quantize-same")
    server.add_blob(bed.weights.bytes("wide"))
    time.sleep(second_left())
    server.play("create-quantize-q4km")


def name(server):
    """Names in several forms and letter cases."""
    server.play("create-mixed-case-name", "create-other-case-name", "show-other-case", "create-namespaced",
                "create-hosted-name", "create-library-prefix", "create-full-default-name", "tags-many")


def show(server):
    server.play("show", "show-verbose", "show-with-tag", "show-full-name", "show-upper", "show-wrong-tag",
                "show-override-system", "show-override-options")


def load(server):
    server.play("generate-load", "ps-loaded", "generate-load-nostream", "generate-load-forever", "ps-loaded-forever",
                "generate-load-duration", "ps-loaded-duration", "generate-load-keepalive-number", "ps-loaded-number",
                "generate-keepalive-numeric-string", "generate-keepalive-invalid")


def answer(server):
    server.play("generate", "generate-stream", "chat", "chat-stream", "chat-load", "generate-format-json",
                "generate-format-bad", "generate-think-unsupported", "generate-image-unsupported",
                "generate-option-unknown", "generate-option-wrong-type", "chat-tools-unsupported", "embed-unsupported")


def copy(server):
    server.play("copy", "copy-again", "copy-over-other", "copy-to-other-case", "copy-to-self", "copy-to-namespace",
                "copy-from-invalid-name", "copy-to-invalid-name", "copy-to-long-name", "copy-empty-destination",
                "tags-after-copies")


def unload(server):
    server.play("generate-second-model", "ps-after-several", "generate-unload", "ps-right-after-unload",
                "generate-unload-not-loaded", "chat-unload", "ps-after-unload", "generate-unload-stream",
                "generate-unload-string", "ps-after-all-unloaded", "embed-unload")


def delete(server):
    server.play("generate-load-before-delete", "delete-loaded", "ps-after-delete-loaded")
    server.tree("tree-before-delete")
    server.play("delete", "delete-again", "delete-other-case", "delete-name-key", "delete-shared-blob")
    server.delete_rest()
    server.play("tags-after-deleting-all")


def second_left():
    """Return how long the present second lasts: lists are sorted by whole seconds."""
    return 1 - time.time() % 1
