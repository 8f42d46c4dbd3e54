# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each method costs on one node: a run that changes nothing, the gap of an upgrade, the way back from a bad one.

The gap is the longest time between two good answers that a client sees which asks every 20 ms.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.fleet import conftest
from tests.fleet.methods import DOCKER, ENDS, NEW, OLD, PODMAN, ROOTLESS, SYSTEMD

SYSTEMS = ("debian13=debian13-containers",)
ROUNDS = 3
METHODS = {"systemd": SYSTEMD, "docker": DOCKER, "podman": PODMAN, "podman, rootless": ROOTLESS}
WATCH = """
import http.client, time, urllib.request
last, gap = time.monotonic(), 0.0
while True:
    try:
        urllib.request.urlopen("http://127.0.0.1:11434/api/version", timeout=1).read()
        now = time.monotonic()
        last, gap = now, max(gap, now - last)
        open("/tmp/gap", "w").write("%.2f" % gap)
    except (OSError, http.client.HTTPException):
        pass
    time.sleep(0.02)
"""


def main():
    conftest.BED = "figures-methods"
    with tempfile.TemporaryDirectory(prefix="barellama-figures-") as folder:
        fleet = conftest.Fleet(Path(folder), SYSTEMS)
        fleet.renew()
        try:
            rows = [measured(fleet, name, variables) for name, variables in METHODS.items()]
        finally:
            conftest.bed("down")
    show(rows)


def measured(fleet, name, variables):
    """One method, from the switch to it to the way back from a bad version."""
    node = fleet.nodes[0]
    site(fleet, ollama_version=OLD, **variables).assert_ok()
    runs = sorted((timed(fleet, ollama_version=OLD, **variables) for _round in range(ROUNDS)), key=lambda run: run[0])
    seconds, run = runs[ROUNDS // 2]
    with Watch(node) as watch:
        site(fleet, ollama_version=NEW, **variables).assert_ok()
    upgrade = watch.gap
    with Watch(node) as watch:
        bad = site(fleet, **ENDS, **variables)
    if bad.status == 0 or node.version() != NEW:
        sys.exit(f"{name}: the bad version was not rolled back:\n{bad.output}")
    counts = run.assert_unchanged().hosts[node.name]
    return name, f"{seconds:.2f} s", str(counts["host"]), f"{upgrade} s", f"{watch.gap} s"


def timed(fleet, **variables):
    """A run and how long it took."""
    begun = time.monotonic()
    run = site(fleet, **variables)
    return time.monotonic() - begun, run


def site(fleet, **variables):
    """The main job on the one node."""
    return fleet.run("site.yml", "--limit", fleet.nodes[0].name, **variables)


class Watch:
    """A client on the node; ``gap``: the longest time between two good answers, once it has ended."""

    def __init__(self, node):
        self.node = node
        self.gap = None

    def __enter__(self):
        self.node.sh("systemd-run -q --unit=bed-watch python3 -c '" + WATCH + "'")
        return self

    def __exit__(self, *_error):
        self.gap = self.node.sh("systemctl stop bed-watch; cat /tmp/gap")


def show(rows):
    table = [("method", "no-change run", "tasks on the host", "gap, upgrade", "gap, bad one and back"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


if __name__ == "__main__":
    main()
