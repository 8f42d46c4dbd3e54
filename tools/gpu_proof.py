# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On a machine with an NVIDIA GPU: gpu_facts, its parsers and health level 5 for real, and what was seen as a fixture.

The fixture goes to tests/unit/plugins/module_utils/gpu_hosts/, whose hosts the unit tests read; UUIDs are numbered in it.
Level 5 takes a real Ollama: the program that OLLAMA names, else the one on the PATH. Without a GPU nothing is proven, and
it fails.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ansible_collections.barellama.fleet.plugins.module_utils._client import Client, ClientError
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import PATIENCE, Commands
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_host import Host
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_look import Instance
from ansible_collections.barellama.fleet.plugins.module_utils._gpu import look
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_kernel import LIBRARIES, SECURE_BOOT, Kernel
from ansible_collections.barellama.fleet.plugins.module_utils._health import Wanted, healthy
from ansible_collections.barellama.fleet.plugins.module_utils._health_gpu import Proof, judge

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests.standin.gguf import Model  # noqa: E402

HOSTS = ROOT / "tests/unit/plugins/module_utils/gpu_hosts"
UUID = re.compile(r"\b(GPU|MIG)-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
LIMIT = ["timeout", "-s", "KILL", str(PATIENCE)]
READ = ("/proc/sys/kernel/osrelease", "/sys/module/nvidia/version", "/proc/driver/nvidia/version", "/proc/driver/nvidia/gpus/*/information",
        SECURE_BOOT)
ONLY_THERE = (*(f"{place}/libnvidia-ml.so.*" for place in LIBRARIES), "/var/lib/dkms/nvidia*/*/source", "/run/reboot-required")
PORT = 11499
START = 90  # seconds for a server that looks for its GPUs


class NotProven(Exception):
    """One line: what is missing."""


def run_command(command, environ_update=None, **_options):
    """As AnsibleModule.run_command answers."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env={**os.environ, **(environ_update or {})})
    return done.returncode, done.stdout, done.stderr


def facts(root, run):
    """(gpus, host, what its tools answered), from a machine with an NVIDIA GPU whose driver is loaded."""
    answers = []

    def recorded(command, **options):
        status, output, said = run(command, **options)
        asked = command[len(LIMIT):] if command[:len(LIMIT)] == LIMIT else [Path(command[0]).name]
        answers.append([f"^{re.escape(' '.join(asked))}", status, output + said if status else output])
        return status, output, said

    kernel = Kernel(root)
    cards = [card for card in kernel.cards if card["vendor"] == "nvidia"]
    if not cards:
        raise NotProven("nothing is proven: this machine has no NVIDIA GPU on its PCI bus")
    if not kernel.nvidia_version:
        raise NotProven(f"nothing is proven: this machine has {len(cards)} NVIDIA GPU(s) and no NVIDIA driver loaded")
    gpus, host = look(kernel, Commands(recorded, root))
    if not any(gpu["vendor"] == "nvidia" and gpu["usable"] for gpu in gpus):
        raise NotProven(f"gpu_facts finds no GPU that Ollama can use: {gpus[0]['why']}")
    return gpus, host, answers


def fixture(root, gpus, host, answers):
    """The machine as one of gpu_hosts, with UUIDs that are numbers."""
    kernel = Kernel(root)
    texts = {path: kernel.text(path) for pattern in READ for path in _found(root, pattern)}
    texts.update({path: "".join(f"{line}\n" for line in kernel.text(path).splitlines() if "nvidia" in line)
                  for path in _found(root, "/lib/modules/*/modules.dep")})
    texts.update({path: "" for pattern in ONLY_THERE for path in _found(root, pattern)})
    return numbered({
        "about": f"Recorded by make gpu-proof on a machine with {gpus[0]['model']}, driver {kernel.nvidia_version}; UUIDs are numbered.",
        "cards": {card["slot"]: {"id": f"{card['vendor_id']}:{card['device'][2:]}", "driver": card["driver"],
                                 "class": kernel.text(f"/sys/bus/pci/devices/{card['slot']}/class").strip()} for card in kernel.cards},
        "files": {path.lstrip("/"): text for path, text in texts.items()},
        "commands": answers, "gpus": gpus,
        "host": {key: value for key, value in host.items() if key != "notes"},
    })


def _found(root, pattern):
    return [path.removeprefix(root) for path in sorted(glob.glob(root + pattern))]


def numbered(made):
    """The same with each UUID replaced by one that tells nothing of the machine."""
    text, known = json.dumps(made, indent=1), {}

    def number(found):
        return known.setdefault(found[0], f"{found[1]}-{len(known):08x}-1111-2222-3333-444444444444")

    return json.loads(UUID.sub(number, text))


def level_5(program, host, folder, **environment):
    """What health level 5 says of a real server with a small model of ours; NotProven where it does not reach it."""
    url, log = f"http://127.0.0.1:{PORT}", folder / "server.log"
    with open(log, "w") as lines:
        server = subprocess.Popen(
            [*program, "serve"], stdout=lines, stderr=lines, cwd=ROOT,
            env={**os.environ, "HOME": str(folder), "OLLAMA_HOST": url, "OLLAMA_MODELS": str(folder / "models"), "OLLAMA_NO_CLOUD": "1", **environment})
    try:
        client = Client(url, 300)
        version = _answer(client, server, log)
        weights = folder / "tiny.gguf"
        weights.write_bytes(b"".join(Model(width=256).chunks()))
        digest = _uploaded(client, weights)
        list(client.create("gpu-proof", {"files": {"tiny.gguf": f"sha256:{digest}"}}))
        client.generate("gpu-proof", prompt="Hello", options={"num_predict": 1})
        loaded = next(entry for entry in client.ps() if entry["name"].startswith("gpu-proof"))
        seen = Instance(host, {"name": "gpu-proof", "log": str(log).removeprefix(host.tools.root)},
                        {"method": "launchd", "user": None, "version": version, "extra_env": {}})
        seen.process.pid = str(server.pid)
        wanted = Wanted("gpu-proof", url)
        verdict, told = judge(wanted, version, 5, [Proof("gpu-proof", loaded)], seen)
        if verdict:
            raise NotProven(verdict.reason)
        drivers = "not asked" if host.computing is None else "agree"
        return f"{healthy(wanted, 5, version, told).reason}; the drivers' processes: {drivers}"
    finally:
        server.terminate()
        server.wait(30)


def _answer(client, server, log):
    end = time.monotonic() + START
    while time.monotonic() < end and server.poll() is None:
        try:
            return client.version()
        except ClientError:
            time.sleep(0.2)
    raise NotProven(f"level 5 is not proven: the server does not answer: {log.read_text().strip().splitlines()[-1:]}")


def _uploaded(client, path):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with open(path, "rb") as stream:
        client.upload(digest, stream, path.stat().st_size)
    return digest


def prove(root="", run=run_command, place=HOSTS, program=None, **environment):
    """Print what is proven; NotProven says what is not."""
    gpus, host, answers = facts(root, run)
    for gpu in gpus:
        print(f"{gpu['bus_id']} {gpu['model']}: {gpu['why'] or 'usable'}")
    made = fixture(root, gpus, host, answers)
    name = re.sub(r"[^a-z0-9]+", "_", f"real {gpus[0]['model']} {Kernel(root).nvidia_version}".lower())
    target = Path(place) / f"{name}.json"
    target.write_text(json.dumps(made, indent=1) + "\n")
    print(f"recorded as {target}; pytest tests/unit/plugins/module_utils/test__gpu.py reads it")
    program = program or [found for found in (os.environ.get("OLLAMA") or shutil.which("ollama"),) if found]
    if not program:
        raise NotProven("level 5 is not proven: there is no Ollama here; name its program by OLLAMA=")
    with tempfile.TemporaryDirectory(dir=root or None) as folder:
        print(level_5(program, Host(Commands(run, root), "launchd"), Path(folder), **environment))


if __name__ == "__main__":
    try:
        prove()
    except NotProven as error:
        sys.exit(f"gpu-proof: {error}")
