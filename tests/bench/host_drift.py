#!/usr/bin/env python3
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long host_drift takes for 200 things beyond its own start.

    python -m tests.bench.host_drift [rounds]

Prints medians of whole module processes. Goal: 200 things in less than 150 ms beyond the start.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import in_turns, loaded, result_of, show_beyond_start, start

THINGS = 200
GOAL_MS = 150


def module_process(arguments):
    """What a child does: run the module as Ansible does, with ``arguments`` from a file, and say how much differs."""
    result = result_of(loaded("host_drift"), json.loads(Path(arguments).read_text()))
    print(len(result["differences"]) if "differences" in result else result["msg"])


def desired_things(place):
    """A mix as roles write it: directories, files of 4 kB, links, absent paths, packages, an account."""
    owned = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}
    account = pwd.getpwuid(os.getuid())
    things = []
    for number in range(THINGS // 5):
        things += [
            {"kind": "directory", "path": f"{place}/d{number}", "mode": "0755", **owned},
            {
                "kind": "file",
                "path": f"{place}/d{number}/f",
                "content": f"{number:063}\n" * 64,
                "mode": "0644",
                **owned,
            },
            {"kind": "link", "path": f"{place}/d{number}/l", "target": "f"},
            {"kind": "absent", "path": f"{place}/d{number}/old"},
        ]
    user = {"kind": "user", "name": account.pw_name, "group": grp.getgrgid(account.pw_gid).gr_name}
    things += [{**user, "home": account.pw_dir, "shell": account.pw_shell, "groups_if_present": ["no-such-group"]}]
    packages = ["bash", "coreutils", "tar", "gzip"]
    return things + [{"kind": "package", "name": packages[n % len(packages)]} for n in range(THINGS - len(things))]


def make(things):
    for thing in things:
        path = Path(thing.get("path", "/"))
        if thing["kind"] == "directory":
            path.mkdir(mode=0o755, parents=True)
        elif thing["kind"] == "file":
            path.write_text(thing["content"])
        elif thing["kind"] == "link":
            path.symlink_to(thing["target"])


def process_ms(arguments):
    """Wall time of one module process in ms, and how much it found to differ."""
    started = time.perf_counter()
    child = [sys.executable, "-m", "tests.bench.host_drift", "--child", str(arguments)]
    done = subprocess.run(child, check=True, capture_output=True, text=True)
    return (time.perf_counter() - started) * 1000, int(done.stdout)


def main(rounds):
    with tempfile.TemporaryDirectory() as place:
        made, bare = desired_things(f"{place}/made"), desired_things(f"{place}/bare")
        make(made)
        calls = {
            "start (nothing desired)": [],
            f"{THINGS} things, as desired": made,
            f"{THINGS} things, bare host": bare,
        }
        for label, desired in calls.items():
            Path(place, label).write_text(json.dumps({"desired": desired}))
        found = in_turns({label: lambda label=label: process_ms(Path(place, label)) for label in calls}, rounds)
    show_beyond_start("host_drift", "differ", found)
    print(f"goal: less than {GOAL_MS} ms beyond the start; medians of {rounds} processes each")


if __name__ == "__main__":
    start(main, module_process, 15)
