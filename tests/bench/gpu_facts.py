#!/usr/bin/env python3
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long gpu_facts takes beyond its own start.

    python -m tests.bench.gpu_facts [rounds]

Prints medians of what the module takes once Python has started and imported it. Goal: a host without a GPU in less than
300 ms beyond one where there is nothing to look at.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import in_turns, loaded, result_of, show_beyond_start, start

GOAL_MS = 300
DEVICES = 300
GPUS = 8


def module_process(root):
    """What a child does: run the module as Ansible does, and say how many ms that took and how many GPUs there are."""
    module = loaded("gpu_facts")
    started = time.perf_counter()
    result = result_of(module, {"root": root})
    print((time.perf_counter() - started) * 1000, len(result["ansible_facts"]["gpus"]))


def server(root, gpus):
    """A host with many devices on its bus, the first of which are GPUs."""
    for number in range(DEVICES):
        folder = root / f"sys/bus/pci/devices/{number // 256:04x}:{number % 256:02x}:00.0"
        folder.mkdir(parents=True)
        is_gpu = number < gpus
        for name, value in (("vendor", "0x10de" if is_gpu else "0x8086"), ("device", "0x2330"), ("class", "0x030200" if is_gpu else "0x020000")):
            (folder / name).write_text(f"{value}\n")
        (folder / "driver").symlink_to("../../../bus/pci/drivers/nvidia")
    (root / "sys/module/nvidia").mkdir(parents=True)
    (root / "sys/module/nvidia/version").write_text("580.95.05\n")


def tools(folder):
    """An nvidia-smi that takes no time of its own, which a real one does."""
    folder.mkdir()
    rows = [f"{number}, GPU-{number}, NVIDIA H100, 81559, 81000, 00000000:{number:02X}:00.0, 9.0, Enabled, N/A, N/A, None, N/A"
            for number in range(GPUS)]
    (folder / "nvidia-smi").write_text("#!/bin/sh\ncat <<END\n" + "\n".join(rows) + "\nEND\n")
    (folder / "nvidia-smi").chmod(0o755)


def process_ms(root, path):
    """What one module process says."""
    child = [sys.executable, "-m", "tests.bench.gpu_facts", "--child", root]
    done = subprocess.run(child, check=True, capture_output=True, text=True, env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}"})
    took, gpus = done.stdout.split()
    return float(took), int(gpus)


def main(rounds):
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "nothing").mkdir()
        server(place / "none", 0)
        server(place / "eight", GPUS)
        tools(place / "bin")
        roots = {"start (nothing to look at)": str(place / "nothing"), "this machine": "", f"{DEVICES} devices, no GPU": str(place / "none"),
                 f"{DEVICES} devices, {GPUS} GPUs": str(place / "eight")}
        found = in_turns({label: lambda root=root: process_ms(root, place / "bin") for label, root in roots.items()}, rounds)
    show_beyond_start("gpu_facts", "GPUs", found)
    print(f"goal: less than {GOAL_MS} ms beyond the start without a GPU; medians of {rounds} processes each")


if __name__ == "__main__":
    start(main, module_process, 15)
