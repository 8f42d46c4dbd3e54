# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._gpu import look
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gpu_bed import HOSTS, GpuHost
from ansible_collections.barellama.fleet.tools import gpu_proof

REAL = "GPU-37037c3f-65c8-ec4d-24a9-420204ad8026"
STANDIN = [sys.executable, "-m", "tests.standin.ollama"]


@pytest.fixture
def machine(tmp_path):
    """A machine with an RTX 4090, whose UUID is one that a card may have."""
    text = json.dumps(HOSTS["rtx_4090"]).replace("GPU-00000001-1111-2222-3333-444444444444", REAL)
    return GpuHost(tmp_path / "machine", json.loads(text))


def prove(machine, place, **more):
    """Run the proof on a made-up machine, with a stand-in for Ollama."""
    faults = place / "faults.json"
    faults.write_text(json.dumps(more.pop("faults", {})))
    gpu_proof.prove(str(machine.root), machine.run, place, STANDIN, STANDIN_FAULTS=str(faults))


def test_a_machine_is_proven_and_recorded_without_its_uuids(machine, tmp_path, capsys):
    prove(machine, tmp_path, faults={"gpus": [{"name": "NVIDIA GeForce RTX 4090"}]})
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "0000:01:00.0 NVIDIA GeForce RTX 4090: usable"
    assert "and generate on CUDA0 (NVIDIA GeForce RTX 4090); the drivers' processes: not asked" in told[-1]

    recorded = (tmp_path / "real_nvidia_geforce_rtx_4090_610_57_04.json").read_text()
    assert REAL not in recorded and "GPU-00000000-1111-2222-3333-444444444444" in recorded
    made = json.loads(recorded)
    (tmp_path / "again").mkdir()
    bed = GpuHost(tmp_path / "again", made)
    gpus, host = look(bed.kernel, bed.tools)
    assert gpus == made["gpus"] and {key: host[key] for key in made["host"]} == made["host"]


def test_a_server_on_the_cpu_proves_nothing(machine, tmp_path):
    with pytest.raises(gpu_proof.NotProven, match="no GPU is detected, everything is computed on the CPU: "):
        prove(machine, tmp_path)


@pytest.mark.parametrize("host, words", [
    ("no_gpu", "nothing is proven: this machine has no NVIDIA GPU on its PCI bus"),
    ("rx_7900", "nothing is proven: this machine has no NVIDIA GPU on its PCI bus"),
    ("not_loaded", "nothing is proven: this machine has 1 NVIDIA GPU(s) and no NVIDIA driver loaded"),
    ("mismatch", "gpu_facts finds no GPU that Ollama can use: the NVIDIA driver .* is loaded, and its libraries are"),
])
def test_a_machine_without_a_gpu_that_works_proves_nothing(tmp_path, host, words):
    bed = GpuHost(tmp_path / "machine", HOSTS[host])
    with pytest.raises(gpu_proof.NotProven, match=words.replace("(", r"\(").replace(")", r"\)")):
        prove(bed, tmp_path)
    assert not list(tmp_path.glob("real_*"))
