# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks that are full, read-only or another user's, as the server's own faults pretend them."""

from __future__ import annotations

MIB = 1 << 20


def play(bed):
    bed.publish("library/tiny", "tiny2", system="v2", line_end=b"\n")
    bed.publish_big()
    with bed.server(faults={"disk": {"size": 64 * MIB}}) as server:
        server.play("disk-full-pull", "disk-full-pull-nostream", "disk-full-pull-tiny-afterwards", "disk-full-tags")
        server.host.stop()
        server.host.start()
        server.play("disk-full-after-restart-tags")
    nearly_full(bed)
    read_only(bed)
    forbidden(bed)


def nearly_full(bed):
    too_much = bed.random_bytes(30000000, "9c4dcca4ac831647a1af18318b179402d62fa98468b2a266bed1373f9a3b1b69")
    enough = bed.random_bytes(15800000, "709153e1ce6afbe8f540679c794b0c0d80a9fb931fa30848ea98791a89342432")
    with bed.server(faults={"disk": {"size": 16 * MIB}}) as server:
        server.play("disk-full-blob-post", data=too_much)
        server.play("disk-nearly-full-blob-post", data=enough)
        server.play("disk-full-blob-post-small", data=bed.weights.bytes("wide"))
        server.play("disk-full-pull-small-model")


def read_only(bed):
    """A store that becomes read-only under the server, and a server that starts on it."""
    with bed.server() as server:
        server.pull("library/tiny")
        server.faults(disk={"readonly": True})
        server.play("readonly-running-tags", "readonly-running-pull", "readonly-running-pull-nostream",
                    "readonly-running-pull-up-to-date", "readonly-running-blob-post", "readonly-running-copy",
                    "readonly-running-create", "readonly-running-delete")
        server.host.stop()
        server.host.start()
        server.play("readonly-tags", "readonly-generate", "readonly-pull")


def forbidden(bed):
    with bed.server() as server:
        server.pull("library/tiny")
        server.faults(disk={"denied": True})
        server.play("permission-tags", "permission-pull", "permission-pull-nostream", "permission-blob-post",
                    "permission-copy", "permission-create", "permission-delete")
