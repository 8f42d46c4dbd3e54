# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long DKMS builds a driver for one kernel: the tests' module that does nothing, and NVIDIA's open one as Debian 12 has it.

    python -m tests.bench.dkms

Each node has one driver, installed beforehand; what is measured is `dkms build` alone, once, with all of the machine's processors.
"""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path

from tests.fleet import conftest, drivers
from tests.slow.test_driver_of_debian import OPEN, SECTIONS

SYSTEMS = ("idle=debian13", "open=debian12")
NAMED = re.compile(r"(?P<name>[^/]+)/(?P<version>[^,]+), (?P<kernel>[^,]+), (?P<arch>\w+): installed")


def main():
    conftest.BED = "figures-dkms"
    with tempfile.TemporaryDirectory(prefix="barellama-figures-") as folder:
        fleet = conftest.Fleet(Path(folder), SYSTEMS)
        fleet.renew()
        try:
            install(fleet, Path(folder))
            show({node.name: built(node) for node in fleet.nodes})
        finally:
            conftest.bed("down")


def install(fleet, folder):
    """One driver on each node: the first by the role, the other, which is too old for it, by apt."""
    idle, free = fleet.nodes
    (folder / "gpu.ini").write_text(f"[gpu]\n{idle.name}\n")
    fleet.run("gpu.yml", "-i", folder / "gpu.ini", **drivers.give(idle, folder, drivers.driver("580.178.04"))).assert_ok()
    free.sh(SECTIONS + drivers.GPU)
    free.sh(OPEN)


def built(node):
    """What is built there, and the seconds that its build takes again."""
    found = NAMED.search(node.sh("dkms status"))
    which = "-m {name} -v {version} -k {kernel} -a {arch}".format(**found.groupdict())
    node.sh(f"dkms unbuild {which}")
    begun = time.monotonic()
    node.sh(f"dkms build {which}")
    return found["name"], found["version"], found["kernel"], time.monotonic() - begun


def show(found):
    print(f"{'driver':36}{'kernel':24}{'s':>8}")
    for name, version, kernel, seconds in found.values():
        print(f"{name + '/' + version:36}{kernel:24}{seconds:>8.1f}")


if __name__ == "__main__":
    main()
