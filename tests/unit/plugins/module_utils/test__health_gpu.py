# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _health_gpu as health
from ansible_collections.barellama.fleet.plugins.module_utils._health import Wanted
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.test__diagnose_gpu import (
    CDI,
    CPU,
    CUDA,
    MISMATCH,
    VULKAN,
    WARN,
    look,
)

AT = "default at http://127.0.0.1:11434: "
LOG = "; see: journalctl -u ollama.service -n 50"
CONTAINER = {"HostConfig": {"DeviceRequests": [{}]}}


def wanted(**changed):
    return Wanted("default", "http://127.0.0.1:11434", "ollama.service", "0.34.4", **changed)


def seen(*lines, computing=None, pid="7", **changed):
    """An instance as a diagnosis looks at it; ``computing`` are the processes that drivers know, ``pid`` is the server's."""
    found = look(*lines, computing=computing, **changed)
    found.pid, found.owns = pid, lambda process: process == pid
    return found


def proof(vram=1000, speed=None, size=1000):
    return health.Proof("tiny:latest", {"size": size, "size_vram": vram}, speed)


def judge(proofs, found, level=5, **changed):
    return health.judge(wanted(**changed), "0.34.4", level, proofs, found)


# What is seen, and the one line that says why it is on the CPU.
CAUSES = {
    "the driver is below the floor of the card": (
        seen(WARN + 'msg="NVIDIA driver too old" device="Tesla P40" driver=535 required_driver="570 or newer"', CPU),
        "driver 535 is too old for Tesla P40, which needs 570 or newer; upgrade the NVIDIA driver, and restart the host"),
    "the driver is below every floor": (
        seen(CPU, nvidia_version="535.309.01"),
        "the NVIDIA driver 535.309.01 is too old (Ollama's CUDA libraries need 550 or newer, and 570 for GPUs before Volta); "
        "upgrade the NVIDIA driver, and restart the host"),
    "its user is not in the group": (
        seen(CPU, vendors=["amd"], backends=["rocm_v7_2"], account=(995, {44})),
        "permission denied on /dev/kfd: it belongs to user 0 and group 105 with mode 0660, and the server runs as user 995 with "
        "groups 44; usermod -aG 105 ollama; then restart it: restart it"),
    "the overlay is missing": (
        seen(CPU, vendors=["amd"]), "the release has no rocm libraries; set ollama_release_overlays: [rocm]"),
    "the CDI specification is stale": (
        seen(CPU, container=CONTAINER, cdi_versions=CDI),
        "the container got its GPU by /etc/cdi/nvidia.yaml, which is of driver 570.211.01, and 580.95.05 is loaded; make it anew: "
        "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml; then restart it: restart it"),
    "driver and libraries differ until a restart": (
        seen('time=1 level=INFO msg="failure during GPU discovery"', CPU, nvidia_smi=MISMATCH),
        "the loaded NVIDIA driver and its libraries are of two versions (the driver was upgraded since 580.95.05 was loaded); "
        "restart the host"),
    "it is hidden by the environment": (
        seen(CPU, environment={"CUDA_VISIBLE_DEVICES": "-1"}),
        "CUDA_VISIBLE_DEVICES is -1, and hides what it does not name; name GPUs that the host has, by their UUID"),
    "there is no GPU": (
        seen(CPU, vendors=()), "the host has no GPU on its PCI bus, or has given it to a virtual machine; see: lspci -nnk"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_server_on_the_cpu_says_why_in_one_line(cause):
    found, words = CAUSES[cause]
    verdict, _told = judge([proof(0)], found)
    assert (verdict.level, verdict.state, verdict.hopeless) == (4, "degraded-cpu", True)
    assert verdict.reason == f"{AT}no GPU is detected, everything is computed on the CPU: {words}"
    assert "\n" not in verdict.reason


TOO_LARGE = ("with its context it does not fit into the memory that was free on the GPUs, or its option num_gpu says so; give it "
             "less context (context_length, num_parallel, kv_cache_type: q8_0), fewer models beside it, or a smaller one")


@pytest.mark.parametrize("proofs, found, share, words", [
    ([proof(), proof(600)], seen(CUDA), 1.0, f"model tiny:latest generates, but 40 % of it is on the CPU: {TOO_LARGE}"),
    ([proof(600)], seen(CUDA), 0.7, f"model tiny:latest generates, but 40 % of it is on the CPU: {TOO_LARGE}"),
    ([proof(0)], None, 1.0, f"model tiny:latest generates, but it is on the CPU: nobody said what runs it here{LOG}"),
    ([proof(0)], seen(nvidia_smi=MISMATCH), 1.0, "model tiny:latest generates, but it is on the CPU: the loaded NVIDIA driver and its "
     "libraries are of two versions (the driver was upgraded since 580.95.05 was loaded); restart the host"),
    ([], None, 1.0, "nobody can tell whether it computes on a GPU: no model is in memory, and its log does not name its devices; "
     f"pull a model, or leave ollama_settings.debug above -1{LOG}"),
    ([health.Proof("tiny:latest")], seen(), 1.0, "nobody can tell whether it computes on a GPU: no model is in memory, and its log does "
     f"not name its devices; pull a model, or leave ollama_settings.debug above -1{LOG}"),
    ([proof()], seen(CUDA, computing={"9"}), 1.0, "its models say that they are on a GPU, and the driver knows of no process of it "
     "there; restart it: restart it"),
    ([proof()], seen(CUDA, computing=set()), 1.0, "its models say that they are on a GPU, and the driver knows of no process of it "
     "there; restart it: restart it"),
])
def test_models_beside_the_gpus_are_degraded(proofs, found, share, words):
    verdict, _told = judge(proofs, found, vram_share=share)
    assert (verdict.level, verdict.state, verdict.reason) == (4, "degraded-cpu", AT + words)


@pytest.mark.parametrize("proofs, found, share, told", [
    ([proof()], seen(CUDA), 1.0, " on CUDA (NVIDIA L4)"),
    ([proof(995)], seen(CUDA, computing={"9", "7"}), 1.0, " on CUDA (NVIDIA L4)"),
    ([proof(600)], seen(CUDA), 0.6, " on CUDA (NVIDIA L4)"),
    ([], seen(CUDA, computing=set()), 1.0, " on CUDA (NVIDIA L4)"),
    ([proof()], seen(CUDA, computing=set(), pid=None), 1.0, " on CUDA (NVIDIA L4)"),
    ([proof()], seen(VULKAN, computing=set()), 1.0, " on Vulkan (NVIDIA L4)"),
    ([proof()], seen(), 1.0, " on a GPU"), ([proof()], None, 1.0, " on a GPU"),
    ([proof()], seen(CUDA, CUDA, environment={"CUDA_VISIBLE_DEVICES": "GPU-1,GPU-2"}), 1.0, " on CUDA (NVIDIA L4), CUDA (NVIDIA L4)"),
])
def test_what_computes_on_gpus_is_told_with_them(proofs, found, share, told):
    assert judge(proofs, found, vram_share=share) == (None, told)


def test_fewer_gpus_than_it_was_given_are_slow():
    verdict, _told = judge([proof()], seen(CUDA, environment={"CUDA_VISIBLE_DEVICES": "GPU-1,GPU-2"}))
    assert (verdict.level, verdict.state) == (4, "degraded-slow")
    assert verdict.reason.startswith(f"{AT}1 of 2 wanted GPUs are detected: CUDA_VISIBLE_DEVICES is GPU-1,GPU-2, and hides ")


@pytest.mark.parametrize("speeds, told", [([20.0], " at 20.0 tokens per second"), ([45.04, 30.06], " at 30.1 tokens per second"), ([None], "")])
def test_what_is_fast_enough_is_told_with_the_slowest(speeds, told):
    assert judge([proof(speed=speed) for speed in speeds], seen(CUDA), 6, tokens_per_second=20) == (None, f" on CUDA (NVIDIA L4){told}")


def test_a_speed_that_nobody_can_tell_is_not_taken_for_enough():
    verdict, _told = judge([proof(speed=0.0)], seen(CUDA), 6, tokens_per_second=1)
    assert (verdict.level, verdict.state) == (5, "degraded-slow")
    assert "tiny:latest answered with too few tokens to tell how fast it is; see: " in verdict.reason


def test_what_is_too_slow_is_degraded_and_may_be_waited_for():
    verdict, _told = judge([proof(speed=50.0), proof(speed=19.94)], seen(CUDA), 6, tokens_per_second=20)
    assert (verdict.level, verdict.state, verdict.hopeless) == (5, "degraded-slow", False)
    assert verdict.reason == (f"{AT}model tiny:latest makes 19.9 tokens per second, wanted are 20; look what else uses its GPU, and at its "
                              f"clocks and temperature{LOG}")


@pytest.mark.parametrize("answer, speed", [
    ({"eval_count": 64, "eval_duration": 2 * 10**9}, 32.0), ({"eval_count": 1, "eval_duration": 5}, 0),
    ({"eval_count": 5, "eval_duration": 0}, 0), ({}, 0), ({"eval_count": None, "eval_duration": None}, 0),
])
def test_speed_is_tokens_by_time_where_there_were_enough(answer, speed):
    assert health.speed_of(answer) == speed
