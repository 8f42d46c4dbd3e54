#!/usr/bin/env python3
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long host_drift takes for 200 things beyond its own start.

    python3 tests/bench/host_drift.py [rounds]

Prints medians of whole module processes. Goal: 200 things in less than 150 ms beyond the start.
"""

from __future__ import annotations

import contextlib
import grp
import io
import json
import os
import pwd
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THINGS = 200
GOAL_MS = 150


def module_process(arguments):
    """What a child does: run the module as Ansible does, with ``arguments`` from a file, and say how much differs."""
    from ansible.module_utils.testing import patch_module_args
    from ansible_collections.barellama.fleet.plugins.modules import host_drift

    said = io.StringIO()
    with patch_module_args(json.loads(Path(arguments).read_text())), contextlib.redirect_stdout(said):
        with contextlib.suppress(SystemExit):
            host_drift.main()
    result = json.loads(said.getvalue())
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
    child = [sys.executable, __file__, "--child", str(arguments)]
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
        found = {label: [] for label in calls}
        for label, desired in calls.items():
            Path(place, label).write_text(json.dumps({"desired": desired}))
        # In turns, so that whatever else the machine does falls on all of them alike.
        for _round in range(rounds):
            for label, results in found.items():
                results.append(process_ms(Path(place, label)))

    print(f"{'host_drift':32}{'differ':>8}{'ms':>8}{'beyond start':>14}")
    start = None
    for label, results in found.items():
        took = statistics.median(ms for ms, _differ in results)
        start = start or took
        print(f"{label:32}{results[0][1]:>8}{took:>8.0f}{took - start:>14.0f}")
    print(f"goal: less than {GOAL_MS} ms beyond the start; medians of {rounds} processes each")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        module_process(sys.argv[2])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 15)
