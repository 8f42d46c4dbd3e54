# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _diagnose_log as log

REAL = Path(__file__).parents[3] / "contract" / "recordings" / "server-log.txt"
GPU = (
    'time=2026-11-20T09:23:36.957Z level=INFO source=types.go:50 msg="inference compute" id=0 filter_id=GPU-1 '
    'library=CUDA compute=8.9 name=CUDA0 description="NVIDIA L4" libdirs=ollama,cuda_v13 driver=13.0 '
    'pci_id=0000:01:00.0 type=discrete total="22.0 GiB" available="21.8 GiB"'
)
CONFIG = 'time=2026-11-20T09:23:36.781Z level=INFO source=routes.go:1951 msg="server config" env="map[%s]"'


def test_a_real_servers_configuration_is_read_whole():
    config = log.server_config(REAL.read_text().splitlines()[:12])
    assert config["OLLAMA_HOST"] == "http://127.0.0.1:11500"
    assert config["OLLAMA_KEEP_ALIVE"] == "5m0s"
    assert config["CUDA_VISIBLE_DEVICES"] == config["http_proxy"] == ""
    assert config["OLLAMA_ORIGINS"].startswith("[http://localhost https://localhost http://localhost:* ")
    assert config["OLLAMA_ORIGINS"].endswith(" vscode-file://*]")
    assert len(config) == 39 and list(config) == sorted(config)


def test_the_last_start_counts():
    lines = [CONFIG % "OLLAMA_NUM_PARALLEL:1", GPU, CONFIG % "OLLAMA_NUM_PARALLEL:4"]
    assert log.server_config(lines) == {"OLLAMA_NUM_PARALLEL": "4"}
    assert log.devices(lines) is None
    assert log.server_config([GPU]) is None


@pytest.mark.parametrize(("inside", "config"), [
    ("OLLAMA_MODELS:/a b/c OLLAMA_NOPRUNE:true", {"OLLAMA_MODELS": "/a b/c", "OLLAMA_NOPRUNE": "true"}),
    (r"OLLAMA_LLM_LIBRARY:\"x\" http_proxy:http://p:1", {"OLLAMA_LLM_LIBRARY": '"x"', "http_proxy": "http://p:1"}),
    ("", {}),
])
def test_values_with_spaces_and_quotes_are_kept(inside, config):
    assert log.server_config([CONFIG % inside]) == config


def test_quotes_that_json_does_not_know_are_left_as_they_are():
    assert log.fields(r'time=1 msg="a\x01b" n=1') == {"time": "1", "msg": r"a\x01b", "n": "1"}


def test_devices_are_told_field_by_field():
    found = log.devices([CONFIG % "A:1", GPU])
    assert [(each["library"], each["description"], each["libdirs"]) for each in found] == [("CUDA", "NVIDIA L4", "ollama,cuda_v13")]
    assert log.devices(REAL.read_text().splitlines()[:12])[0]["id"] == "cpu"


def test_other_lines_have_no_fields():
    assert log.fields("Error: listen tcp 127.0.0.1:11500: bind: address already in use") == {}
    assert log.fields('[GIN] 2026/11/20 - 09:23:36 | 200 | msg="server config"') == {}
