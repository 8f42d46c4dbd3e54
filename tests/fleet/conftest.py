# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the playbooks against a bed of real systemd nodes, and what each run did, task by task."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BED = os.environ.get("FLEET_BED", "fleet")  # another name lets two runs go side by side
NODES = ("debian12", "debian13")


@dataclass(frozen=True)
class Run:
    """One finished ``ansible-playbook``: its exit status, its output, and a record for each task and host."""

    status: int
    output: str
    hosts: dict
    tasks: list

    def changed_tasks(self):
        return sorted({task["task"] for task in self.tasks if task["changed"]})

    def assert_ok(self):
        assert self.status == 0, self.output
        assert self.hosts, f"no host took part:\n{self.output}"
        return self

    def assert_unchanged(self):
        self.assert_ok()
        assert self.changed_tasks() == [], self.output
        return self


class Node:
    """One machine of the bed."""

    def __init__(self, name):
        self.name = name
        self.container = f"barellama-{BED}-{name}"

    def start(self, *command, **options):
        """A process inside the node, which the caller has to wait for."""
        return subprocess.Popen(["docker", "exec", "-i", self.container, *command], **options)

    def sh(self, script):
        """The output of a shell script that must succeed."""
        done = subprocess.run(["docker", "exec", self.container, "sh", "-ec", script],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{self.name}: {script}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def holds(self, script):
        """Whether a shell script succeeds."""
        return subprocess.run(["docker", "exec", self.container, "sh", "-ec", script],
                              capture_output=True, check=False).returncode == 0

    def api(self, path):
        return json.loads(self.sh(f"curl -sf http://127.0.0.1:11434{path}"))

    def process(self, unit="ollama.service"):
        """The id of a unit's main process: another one after a restart."""
        return self.sh(f"systemctl show -P MainPID {unit}")

    def version(self):
        return self.api("/api/version")["version"]


class Fleet:
    """The bed as an operator sees it: an example's inventory with this bed's nodes, and playbooks to run against it."""

    root = ROOT
    inventory = "demo"
    sites = f"barellama-{BED}-sites"

    def __init__(self, folder, systems=NODES):
        self.folder = folder
        self.systems = systems
        self.nodes = [Node(name.partition("=")[0]) for name in systems]

    def command(self, playbook, *arguments, **variables):
        bed_files = ROOT / ".cache" / "beds" / BED
        there = ["--limit", f"localhost,{self.nodes[0].name}"] if len(self.nodes) == 1 else []  # the inventory has two; a later --limit wins
        return [sys.executable, "-m", "ansible", "playbook", "-i", ROOT / "inventories" / self.inventory,
                "-i", bed_files / "docker.json", "-e", f"@{bed_files / 'release.json'}", "-e", json.dumps(variables),
                playbook, *there, *arguments]

    def environment(self):
        return dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_NOCOLOR="1",
                    ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests/callback"), ANSIBLE_CALLBACKS_ENABLED="host_tasks",
                    HOST_TASKS_FILE=str(self.folder / "tasks.json"))

    def run(self, playbook="site.yml", *arguments, **variables):
        return self.play(ROOT / "playbooks" / playbook, *arguments, **variables)

    def play(self, playbook, *arguments, collections=None, **variables):
        """Run a playbook, by path or by its full name in the ``collections`` folder."""
        tasks = self.folder / "tasks.json"
        tasks.unlink(missing_ok=True)
        environment = self.environment()
        if collections:
            environment.pop("PYTHONPATH", None)  # Ansible looks for collections there too, and finds the checkout
            environment["ANSIBLE_COLLECTIONS_PATH"] = f"{collections}:{environment['ANSIBLE_COLLECTIONS_PATH']}"
        done = subprocess.run(self.command(playbook, *arguments, **variables), cwd=self.folder,
                              env=environment, capture_output=True, text=True, check=False)
        told = json.loads(tasks.read_text()) if tasks.exists() else {"hosts": {}, "tasks": []}
        hosts = {name: counts for name, counts in told["hosts"].items() if name != "localhost"}
        return Run(done.returncode, done.stdout + done.stderr, hosts, told["tasks"])

    def module(self, node, name, **options):
        """One module call on one node, as an operator makes it by hand."""
        play = [{"hosts": node.name, "gather_facts": False, "tasks": [{f"barellama.fleet.{name}": options}]}]
        playbook = self.folder / "module.yml"
        playbook.write_text(json.dumps(play))
        return self.play(playbook)

    def vendor(self):
        """Where the bed's sites have the mock vendor's repositories (tests/standin/vendor), and its keys' fingerprints."""
        return json.loads(subprocess.run([sys.executable, ROOT / "tools/vendor"], capture_output=True, check=True, cwd=ROOT).stdout)

    def renew(self):
        """Bare nodes, as on the first day."""
        bed("down")
        bed("up", *self.systems)


def bed(verb, *systems):
    subprocess.run([sys.executable, ROOT / "tools" / "nodes", verb, BED, *systems], check=True, cwd=ROOT)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, request):
    """Bare nodes for each file of tests, of the SYSTEMS that it names, or one of each; removed at the end."""
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), getattr(request.module, "SYSTEMS", NODES))
    fleet.renew()
    yield fleet
    bed("down")


@pytest.fixture(scope="module")
def served(fleet):
    """The same, after the first run of site.yml."""
    fleet.run().assert_ok()
    return fleet
