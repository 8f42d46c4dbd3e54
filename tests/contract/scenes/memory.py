# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which models are loaded: copies that share weights, two at once, too many at once, a context that is too large."""

from __future__ import annotations

import hashlib
import threading
import time

from ..host import until


def play(bed):
    with bed.server() as server:
        models(bed, server)
        server.play("twins-load-first", "twins-load-second", "twins-ps", "twins-load-derived", "twins-ps-derived",
                    "twins-unload-first", "twins-ps-after-unload", "two-models-load-first", "two-models-load-second",
                    "two-models-ps", "generate-load-with-num-ctx", "ps-with-num-ctx", "generate-load-short-keepalive")
        time.sleep(1.2)
        server.play("ps-after-keepalive-expired")
        create(server, "longctx", bed.weights.long_context())
        server.play("generate-out-of-memory", "ps-after-out-of-memory", "create-then-copy-chain", "bearer-header")
    queue(bed)
    with bed.server(bind="0.0.0.0", OLLAMA_KEEP_ALIVE="30m", OLLAMA_CONTEXT_LENGTH="256") as server:
        create(server, "tiny", bed.weights.bytes("tiny"))
        server.ask("POST", "/api/generate", {"model": "tiny"})
        server.play("ps-with-server-defaults")


def models(bed, server):
    create(server, "tiny", bed.weights.bytes("tiny"))
    server.ask("POST", "/api/copy", {"source": "tiny", "destination": "twin"})
    server.ask("POST", "/api/create", {"model": "derived", "from": "tiny", "system": "x"})
    create(server, "other", bed.weights.bytes("other"))


def queue(bed):
    """Loads that take until the server's end fill the queue of one; the next is turned away."""
    with bed.server(faults={"load_seconds": 60}, OLLAMA_MAX_QUEUE="1", OLLAMA_DEBUG="1") as server:
        models(bed, server)
        create(server, "third", bed.weights.long_context())
        loads = [threading.Thread(target=server.ask, args=("POST", "/api/generate", {"model": name}))
                 for name in ("tiny", "other")]
        for load in loads:
            load.start()
        until(lambda: server.host.said("models=2"), "a full queue")
        server.play("generate-queue-full")
    for load in loads:
        load.join()


def create(server, name, data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    server.ask("POST", "/api/blobs/" + digest, data=data)
    server.ask("POST", "/api/create", {"model": name, "files": {"m.gguf": digest}})
