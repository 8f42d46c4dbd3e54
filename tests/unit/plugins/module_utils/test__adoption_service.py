# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _adoption_service
from ansible_collections.barellama.fleet.plugins.module_utils._adoption_text import directives
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.adoption_samples import INSTALL_SCRIPT_UNIT as UNIT

ROLE = Path(__file__).parents[4] / "roles/ollama"
DROP_IN = "/etc/systemd/system/ollama.service.d/override.conf"


def seen(**changes):
    """A service as the install script leaves it; ``changes`` by name."""
    found = {
        "unit": "ollama.service",
        "text": UNIT,
        "fragment": "/etc/systemd/system/ollama.service",
        "reload": False,
        "drop_ins": {},
        "files": [],
        "variables": {"PATH": "/usr/local/bin:/usr/bin"},
        "running": {"PATH": "/usr/local/bin:/usr/bin", "HOME": "/usr/share/ollama"},
        "account": {"user": "ollama", "uid": 998, "group": "ollama", "gid": 997, "home": "/usr/share/ollama",
                    "shell": "/bin/false"},
        "program": "/usr/local/bin/ollama",
        "command": "{ path=/usr/local/bin/ollama ; argv[]=/usr/local/bin/ollama serve ; }",
        "goes": ["/usr/local/bin/ollama", "/usr/local/lib/ollama"],
        "others": [],
        "owner": "",
        "store": {"path": "/usr/share/ollama/.ollama/models", "models": 2, "bytes": 1000},
        "version": "0.32.15",
    }
    return {**found, **changes}


def test_what_the_install_script_leaves():
    found = _adoption_service.plan(seen())
    assert found["obstacles"] == [] and found["drop_in"] is None
    assert found["variables"] == {
        "ollama_method": "systemd", "ollama_user": "ollama", "ollama_group": "ollama", "ollama_uid": 998,
        "ollama_gid": 997, "ollama_home": "/usr/share/ollama", "ollama_models_dir": "/usr/share/ollama/.ollama/models",
        "ollama_host": "127.0.0.1", "ollama_port": 11434, "ollama_settings": {}, "ollama_extra_env": {},
    }
    assert found["made"] == [
        {"kind": "unit", "name": "ollama.service", "method": "systemd"},
        {"kind": "file", "path": "/etc/systemd/system/ollama.service"},
        {"kind": "link", "path": "/usr/local/bin/ollama"},
        {"kind": "tree", "path": "/usr/local/lib/ollama"},
    ]
    assert found["files"] == ["/etc/systemd/system/ollama.service"]
    assert found["served"] == [
        {"name": "default", "url": "http://127.0.0.1:11434", "unit": "ollama.service", "version": "0.32.15"}
    ]
    assert "/usr/share/ollama/.ollama/models: 2 models, 1000 bytes" in found["stays"][0]


def test_a_program_elsewhere_has_to_go_whole():
    found = _adoption_service.plan(seen(program="/usr/bin/ollama", goes=["/usr/bin/ollama", "/usr/lib/ollama"]))
    assert {"kind": "tree", "path": "/usr/bin/ollama"} in found["made"]


def test_settings_of_a_drop_in_are_carried_over_and_the_drop_in_stays():
    text = "[Service]\nEnvironment=OLLAMA_HOST=0.0.0.0:8080 OLLAMA_ORIGINS=* OLLAMA_NUM_PARALLEL=4\nLimitNOFILE=9\n"
    given = {"OLLAMA_HOST": "0.0.0.0:8080", "OLLAMA_ORIGINS": "*", "OLLAMA_NUM_PARALLEL": "4", "HOME": "/var/lib/ollama"}
    found = _adoption_service.plan(seen(drop_ins={DROP_IN: text}, variables=given, running=given))
    assert found["variables"]["ollama_settings"] == {"num_parallel": 4}
    assert [found["variables"][name] for name in ("ollama_host", "ollama_port", "ollama_home")] == [
        "0.0.0.0", 8080, "/var/lib/ollama"]
    assert found["drop_in"] is None and found["obstacles"] == []
    assert any(line.startswith(f"{DROP_IN}: a drop-in of yours") for line in found["stays"])
    assert any(line.startswith("OLLAMA_ORIGINS in a drop-in: * would let every web page") for line in found["stays"])


