# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP surface and bad input, on an empty store."""

from __future__ import annotations

BAD_INPUT = ("empty-body", "empty-object", "malformed-json", "wrong-type", "invalid-name", "long-name",
                 "empty-name", "dotdot-name")
EMPTY_CONFIG = (b'{"model_format":"","model_family":"","model_families":null,"model_type":"","file_type":"",'
                b'"architecture":"amd64","os":"linux"}\n')


def play(bed):
    with bed.server() as server:
        server.play("root-get", "root-head", "version", "version-head", "accept-xml", "status", "tags-empty",
                    "tags-head", "ps-empty", "host-header-foreign", "host-header-ip", "host-header-localhost",
                    "origin-foreign", "options-preflight", "unknown-path", "unknown-path-post", "path-prefix",
                    "trailing-slash-tags", "double-slash", "method-get-pull", "method-post-delete",
                    "method-post-tags", "method-put-copy", "blob-get")
        for endpoint in ("show", "pull", "create", "delete", "generate", "chat", "embed"):
            server.play(*(f"{endpoint}-{word}" for word in BAD_INPUT))
        names(server)
        server.add_blob(EMPTY_CONFIG)
        blobs(server)
        create_refused(server)
        server.host.stop()
        server.play("connection-refused")
    with bed.server(bind="0.0.0.0") as server:
        server.play("wildcard-host-header-foreign", "wildcard-origin-foreign")


def names(server):
    """Names that are wrong, too long, or of models that are not there."""
    server.play("content-type-none-pull", "pull-long-tag", "pull-name-80", "pull-name-81", "show-cloud-name",
                "show-digest-name", "show-http-name", "show-long-tag", "show-missing", "show-missing-notag",
                "show-name-key", "generate-missing", "generate-missing-stream", "generate-missing-unload",
                "chat-missing", "embed-missing", "delete-missing", "delete-missing-tag", "copy-empty-body", "copy-empty-object",
                "copy-malformed-json", "copy-missing-source", "copy-no-destination")


def blobs(server):
    server.play("blob-head-missing", "blob-head-bad-digest", "blob-post-mismatch", "blob-post-bad-digest",
                "blob-post-created", "blob-post-again", "blob-post-again-wrong-body", "blob-head-present",
                "blob-head-dash-digest", "blob-post-empty-body")


def create_refused(server):
    server.play("create-absolute-file-name", "create-bad-digest", "create-empty-digest", "create-empty-files",
                "create-from-invalid", "create-from-missing", "create-from-missing-nostream", "create-missing-blob",
                "create-missing-blob-nostream", "create-modelfile-key", "create-no-source",
                "create-no-source-nostream", "create-not-gguf", "create-not-gguf-nostream")
