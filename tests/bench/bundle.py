#!/usr/bin/env python3
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast ollama_bundle carries a store to another, verified on both sides, beside tar and zstd -1, which verify nothing.

    python -m tests.bench.bundle [rounds [gigabytes [directory]]]

Whole processes in turns, medians. Everything is flushed to the disk in either way. The weights cannot be compressed, as true ones.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import in_turns, loaded, result_of, start
from tests.bench.store import PIECE, make


def module_process(arguments):
    """What a child does: run the module as Ansible does, and say what it did."""
    result = result_of(loaded("ollama_bundle"), json.loads(arguments))
    assert result.get("changed"), result


def seconds(*command):
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def module(**asked):
    return seconds(sys.executable, "-m", "tests.bench.bundle", "--child", json.dumps(asked))


def with_module(place, store):
    took = module(state="exported", path=f"{place}/b.tar", store=str(store))
    return took, module(state="imported", path=f"{place}/b.tar", store=f"{place}/to")


def with_tar(place, store):
    (place / "to").mkdir()
    took = seconds("sh", "-ec", f"tar -C {store} -c . | zstd -q -1 > {place}/b.tar.zst; sync {place}/b.tar.zst")
    return took, seconds("sh", "-ec", f"zstd -q -dc {place}/b.tar.zst | tar -C {place}/to -x; find {place}/to -type f -exec sync {{}} +")


def main(rounds, gigabytes, directory):
    with tempfile.TemporaryDirectory(dir=directory) as place:
        place = Path(place)
        size = int(gigabytes * 1e9) // PIECE * PIECE
        make(place / "from", [size])

        def once(way):
            (place / "round").mkdir()
            took = way(place / "round", place / "from")
            shutil.rmtree(place / "round")
            return took

        took = in_turns({way: lambda way=way: once(way) for way in (with_module, with_tar)}, rounds)
    both = {}
    print(f"{'way':14}{'export s':>10}{'import s':>10}{'MB/s both':>12}")
    for way, times in took.items():
        out, back = (statistics.median(column) for column in zip(*times))
        both[way] = out + back
        print(f"{way.__name__[5:]:14}{out:10.2f}{back:10.2f}{size / both[way] / 1e6:12.0f}")
    print(f"tar's time over the module's: {both[with_tar] / both[with_module]:.2f}; medians of {rounds}; the module's starts are in its time")


if __name__ == "__main__":
    start(main, module_process, 3, 1.0, None)
