# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _diagnose_gpu as checks
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen

SERVER = 'time=1 level=INFO msg="server config" env="map[]"'
CPU = 'time=1 level=INFO msg="inference compute" id=cpu library=cpu'
CUDA = 'time=1 level=INFO msg="inference compute" id=0 library=CUDA description="NVIDIA L4"'
VULKAN = CUDA.replace("library=CUDA", "library=Vulkan")
WARN = "time=1 level=WARN source=x.go:1 "
OPEN = (0o666, 0, 0, 50)
NODES = {"nvidia": {"/dev/nvidiactl": OPEN, "/dev/nvidia-uvm": OPEN}, "amd": {"/dev/kfd": (0o660, 0, 105, 50)}}
MISMATCH = (18, "Failed to initialize NVML: Driver/library version mismatch")
CDI = {"/etc/cdi/nvidia.yaml": "570.211.01"}


def look(*lines, vendors=("nvidia",), environment=None, backends=("cuda_v13", "vulkan"), started=100, container=None,
         gpus=(), nodes=None, loaded=(), account=(995, {105}), **host):
    """An instance on a host with an NVIDIA GPU and all that it needs, whose log has ``lines``."""
    cards = [{"vendor": vendor, "slot": "0000:01:00.0", "driver": {"nvidia": "nvidia", "amd": "amdgpu"}[vendor]} for vendor in vendors]
    seen = {"gpus": cards, "has_others": False, "nvidia_version": "580.95.05", "nvidia_smi": (0, ""), "cdi_versions": {}, **host}
    return SimpleNamespace(
        host=SimpleNamespace(vendors=set(vendors), nodes=NODES if nodes is None else nodes, **seen),
        start_log=[SERVER, *lines], environment=environment or {}, backends=backends and list(backends), started=started,
        container=container, given={"gpus": list(gpus)}, loaded=list(loaded), log_command="see the log", restart="restart it",
        account=account, was_given=lambda path: True, joining=lambda group: f"usermod -aG {group} ollama",
    )


@pytest.mark.parametrize("seen", [
    look(CUDA), look(CUDA, CUDA, gpus=["GPU-1", "GPU-2"]), look(CPU, vendors=()), look(CUDA, VULKAN),
    look(CPU, environment={"CUDA_VISIBLE_DEVICES": "-1"}), look(CPU, environment={"ROCR_VISIBLE_DEVICES": "-1"}),
])
def test_a_server_that_has_what_it_shall_have_is_not_told(seen):
    assert list(checks.gpu(seen)) == []


# what is seen, a piece of the cause, a piece of the cure
CAUSES = [
    (look(WARN + 'msg="NVIDIA driver too old" device="Tesla P40" driver=535 required_driver="570 or newer"', CPU),
     "driver 535 is too old for Tesla P40, which needs 570 or newer", "upgrade the NVIDIA driver"),
    (look(WARN + 'msg="dropping ROCm device \u2014 no rocblas support for gfx target" gfx_target=gfx906', CPU, vendors=["amd"]),
     "Ollama's ROCm does not support this GPU", "hsa_override_gfx_version"),
    (look(WARN + 'msg="dropping integrated GPU; to enable, set OLLAMA_IGPU_ENABLE=1"', CPU, vendors=["amd"]),
     "leaves integrated GPUs alone", "igpu_enable: true"),
    (look(WARN + 'msg="AMD driver is too old"', CPU, vendors=["amd"]), "older than Ollama's ROCm needs", "ROCm 7"),
    (look('time=1 level=INFO msg="failure during GPU discovery" error="timed out"', CPU), "longer than 30 s", "restart it"),
    (look(CPU, nvidia_version="535.309.01"), "the NVIDIA driver 535.309.01 is too old", "upgrade the NVIDIA driver"),
    (look('time=1 level=INFO msg="failure during GPU discovery"', CPU, nvidia_smi=MISMATCH),
     "the loaded NVIDIA driver and its libraries are of two versions (the driver was upgraded", "restart the host"),
    (look(CPU, container={"HostConfig": {"DeviceRequests": [{}]}}, cdi_versions=CDI),
     "/etc/cdi/nvidia.yaml, which is of driver 570.211.01, and 580.95.05 is loaded", "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"),
    (look(CPU, vendors=["amd"], backends=["rocm_v7_2"], account=(995, {44})), "permission denied on /dev/kfd", "usermod -aG 105 ollama"),
    (look(CPU, environment={"OLLAMA_LLM_LIBRARY": "rocm"}), "OLLAMA_LLM_LIBRARY is rocm", "choose one of cuda_v13, vulkan"),
    (look(CPU, environment={"CUDA_VISIBLE_DEVICES": "GPU-9"}), "CUDA_VISIBLE_DEVICES is GPU-9, and hides", "by their UUID"),
    (look(CPU, container={"HostConfig": {"DeviceRequests": None, "Devices": []}}), "was not given a GPU", "ollama_gpu_vendor: nvidia"),
    (look(CPU, vendors=["amd"]), "the release has no rocm libraries", "ollama_release_overlays: [rocm]"),
    (look(CPU, backends=["vulkan"]), "the release has no cuda libraries", "install the release again"),
    (look(CPU, nodes={"nvidia": {}}), "/dev/nvidiactl is missing", "modprobe nvidia"),
    (look(CPU, cdi_versions=CDI), "neither its log", "debug: 2"),
    (look(CPU, container={"HostConfig": {"Runtime": "nvidia"}}, cdi_versions={"/etc/cdi/nvidia.yaml": "580.95.05"}), "neither its log", "debug: 2"),
    (look(CPU, account=None), "neither its log", "debug: 2"),
    (look(CPU, started=40), "appeared after the server started", "restart it"),
    (look(CPU), "neither its log nor the host tells why", "debug: 2"),
    (look(CPU, backends=None, container={"HostConfig": {"DeviceRequests": [{}]}}), "neither its log", "debug: 2"),
    (look(CPU, container={"HostConfig": {"Runtime": "nvidia"}}), "neither its log", "debug: 2"),
]


