#!/usr/bin/env python3
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a list of models costs in one call of ollama_models, beside what people write instead.

    python -m tests.bench.models [rounds]

Twenty models that are all there: one call, a loop of `ollama pull`, and a loop of `uri`; whole plays in turns on this
machine, medians less that of an empty play, and the same in processor time, which other work on the machine hardly changes.
Then eight models of 64 MB from a site that answers 20 ms late and gives each connection so many bytes a second: one after the
other and all at once. The registry is next door: over a wide area network each turn of a loop would take longer.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.bench.measure import in_turns, medians

ROOT = Path(__file__).resolve().parents[2]
STANDIN = ROOT / "tests/integration/targets/setup_standin/files/standin.py"
PRESENT, ABSENT, MEGABYTES = 20, 8, 64
LATE_MS, RATE = 20, 8_000_000
TIMES_FASTER = {"a loop of ollama pull": 13, "a loop of uri": 20, "one after the other": 3}


class Bench:
    """A stand-in with its registry, and plays against it."""

    def __init__(self, place):
        self.place = Path(place)
        self.standin = json.loads(run(sys.executable, STANDIN, "start", place, "0.34.4"))
        self.present = self.publish("present", PRESENT)
        self.absent = self.publish("absent", ABSENT, "--megabytes", str(MEGABYTES))

    def publish(self, name, number, *options):
        names = [f"demo/{name}-{count}" for count in range(number)]
        run(sys.executable, "-m", "tests.standin.models", "--data", self.standin["registry_data"], *options, *names)
        return [f"{self.standin['registry']}/{name}" for name in names]

    def stop(self):
        run(sys.executable, STANDIN, "stop", self.place)

    def models(self, models, **options):
        return {"barellama.fleet.ollama_models": {
            "url": self.standin["url"], "insecure": True, "allowed_registries": [self.standin["registry"]], "models": models, **options}}

    def ways(self):
        """How people keep a list of models, as tasks."""
        environment = {"OLLAMA_HOST": self.standin["url"]}
        body = {"model": "{{ item }}", "insecure": True, "stream": False}
        return {
            "an empty play": [],
            "one call": [self.models(self.present)],
            "a loop of ollama pull": [{
                "ansible.builtin.command": {"argv": [*self.pull(), "{{ item }}"], "chdir": str(ROOT)},
                "loop": self.present, "environment": environment, "changed_when": False}],
            "a loop of uri": [{
                "ansible.builtin.uri": {"url": f"{self.standin['url']}/api/pull", "method": "POST", "body": body, "body_format": "json"},
                "loop": self.present}],
        }

    def pull(self):
        return [sys.executable, "-m", "tests.standin.ollama", "pull", "--insecure"]

    def play(self, tasks, changed=0):
        """Run a play of these tasks; how long it took, and its processes' processor time."""
        playbook = self.place / "play.yml"
        playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        begun, spent = time.monotonic(), processor_time()
        said = run(sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local",
                   "-e", f"ansible_python_interpreter={sys.executable}", playbook)
        took = time.monotonic() - begun, processor_time() - spent
        if tasks and f"changed={changed} " not in said:
            sys.exit(f"not as it should be:\n{said}")
        return took

    def fetch(self, at_once):
        """Pull what is absent, so many models at the same time, and take it away again; how long the pulls took."""
        took, _spent = self.play([self.models(self.absent, max_parallel=at_once)], changed=1)
        self.play([self.models(self.absent, state="absent")], changed=1)
        return took


def run(*command):
    environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"))
    done = subprocess.run(list(map(str, command)), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def processor_time():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fault(site, fault):
    request = urllib.request.Request(f"{site}/_faults", json.dumps(fault).encode(), method="PUT")
    urllib.request.urlopen(request, timeout=5).close()


def show(took, best, less=0.0):
    for way, seconds in took.items():
        ratio = f"{(seconds - less) / (took[best] - less):6.1f} x" if way in TIMES_FASTER else ""
        goal = f"goal {TIMES_FASTER[way]} x" if way in TIMES_FASTER else ""
        print(f"{way:26}{seconds:8.2f} s{ratio:>10}  {goal}".rstrip())


def main(rounds):
    with tempfile.TemporaryDirectory(prefix="bench-models-") as place:
        bench = Bench(place)
        try:
            bench.play([bench.models(bench.present, max_parallel=8)], changed=1)
            ways = {way: lambda tasks=tasks: bench.play(tasks) for way, tasks in bench.ways().items()}
            found = in_turns(ways, rounds)
            for number, time_of in enumerate(("", ", processor time")):
                took = medians({way: [pair[number] for pair in pairs] for way, pairs in found.items()})
                print(f"{PRESENT} models that are there, medians of {rounds}, ratios less the empty play{time_of}")
                show(took, "one call", took["an empty play"])
            fault(bench.standin["sites_url"], {"path": "/direct/*", "late_ms": LATE_MS, "rate": RATE})
            print(f"{ABSENT} models of {MEGABYTES} MB, {LATE_MS} ms late, {RATE // 10**6} MB/s for each connection, once")
            took = in_turns({"one after the other": lambda: bench.fetch(1), "all at once": lambda: bench.fetch(ABSENT)}, 1)
            show(medians(took), "all at once")
        finally:
            bench.stop()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 3)
