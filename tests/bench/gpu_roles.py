# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles of GPU hosts cost where nothing is to be changed, against an empty play, in turns.

    python -m tests.bench.gpu_roles [rounds]

One node has a driver of the mock vendor's, built by DKMS; the other Docker, the mock vendor's container toolkit and its specification.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import in_turns, medians
from tests.fleet import conftest, drivers, toolkit

SYSTEMS = ("debian13", "debian12=debian13-containers")
DRIVER = "580.178.04"
EMPTY = conftest.ROOT / "tests/bench/empty.yml"


def main(rounds):
    conftest.BED = "figures-gpu"
    with tempfile.TemporaryDirectory(prefix="barellama-figures-") as folder:
        fleet = conftest.Fleet(Path(folder), SYSTEMS)
        fleet.renew()
        try:
            ways = {"an empty play": lambda: played(fleet, EMPTY), **roles(fleet, Path(folder))}
            for way in ways.values():
                way()
            found = in_turns(ways, rounds)
        finally:
            conftest.bed("down")
    show(found)


def roles(fleet, folder):
    """Each role, and a way to play it, which has done all its work."""
    driven, contained = fleet.nodes
    given = drivers.give(driven, folder, drivers.driver(DRIVER))
    (folder / "gpu.ini").write_text(f"[gpu]\n{driven.name}\n")
    engine = {"container_runtime_engine": "docker", **toolkit.give(contained, fleet.vendor())}
    playbooks = conftest.ROOT / "playbooks"
    ways = {
        "gpu_driver": lambda: played(fleet, playbooks / "gpu.yml", "-i", folder / "gpu.ini", **given),
        "container_runtime, Docker and CDI": lambda: played(fleet, playbooks / "runtime.yml", "--limit", f"{contained.name},localhost", **engine),
    }
    for way in ways.values():
        _seconds, run = way()
        run.assert_ok()
    return ways


def played(fleet, playbook, *arguments, **variables):
    """How long a run took, and the run."""
    begun = time.monotonic()
    run = fleet.play(playbook, *arguments, **variables)
    return time.monotonic() - begun, run


def show(found):
    took = medians({way: [seconds for seconds, _run in runs] for way, runs in found.items()})
    empty = next(iter(took.values()))
    print(f"{'a run that changes nothing':36}{'tasks on the host':>18}{'s':>8}{'times an empty play':>21}")
    for way, runs in found.items():
        hosts = [run.assert_unchanged().hosts for _seconds, run in runs if run.hosts]
        tasks = {counts["host"] for each in hosts for counts in each.values()} or {0}
        print(f"{way:36}{max(tasks):>18}{took[way]:>8.2f}{took[way] / empty:>21.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 3)
