# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils import _instances
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

DEFAULTS = {"host": "127.0.0.1", "port": 11434, "home": "/h", "models": "/m", "settings": {}}
A, B = "GPU-37037c3f-65c8-ec4d-24a9-420204ad8026", "GPU-8f2a6b1c-0000-1111-2222-333344445555"
TWO = [{"index": 0, "uuid": A, "vendor": "nvidia"}, {"index": 1, "uuid": B, "vendor": "nvidia"}]
RADEON = {"index": 0, "uuid": None, "vendor": "amd"}
NO_VULKAN = {"OLLAMA_VULKAN": "0"}


def completed(gpus, known=(), vendor="nvidia", settings=None):
    instance = {"name": "a", "gpus": gpus, "settings": settings or {}}
    (done,) = _instances.complete([instance], DEFAULTS, known, vendor)
    return done["gpus"], done["visible"]


CHOSEN = [
    ("all", "all", TWO, "nvidia", [], {}),
    ("nothing known", [1], [], "nvidia", ["1"],
     {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID", **NO_VULKAN}),
    ("index becomes UUID", ["1", 0], TWO, "nvidia", [B, A], {"CUDA_VISIBLE_DEVICES": f"{B},{A}", **NO_VULKAN}),
    ("beginning of a UUID", ["GPU-8f2A"], TWO, "nvidia", [B], {"CUDA_VISIBLE_DEVICES": B, **NO_VULKAN}),
    ("index and UUID, both known", [0, B], TWO, "nvidia", [A, B], {"CUDA_VISIBLE_DEVICES": f"{A},{B}", **NO_VULKAN}),
    ("first two", 2, TWO, "nvidia", [A, B], {"CUDA_VISIBLE_DEVICES": f"{A},{B}", **NO_VULKAN}),
    ("slice", ["MIG-1"], TWO, "nvidia", ["MIG-1"], {"CUDA_VISIBLE_DEVICES": "MIG-1", **NO_VULKAN}),
    ("vendor from the host", [0], TWO, "none", [A], {"CUDA_VISIBLE_DEVICES": A, **NO_VULKAN}),
    ("no UUID", [0], [RADEON, *TWO], "amd", ["0"], {"ROCR_VISIBLE_DEVICES": "0", **NO_VULKAN}),
    ("unique id of rocm-smi", ["0xCEFF74A000008084"], [], "amd", ["GPU-ceff74a000008084"],
     {"ROCR_VISIBLE_DEVICES": "GPU-ceff74a000008084", **NO_VULKAN}),
    ("nobody asks whose", [1], [], "", ["1"], {}),
]


@pytest.mark.parametrize("gpus, known, vendor, wanted, visible", [pytest.param(*row[1:], id=row[0]) for row in CHOSEN])
def test_gpus_are_chosen(gpus, known, vendor, wanted, visible):
    assert completed(gpus, known, vendor) == (wanted, visible)


@pytest.mark.parametrize("settings", [{"vulkan": True}, {"ggml_vk_visible_devices": [0]}])
def test_what_settings_say_about_vulkan_is_left_to_them(settings):
    assert completed([0], TWO, settings=settings)[1] == {"CUDA_VISIBLE_DEVICES": A}


HAS = f"which has 0 ({A}), 1 ({B})"
RULE = "is not a list of GPUs; for example [0] or ['GPU-8f2a...'], 2 for the first two, or all"
BAD = [
    (None, [], "nvidia", f"nothing {RULE}"),
    ("0", [], "nvidia", f"'0' {RULE}"),
    (True, [], "nvidia", f"true {RULE}"),
    ([True], [], "nvidia", f"[true] {RULE}"),
    (["all"], [], "nvidia", f"['all'] {RULE}"),
    (["8f2a"], [], "nvidia", f"['8f2a'] {RULE}"),
    ([-1], [], "nvidia", f"[-1] {RULE}"),
    ([], [], "nvidia", "[] names no GPU; leave it out for all of them"),
    (0, [], "nvidia", "0 is a number of GPUs out of range; [0] is the first one by its index"),
    ([2], TWO, "nvidia", f"'2' is not a GPU of this host, {HAS}"),
    (3, TWO, "nvidia", f"'2' is not a GPU of this host, {HAS}"),
    (["GPU-1"], TWO, "nvidia", f"'GPU-1' is not a GPU of this host, {HAS}"),
    ([1], [RADEON], "amd", "'1' is not a GPU of this host, which has 0 (no UUID)"),
    ([0, 0], [], "nvidia", "[0, 0] names a GPU twice"),
    ([0, A], TWO, "nvidia", f"[0, '{A}'] names a GPU twice"),
    ([0, "GPU-1"], [], "nvidia", "[0, 'GPU-1'] mixes indexes and UUIDs; use UUIDs, which stay when a card is moved"),
    ([0], [], "none", "does not say whose they are; set ollama_gpu_vendor: nvidia or amd"),
]


@pytest.mark.parametrize("gpus, known, vendor, message", BAD)
def test_gpus_that_cannot_be_are_told_in_these_words(gpus, known, vendor, message):
    found = _instances.problems([{"name": "a", "gpus": gpus}], DEFAULTS, known, vendor)
    assert found == [f"ollama_instances[a].gpus: {message}"]


def test_only_one_of_gpus_and_settings_chooses():
    shared = {**DEFAULTS, "settings": {"cuda_visible_devices": [0]}}
    assert _instances.problems([{"name": "a", "gpus": [1]}], shared, vendor="nvidia") == [
        "ollama_instances[a].gpus: and the setting cuda_visible_devices both choose the GPUs; keep gpus"
    ]


ALLOW = "give each instance its own, or set ollama_allow_gpu_sharing: true"
OVERLAPS = [
    ([0], [0], [], f"ollama_instances[b].gpus: 0 is also a GPU of ollama_instances[a]; {ALLOW}"),
    ([0, 1], [B], TWO, f"ollama_instances[b].gpus: {B} is also a GPU of ollama_instances[a]; {ALLOW}"),
    (["0"], "all", [],
     f"ollama_instances[b].gpus: is left out, so it sees those of ollama_instances[a] too; {ALLOW}"),
    ([0], ["GPU-1"], [],
     "ollama_instances[b].gpus: is by UUID, and ollama_instances[a] by index, so nobody can tell whether they overlap; "
     "use UUIDs in both"),
]


@pytest.mark.parametrize("first, second, known, message", OVERLAPS)
def test_two_instances_with_one_gpu_are_refused_unless_allowed(first, second, known, message):
    instances = [{"name": "a", "gpus": first}, {"name": "b", "port": 2, "gpus": second}]
    assert _instances.problems(instances, DEFAULTS, known, "nvidia") == [message]
    assert _instances.problems(instances, DEFAULTS, known, "nvidia", sharing=True) == []
    assert _instances.problems(instances, DEFAULTS, known) == []  # who asks for addresses only


def test_instances_that_do_not_meet_are_fine():
    instances = [{"name": "a", "gpus": [0]}, {"name": "b", "port": 2, "gpus": [1]},
                 {"name": "cpu", "port": 3, "settings": {"cuda_visible_devices": -1}}]
    assert _instances.problems(instances, DEFAULTS, TWO, "nvidia") == []
    assert _instances.problems([{"name": "a"}, {"name": "b", "port": 2}], DEFAULTS) == []


def test_one_instance_per_gpu():
    found = _instances.complete("per_gpu", DEFAULTS, list(reversed(TWO)), "none")
    assert [(each["name"], each["port"], each["gpus"]) for each in found] == [("gpu0", 11434, [A]), ("gpu1", 11435, [B])]
    assert [each["settings"] for each in found] == [{}, {"noprune": True}]
    (radeon,) = _instances.complete("per_gpu", DEFAULTS, [*TWO, RADEON], "amd")
    assert (radeon["gpus"], radeon["visible"]["ROCR_VISIBLE_DEVICES"]) == (["0"], "0")


LEFT = {**RADEON, "bus_id": "0000:10:00.0", "usable": False, "why": "part of a processor; leave it"}


def test_gpus_that_ollama_cannot_use_are_left_out_unless_they_are_named():
    (own,) = _instances.complete("per_gpu", DEFAULTS, [{**TWO[0], "usable": False}, TWO[1], LEFT], "none")
    assert (own["name"], own["visible"]["CUDA_VISIBLE_DEVICES"]) == ("gpu1", B)
    assert completed([0], [TWO[0], LEFT], "none") == ([A], {"CUDA_VISIBLE_DEVICES": A, **NO_VULKAN})
    assert completed([0], [LEFT], "amd")[0] == ["0"]
    assert _instances.problems([{"name": "a", "gpus": [0]}], DEFAULTS, [TWO[0], LEFT], "none") == []


LIST_THEM = "list the instances, for example [{name: gpu0, gpus: [0]}]"
NOT_PER_GPU = [
    ([], "none", 1, f"ollama_instances: per_gpu needs this host's GPUs, and none are known; {LIST_THEM}"),
    (TWO, "amd", 1, f"ollama_instances: per_gpu needs this host's amd GPUs, and none are known; {LIST_THEM}"),
    ([*TWO, RADEON], "none", 1,
     "ollama_instances: per_gpu found GPUs of amd and nvidia; say whose by ollama_gpu_vendor"),
    ([LEFT], "none", 1,
     "ollama_instances: per_gpu needs this host's GPUs, and Ollama can use none: 0000:10:00.0: part of a processor; leave it"),
    (TWO, "none", 65535, "ollama_instances[gpu1].port: 65536 is out of range, and Ollama would silently use its "
     "default; write 1 to 65535"),
]


@pytest.mark.parametrize("known, vendor, port, message", NOT_PER_GPU)
def test_per_gpu_that_cannot_be_is_told_in_these_words(known, vendor, port, message):
    with pytest.raises(FleetError) as caught:
        _instances.complete("per_gpu", {**DEFAULTS, "port": port}, known, vendor)
    assert str(caught.value) == message
