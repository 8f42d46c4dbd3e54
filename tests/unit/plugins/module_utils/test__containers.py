# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils import _containers
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.container_samples import HOME, INSTANCE, OPTIONS


def text(instance=None, extra_env=None, **options):
    return _containers.environment_text({**INSTANCE, **(instance or {})}, {**OPTIONS, **options}, extra_env)


def test_inside_the_server_listens_for_the_engine_and_finds_its_files_where_the_host_has_them():
    assert text() == f"OLLAMA_NUM_PARALLEL=4\nHOME={HOME}\nOLLAMA_HOST=0.0.0.0:11434\nOLLAMA_MODELS={HOME}/.ollama/models\n"


def test_in_a_volume_it_finds_them_where_the_image_looks():
    assert text(volume="ollama").endswith("HOME=/root\nOLLAMA_HOST=0.0.0.0:11434\nOLLAMA_MODELS=/root/.ollama/models\n")


@pytest.mark.parametrize("engine, line", [("docker", "NOTE='a b'"), ("podman", "NOTE=a b")])
def test_podman_would_take_quotes_for_a_part_of_the_value(engine, line):
    assert line in text(extra_env={"NOTE": "a b"}, engine=engine).splitlines()


def test_what_cuda_compiles_outlives_the_container_unless_it_goes_elsewhere():
    assert f"CUDA_CACHE_PATH={HOME}/.ollama/cuda" in text(vendor="nvidia").splitlines()
    assert "CUDA_CACHE_PATH=/root/.ollama/cuda" in text(vendor="nvidia", volume="v").splitlines()
    elsewhere = text(extra_env={"CUDA_CACHE_PATH": "/srv/cuda"}, vendor="nvidia").splitlines()
    assert [line for line in elsewhere if line.startswith("CUDA_")] == ["CUDA_CACHE_PATH=/srv/cuda"]


def test_amd_gpus_are_chosen_by_the_environment_and_nvidias_by_what_the_container_sees():
    visible = {"ROCR_VISIBLE_DEVICES": "GPU-1"}
    assert "ROCR_VISIBLE_DEVICES=GPU-1" in text({"visible": visible}, vendor="amd").splitlines()
    assert "VISIBLE" not in text({"visible": {"CUDA_VISIBLE_DEVICES": "1"}}, vendor="nvidia")


def test_settings_are_checked_as_everywhere():
    with pytest.raises(FleetError, match="did you mean num_parallel"):
        text({"settings": {"num_paralel": 4}})


@pytest.mark.parametrize("models, expected", [
    (f"{HOME}/.ollama/models", [f"{HOME}/.ollama"]),
    ("/srv/models", [f"{HOME}/.ollama", "/srv/models"]),
    (f"{HOME}/.ollama2", [f"{HOME}/.ollama", f"{HOME}/.ollama2"]),
])
def test_the_store_is_mounted_by_itself_only_where_it_lies_elsewhere(models, expected):
    assert _containers.mounts({**INSTANCE, "models": models}, OPTIONS) == [(path, path) for path in expected]


def test_models_of_the_image_are_not_hidden_by_a_mount_and_nobody_prunes_them():
    inside = {**OPTIONS, "image_models": "/models"}
    assert _containers.mounts({**INSTANCE, "models": "/srv/models"}, inside) == [(f"{HOME}/.ollama", f"{HOME}/.ollama")]
    for volume in ("", "ollama"):
        assert {"OLLAMA_MODELS=/models", "OLLAMA_NOPRUNE=1"} <= set(text(image_models="/models", volume=volume).splitlines())


def test_a_volume_is_the_only_mount():
    assert _containers.mounts(INSTANCE, {**OPTIONS, "volume": "ollama"}) == [("ollama", "/root/.ollama")]


@pytest.mark.parametrize("host, expected", [
    ("127.0.0.1", "127.0.0.1:11434:11434"), ("localhost", "127.0.0.1:11434:11434"), ("::1", "[::1]:11434:11434"),
    ("0.0.0.0", "0.0.0.0:11434:11434"), ("::", "[::]:11434:11434"),
])
def test_a_port_is_opened_on_the_address_of_the_instance(host, expected):
    assert _containers.published({**INSTANCE, "host": host}) == expected


@pytest.mark.parametrize("look, expected", [
    ('["/etc/cdi","/var/run/cdi"]', True), ("[]", False), ("null", False), ("", False),
    ("template parsing error: can't evaluate field CDISpecDirs", False),
])
def test_an_engine_reads_device_specifications_when_it_says_where(look, expected):
    assert _containers.has_cdi(look) is expected


@pytest.mark.parametrize("look, expected", [
    ("render:x:992:ollama\nvideo:x:44:", ["992", "44"]), ("video:x:44:\n", ["44"]), ("", []), ("no such thing", []),
])
def test_groups_are_given_by_number(look, expected):
    assert _containers.groups(look) == expected


def test_devices_are_named_as_their_specification_does():
    assert _containers.cdi_devices(INSTANCE) == ["nvidia.com/gpu=all"]
    assert _containers.cdi_devices({**INSTANCE, "gpus": ["0", "GPU-8f"]}) == ["nvidia.com/gpu=0", "nvidia.com/gpu=GPU-8f"]
