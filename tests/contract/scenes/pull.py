# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pulling small models: fresh, again, after the tag moved, from registries that refuse, lie or are not there."""

from __future__ import annotations

UNKNOWN_HOSTS = {"registry.invalid": None, "registry.ollama.ai": None}
V1 = {"system": "v1", "license": "test licence"}
V2 = {"system": "v2", "line_end": b"\n"}
NAME = "library/tiny"


def play(bed):
    bed.publish(NAME, "tiny", **V1)
    from_plain_registry(bed)
    with bed.server(faults={"hosts": UNKNOWN_HOSTS}) as server:
        fresh_and_again(bed, server)
        bed.publish(NAME, "tiny2", **V2)
        server.add_blob(bed.weights.bytes("tiny2"))
        server.play("pull-updated", "tags-after-pull-updated")
        spelled(server)
        not_there(server)
        server.play("create-from-pulls")
        server.delete_rest()
        server.play("pull-fresh-nostream")
    refused(bed)


def from_plain_registry(bed):
    with bed.server() as server:
        server.add_blob(bed.weights.bytes("tiny"))
        server.add_blob(bed.weights.bytes("tiny2"))
        server.play("pull-plain-registry", "pull-plain-registry-nostream")


def fresh_and_again(bed, server):
    bed.forget_requests()
    server.play("pull-fresh")
    server.requests("registry-requests-of-pull-fresh")
    server.play("show-after-pull", "tags-after-pull")
    bed.forget_requests()
    server.play("pull-up-to-date")
    server.requests("registry-requests-of-pull-up-to-date")
    server.play("pull-up-to-date-nostream", "tags-after-up-to-date-pull")


def spelled(server):
    """The same model by other spellings, with and without `insecure`."""
    server.play("pull-without-tag", "pull-name-key", "pull-http-scheme-insecure", "tags-after-http-scheme",
                "pull-http-not-insecure", "pull-http-not-insecure-nostream", "pull-http-scheme-not-insecure",
                "pull-http-scheme-not-insecure-nostream", "pull-https-scheme", "pull-https-scheme-nostream")


def not_there(server):
    server.play("pull-missing-model", "pull-missing-model-nostream", "pull-missing-tag", "pull-missing-tag-nostream",
                "pull-connection-refused", "pull-connection-refused-nostream",
                "pull-existing-while-registry-down-still-listed", "pull-unknown-host", "pull-unknown-host-nostream",
                "pull-default-registry-unreachable", "pull-default-registry-unreachable-nostream", "pull-cloud-name")


def refused(bed):
    with bed.server() as server:
        server.add_blob(bed.weights.bytes("tiny2"))
        for status in (401, 403, 429, 500, 503):
            bed.fault(path="/v2/*/manifests/*", status=status)
            server.play("pull-registry-manifest-%d" % status)
        server.play("pull-registry-manifest-503-nostream")
        bed.fault(path="/v2/*/blobs/*", status=404)
        server.play("pull-registry-blob-404")
        bed.fault(path="/direct/*:" + bed.weights.digest("tiny2"), wrong_bytes=True)
        server.play("pull-tampered", "pull-tampered-nostream", "tags-after-tampered")
        bed.fault()
        server.play("pull-after-tampered")
