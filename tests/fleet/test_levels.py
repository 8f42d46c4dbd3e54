# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate at levels 5 and 6, by every method: a server that lost its GPU says why, and the former one serves again.

The GPUs are the stand-in's. What hosts with GPUs tell of other causes is in the unit tests of `_health_gpu.py`.
"""

from __future__ import annotations

import json

import pytest
from tests.fleet.methods import DOCKER, PODMAN, ROOTLESS, SYSTEMD, runs_on

SYSTEMS = ("debian13=debian13-containers",)
FAULTS = "/usr/share/ollama/.ollama/standin-faults.json"
GPU = {"gpus": [{"name": "NVIDIA L4"}]}
TOO_OLD = {**GPU, "driver_too_old": {"driver": "535", "required_driver": "550 or newer"}}
WHY = "no GPU is detected, everything is computed on the CPU: driver 535 is too old for NVIDIA L4, which needs 550 or newer"
METHODS = [pytest.param(method, id=name) for name, method in (
    ("systemd", SYSTEMD), ("docker", DOCKER), ("podman", PODMAN), ("rootless", ROOTLESS))]


@pytest.fixture(scope="module")
def node(fleet):
    return fleet.nodes[0]


@pytest.fixture(scope="module")
def run(fleet, node):
    return runs_on(fleet, node.name)


def told(run):
    return " ".join(run.output.split())


@pytest.mark.parametrize("method", METHODS)
def test_what_lost_its_gpu_is_not_kept_and_says_why(run, node, method):
    run(**method).assert_ok()

    def settings(keep_alive, **faults):
        node.sh(f"echo '{json.dumps(faults)}' > {FAULTS}; chmod a+r {FAULTS}")
        return run(ollama_health_level=5, ollama_settings={"keep_alive": keep_alive}, **method)

    settings("11m", **GPU).assert_ok()
    found = told(run("verify.yml", ollama_health_level=6, ollama_health_tokens_per_second=1, ollama_settings={"keep_alive": "11m"},
                     **method).assert_ok())
    assert "1 wanted models are there and generate on CUDA0 (NVIDIA L4) at " in found and "(level 6)" in found, found

    failed = settings("12m", **TOO_OLD)
    assert failed.status != 0
    assert WHY in told(failed) and "Rolled back: Ollama 0.34.4 serves again." in told(failed), told(failed)
    wanted = {"ollama_settings": {"keep_alive": "11m"}, **method}
    run(**wanted).assert_unchanged()

    found = run("verify.yml", ollama_health_level=5, **wanted)
    assert found.status != 0 and WHY in told(found), told(found)
    run("verify.yml", **wanted).assert_ok()
    node.sh(f"rm {FAULTS}")
