# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures what docs/figures.md tells and prints it as a table: ``make figures``.

A no-change run of site.yml is timed against the usual role (usual_role.yml) on the same node, in turns, and the medians
are compared. Nothing here fails on a slow machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BED, NODE, OTHER = "figures", "debian12", "debian13"
BED_FILES = ROOT / ".cache" / "beds" / BED
ROUNDS = 3
OURS, USUAL = ROOT / "playbooks/site.yml", ROOT / "tests/bench/usual_role.yml"
EMPTY = ROOT / "tests/bench/empty.yml"
TWO_MODELS = ["sites:5001/demo/tiny:latest", "sites:5001/demo/small:latest"]

Timed = namedtuple("Timed", "seconds host control skipped changed")


def main():
    nodes("down")
    nodes("up", NODE, OTHER)
    try:
        play(OURS, "ssh", pipelining=True)
        rows = list(no_change_rows())
        rows += exposure_rows()
    finally:
        nodes("down")
    rows.append(("recordings of a real Ollama", told("tests.contract.replay")[-1].partition(": ")[2], ">= 280 replayed"))
    show(rows)
    print("", *told("tests.bench.host_drift"), sep="\n")
    print("", *told("tests.bench.gpu_facts"), sep="\n")
    print("", *told("tests.bench.models"), sep="\n")
    print("", *told("tests.bench.store"), sep="\n")
    print("", *told("tests.bench.methods"), sep="\n")
    print("", *told("tests.bench.gpu_roles"), sep="\n")
    print("", *told("tests.bench.bundle"), sep="\n")


def no_change_rows():
    """Ours and the usual role in turns, in three ways of reaching the node."""
    pipelined = in_turns((EMPTY, "ssh", True), (OURS, "ssh", True), (USUAL, "ssh", True), (USUAL, "ssh", False))
    docker = in_turns((OURS, "docker", True), (USUAL, "docker", True))
    empty, ours, usual, usual_by_default = pipelined
    yield "an empty play, SSH with pipelining", seconds(empty), ""
    yield "no-change run, SSH with pipelining", seconds(ours), ""
    yield "tasks that reach the host", str(ours.host), "<= 4"
    yield "tasks settled on the control node, skipped", f"{ours.control}, {ours.skipped}", ""
    yield "tasks that changed something", str(ours.changed), "0"
    yield "the usual role, SSH with pipelining", f"{seconds(usual)}, {usual.host} tasks on the host", ""
    yield "ratio, both with pipelining", ratio(ours, usual), "<= 0.15"
    yield "the usual role, SSH as Ansible has it by default", seconds(usual_by_default), ""
    yield "ratio, the usual role without pipelining", ratio(ours, usual_by_default), "<= 0.09"
    yield "no-change run, Docker's connection", seconds(docker[0]), ""
    yield "the usual role, Docker's connection", seconds(docker[1]), ""
    yield "ratio, Docker's connection", ratio(*docker), ""


def in_turns(*plays):
    """The median of each play over ROUNDS rounds, after one round that does not count."""
    for play_once in plays:
        play(*play_once)
    rounds = [[play(*play_once) for play_once in plays] for _round in range(ROUNDS)]
    return [sorted(runs)[len(runs) // 2] for runs in zip(*rounds)]


def play(playbook, connection, pipelining, **variables):
    """Run a playbook once; what it cost."""
    with tempfile.NamedTemporaryFile() as tasks:
        environment = dict(
            os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_PIPELINING=str(pipelining),
            ANSIBLE_SSH_PIPELINING=str(pipelining), ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests/callback"),
            ANSIBLE_CALLBACKS_ENABLED="host_tasks", HOST_TASKS_FILE=tasks.name)
        command = [sys.executable, "-m", "ansible", "playbook", "-i", ROOT / "inventories/demo",
                   "-i", BED_FILES / f"{connection}.json", "--limit", NODE, "-e", f"@{BED_FILES / 'release.json'}",
                   "-e", json.dumps({"ollama_models_list": TWO_MODELS, **variables}), playbook]
        begun = time.monotonic()
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        took = time.monotonic() - begun
        if done.returncode:
            sys.exit(f"{playbook.name} failed:\n{done.stdout}{done.stderr}")
        counts = json.load(tasks)["hosts"].get(NODE, dict.fromkeys(Timed._fields, 0))
    return Timed(took, counts["host"], counts["control"], counts["skipped"], counts["changed"])


def exposure_rows():
    """systemd's score of the unit, and of the relay that a strict one has, on both nodes; 0 is best, 10 worst."""
    for hardening, unit, goal in (("standard", "ollama", 1.5), ("strict", "ollama", 1.0), ("strict", "relay-ollama", 1.0)):
        play(OURS, "ssh", True, ollama_hardening=hardening)
        text = on(NODE, f"cat /etc/systemd/system/{unit}.service")
        for node in (NODE, OTHER):
            on(node, f"cat > /tmp/{unit}.service", text)
            said = on(node, f"systemd-analyze security --no-pager --offline=true /tmp/{unit}.service")
            systemd = on(node, "systemctl --version").split()[1]
            score = said.rsplit(f"{unit}.service: ", 1)[1].split()[0]
            yield f"exposure score of {unit}.service, {hardening}, systemd {systemd}", score, f"<= {goal}"


def on(node, script, given=None):
    """The output of a shell script on a node."""
    return subprocess.run(["docker", "exec", "-i", f"barellama-{BED}-{node}", "sh", "-ec", script], input=given,
                          check=True, capture_output=True, text=True).stdout


def told(module):
    """The lines that a program of the tests prints."""
    done = subprocess.run([sys.executable, "-m", module], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip().splitlines()


def nodes(verb, *names):
    subprocess.run([sys.executable, ROOT / "tools/nodes", verb, BED, *names], check=True)


def seconds(timed):
    return f"{timed.seconds:.2f} s"


def ratio(ours, usual):
    return f"{ours.seconds / usual.seconds:.3f}"


def show(rows):
    table = [("measure", "value", "goal"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    print(f"{os.cpu_count()} cores, medians of {ROUNDS} rounds")
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


if __name__ == "__main__":
    main()
