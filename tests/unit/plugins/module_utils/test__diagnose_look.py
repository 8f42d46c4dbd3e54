# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_look import instances
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_ways import Container, LogFile, Quadlet, Unit
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

GIVEN = {
    "name": "default", "unit": "ollama.service", "container": "ollama", "log": "/log", "address": "127.0.0.1:11434",
    "models": "/srv/models", "settings": {"num_parallel": 4}, "visible": {"CUDA_VISIBLE_DEVICES": "GPU-1"},
    "endpoint": {"name": "default"},
}
OPTIONS = {"instances": [GIVEN], "user": None, "version": "0.34.4", "extra_env": {"TZ": "UTC"}}


HOST = SimpleNamespace(tools=None)  # nothing is asked before a check asks


def one(method, **options):
    (found,) = instances(HOST, {**OPTIONS, "method": method, **options})
    return found


@pytest.mark.parametrize(("method", "kind"), [("systemd", Unit), ("docker", Container), ("podman", Quadlet), ("launchd", LogFile)])
def test_every_method_is_looked_at_in_its_own_way(method, kind):
    found = one(method)
    assert type(found.process) is kind and found.name == "default"
    assert found.log_command == found.process.log_command


def test_wanted_are_settings_and_variables_and_what_the_unit_adds():
    assert one("systemd").wanted == {
        "CUDA_VISIBLE_DEVICES": "GPU-1", "OLLAMA_HOST": "127.0.0.1:11434", "OLLAMA_MODELS": "/srv/models",
        "OLLAMA_NUM_PARALLEL": "4", "TZ": "UTC",
    }
    assert one("docker").wanted == one("podman").wanted == {"OLLAMA_NUM_PARALLEL": "4", "TZ": "UTC"}
    (bare,) = instances(HOST, {**OPTIONS, "method": "systemd", "instances": [{"name": "a", "unit": "a"}], "extra_env": {}})
    assert bare.wanted == {}


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(FleetError, match="num_paralel"):
        one("systemd", instances=[{**GIVEN, "settings": {"num_paralel": 4}}])


def test_a_servers_answers_are_asked_for_when_needed(serve, reply):
    server = serve(reply(body={"models": [{"name": "tiny", "digest": "0" * 64}]}))
    (found,) = instances(HOST, {**OPTIONS, "method": "systemd", "instances": [{**GIVEN, "url": f"{server.url}/"}]})
    assert found.url == server.url and server.requests == []
    assert [model["name"] for model in found.loaded] == ["tiny"]


def test_a_server_that_cannot_be_asked_is_not_seen():
    with pytest.raises(Unseen, match="given without url"):
        _ = one("systemd").client
    (found,) = instances(HOST, {**OPTIONS, "method": "systemd", "instances": [{**GIVEN, "url": "http://127.0.0.1:1"}]})
    with pytest.raises(Unseen, match="does not answer"):
        _ = found.loaded


def test_a_container_has_the_devices_that_it_was_given():
    found = one("docker")
    found.process.container = {"HostConfig": {"Devices": [{"PathOnHost": "/dev/dri"}, {"PathOnHost": "/dev/kfd"}]}}
    assert found.was_given("/dev/kfd") and found.was_given("/dev/dri/renderD128") and not found.was_given("/dev/kfd2")
    assert "site.yml" in found.joining(105)
    found.process.container = {"HostConfig": {"Devices": None}}
    assert not found.was_given("/dev/kfd")


def test_a_unit_sees_all_devices_as_its_user():
    found = one("systemd")
    found.process.shown = {"User": "llama"}
    assert found.was_given("/dev/kfd") and found.joining(105) == "usermod -aG 105 llama"


def test_what_the_role_has_written_is_read_where_it_is(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/default.env").write_text('# by the role\nOLLAMA_KEEP_ALIVE="5m"\n')
    host = SimpleNamespace(tools=SimpleNamespace(root=str(tmp_path)))
    for path, written in (("/etc/default.env", {"OLLAMA_KEEP_ALIVE": "5m"}), ("/etc/none.env", None), ("/etc", None), (None, None)):
        (found,) = instances(host, {**OPTIONS, "method": "systemd", "instances": [{**GIVEN, "env_file": path}]})
        assert found.written == written