@pytest.mark.parametrize(("seen", "cause", "cure"), CAUSES)
def test_a_server_on_the_cpu_is_told_with_the_first_cause_that_shows(seen, cause, cure):
    (found,) = checks.gpu(seen)
    assert found["symptom"].startswith("no GPU is detected, everything is computed on the CPU; there is ")
    assert cause in found["cause"] and cure in found["cure"]


@pytest.mark.parametrize(("seen", "symptom"), [
    (look(VULKAN), "NVIDIA is used through Vulkan, which is slower"),
    (look(CUDA, gpus=["GPU-1", "GPU-2"]), "1 of 2 wanted GPUs are detected"),
])
def test_less_than_what_is_there_is_told(seen, symptom):
    (found,) = checks.gpu(seen)
    assert found["symptom"] == symptom


def test_a_log_that_does_not_tell_is_not_taken_for_good():
    with pytest.raises(Unseen, match="does not tell what it computes on"):
        list(checks.gpu(look()))


@pytest.mark.parametrize(("others", "cause"), [(False, "the host has no GPU on its PCI bus"), (True, "neither its log nor the host tells why")])
def test_a_host_without_a_gpu_is_told_as_that(others, cause):
    assert checks.why(look(CPU, vendors=(), has_others=others), [])[0].startswith(cause)


@pytest.mark.parametrize(("size", "vram", "share", "words"), [
    (1000, 1000, 1, None), (1000, 990, 1, None), (1000, 600, 0.6, None), (1000, 600, 0.5, None), (0, 0, 1, None),
    (1000, 600, 0.7, "40 % of it is on the CPU"), (1000, 0, 0.1, "it is on the CPU"),
])
def test_how_much_is_beside_the_gpus(size, vram, share, words):
    assert checks.beside({"size": size, "size_vram": vram}, share) == words


def loaded(size, vram):
    return {"name": "tiny", "size": size, "size_vram": vram}


@pytest.mark.parametrize(("seen", "symptoms"), [
    (look(CUDA, loaded=[loaded(1000, 1000), loaded(1000, 1100), loaded(0, 0), loaded(1000, 995)]), []),
    (look(CPU, loaded=[loaded(1000, 0)]), []), (look(loaded=[loaded(1000, 0)]), []),
    (look(CUDA, loaded=[loaded(1000, 0)]), ["model tiny is loaded although it is on the CPU, and GPUs were detected"]),
    (look(CUDA, loaded=[loaded(1000, 600)]), ["model tiny is loaded although 40 % of it is on the CPU, and GPUs were detected"]),
])
def test_models_beside_the_gpus_are_told(seen, symptoms):
    assert [found["symptom"] for found in checks.offload(seen)] == symptoms
