# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts that fail: exit status and last lines of the log."""

from __future__ import annotations


def play(bed):
    with bed.server() as server:
        server.play_start("start-port-in-use", second=True)
    with bed.server(launch=False) as server:
        server.store.mkdir(parents=True)
        server.faults(disk={"readonly": True})
        server.play_start("start-readonly-empty-directory")
        server.faults(disk={"denied": True})
        server.play_start("start-models-directory-unreadable")
        server.store.rmdir()
        server.store.parent.rmdir()
        server.play_start("start-models-directory-uncreatable")
    with bed.server(launch=False) as server:
        (server.store / "manifests" / "registry.ollama.ai" / "library").mkdir(parents=True)
        (server.store / "blobs").mkdir()
        server.faults(disk={"readonly": True})
        server.play_start("start-readonly-empty-manifests")
