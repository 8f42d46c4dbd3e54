#!/usr/bin/env python3
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast ollama_store_info reads a store, beside sha256sum on the same files.

    python -m tests.bench.store [rounds [gigabytes [directory]]]

Whole module processes and whole sha256sum processes in turns; medians. Both find the files in the page cache, so that it
is the sum that is measured; with a directory on a disk and more gigabytes than memory it is the disk. Goal: 80 % of sha256sum.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import in_turns, loaded, medians, result_of, start

GOAL = 0.8
PIECE = 1 << 20


def module_process(arguments):
    """What a child does: run the module as Ansible does, and say how many blobs it read and how many lines it wrote."""
    result = result_of(loaded("ollama_store_info"), json.loads(arguments))
    print(result["totals"]["read"], len(result["lines"]))


def make(store, sizes):
    """A store with one model of layers with these sizes."""
    layers = []
    for size in sizes:
        fresh, digest = store / "blobs/new", hashlib.sha256()
        fresh.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as stream:
            for _piece in range(size // PIECE):
                piece = os.urandom(PIECE)
                digest.update(piece)
                stream.write(piece)
        fresh.rename(store / f"blobs/sha256-{digest.hexdigest()}")
        layers.append({"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest.hexdigest()}", "size": size})
    manifest = store / "manifests/registry.ollama.ai/library/bench/latest"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"config": layers[0], "layers": layers}))


def seconds(command, expected):
    started = time.perf_counter()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert expected in said, said
    return time.perf_counter() - started


def ways(store, cache, blobs):
    """The commands to measure, and what each has to say."""
    def module(**asked):
        return [sys.executable, "-m", "tests.bench.store", "--child", json.dumps({"path": str(store), **asked})]

    files = sorted(map(str, (store / "blobs").iterdir()))
    return {
        "sha256sum": (["sha256sum", *files], files[0]),
        "module, verify": (module(verify=True), f"{blobs} 0"),
        "module, verify, cached": (module(verify=True, cache=str(cache)), f"{blobs} 0"),
        "module, sizes only": (module(), "0 0"),
    }


def measure(place, title, sizes, rounds):
    store = place / title.replace(" ", "-")
    make(store, sizes)
    measured = ways(store, place / "cache/sums.json", len(sizes))
    for command, said in measured.values():  # the first time fills the page cache, and the module's own
        seconds(command, said)
    took = medians(in_turns({way: lambda each=each: seconds(*each) for way, each in measured.items()}, rounds))
    for way, median in took.items():
        print(f"{title:24}{way:26}{median:8.2f}{sum(sizes) / median / 1e6:10.0f}{took['sha256sum'] / median:10.2f}")


def main(rounds, gigabytes, directory):
    with tempfile.TemporaryDirectory(dir=directory) as place:
        total = int(gigabytes * 1e9)
        print(f"{'store':24}{'way':26}{'s':>8}{'MB/s':>10}{'ratio':>10}")
        for title, sizes in (("one blob", [total]), ("eight blobs", [total // 8] * 8)):
            measure(Path(place), title, [size // PIECE * PIECE for size in sizes], rounds)
    print(f"goal: ratio {GOAL} with verify; the module's own start of about half a second is in its time; medians of {rounds}")


if __name__ == "__main__":
    start(main, module_process, 3, 1.0, None)