def test_what_the_role_has_no_variable_for_becomes_a_drop_in():
    extra = 'RequiresMountsFor=/data\n\n[Service]\nNice=3\nUMask=27\nProtectHome=no\nEnvironment=X\n'
    text = UNIT.replace("\n[Service]\n", extra).replace("RestartSec=3", "RestartSec=9")
    given = {"LD_LIBRARY_PATH": '/opt/"cuda"%', "PATH": "/bin"}
    found = _adoption_service.plan(seen(text=text, variables=given, running=given))
    assert found["drop_in"]["path"] == "/etc/systemd/system/ollama.service.d/10-adopted.conf"
    assert found["drop_in"]["content"].splitlines()[1:] == [
        "[Unit]", "RequiresMountsFor=/data", "[Service]", "Nice=3", "RestartSec=9",
        r'Environment="LD_LIBRARY_PATH=/opt/\"cuda\"%%"',
    ]
    assert found["variables"]["ollama_umask"] == "0027"
    report = "\n".join(found["report"])
    assert "ProtectHome=no: replaced by the role's sandbox" in report
    assert "Environment=LD_LIBRARY_PATH: kept in" in report and "cuda" not in report


def test_the_drop_in_of_a_run_that_failed_is_written_again_as_it_was():
    given = {"LD_LIBRARY_PATH": "/opt/cuda"}
    first = _adoption_service.plan(seen(variables=given))["drop_in"]
    again = _adoption_service.plan(seen(variables=given, drop_ins={first["path"]: first["content"]}))
    assert again["drop_in"] == first and not any(first["path"] in line for line in again["stays"])


def test_environment_files_are_read_over_what_is_in_the_unit():
    shown = {"Environment": "A=1 B=1 C=1", "UnsetEnvironment": "C D"}
    files = {"/etc/default/ollama": {"B": "2", "D": "2"}, "/etc/more": {"B": "3"}}
    assert _adoption_service.environment(shown, files) == {"A": "1", "B": "3"}
    assert _adoption_service.environment({"Environment": "A=1", "UnsetEnvironment": "A=2"}, {}) == {"A": "1"}


def test_files_that_a_drop_in_names_stay_and_others_are_no_longer_read():
    drop_ins = {DROP_IN: "[Service]\nEnvironmentFile=-/etc/mine\n"}
    stays = _adoption_service.plan(seen(drop_ins=drop_ins, files=["/etc/mine", "/etc/default/ollama"]))["stays"]
    assert f"/etc/mine: read after the role's settings, by {DROP_IN}; it overrules them" in stays
    assert "/etc/default/ollama: no longer read, its variables are carried over" in stays
    assert not any(line.startswith("/etc/mine: no longer") for line in stays)


def test_a_process_older_than_its_unit_is_told():
    report = _adoption_service.plan(seen(variables={"OLLAMA_NUM_PARALLEL": "4"}))["report"]
    assert "OLLAMA_NUM_PARALLEL: the server was started without what its unit says now, which is carried over" in report


@pytest.mark.parametrize(("changes", "words"), [
    ({"reload": True}, "run systemctl daemon-reload"),
    ({"version": ""}, "does not answer"),
    ({"fragment": "/usr/lib/systemd/system/ollama.service"}, "is not a unit of /etc/systemd/system/"),
    ({"owner": "ollama-bin"}, "belongs to the package ollama-bin"),
    ({"goes": [], "command": "{ path=/bin/sh ; }"}, "starts { path=/bin/sh ; }, not the program ollama itself"),
    ({"others": [77]}, "process 77: runs /usr/local/bin/ollama too"),
    ({"account": {**seen()["account"], "user": "joe", "shell": "/bin/bash"}}, "joe: is an account to log in with"),
    ({"drop_ins": {DROP_IN: "[Service]\nExecStart=\nExecStart=/x\n"}}, "ExecStart= would overrule the role's"),
    ({"drop_ins": {DROP_IN: "[Service]\nEnvironmentFile=\n"}}, "EnvironmentFile= would overrule the role's"),
])
def test_what_cannot_be_adopted(changes, words):
    assert words in "\n".join(_adoption_service.plan(seen(**changes))["obstacles"])


def test_ours_names_what_our_unit_says():
    """What the role's unit sets must not come back by a drop-in; lists that add up are kept."""
    template = (ROLE / "templates/etc/systemd/system/ollama.service.j2").read_text()
    keys = {entry.key for entry in directives(re.sub(r"{%.*?%}", "", template)) if entry.section == "Service"}
    adding = {"ReadWritePaths", "DeviceAllow", "IPAddressAllow", "IPAddressDeny", "Restart", "RestartSec"}
    assert keys > {"ExecStart", "ProtectSystem"} and keys - adding <= _adoption_service.OURS, keys - adding - _adoption_service.OURS
