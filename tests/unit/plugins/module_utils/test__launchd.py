# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import plistlib

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _instances, _launchd
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

DEFAULTS = {"host": "127.0.0.1", "port": 11434, "home": "/var/db/ollama", "models": "/var/db/ollama/models",
            "method": "launchd", "settings": {"keep_alive": "forever"}}
OPTIONS = {"version": "0.34.4", "root": "/opt/ollama", "user": "ollama", "group": "_ollama", "umask": "0027"}


def defined(changed=None, extra_env=None, **options):
    (instance,) = _instances.complete([{"name": "default", **(changed or {})}], DEFAULTS)
    found = _launchd.definition(instance, {**OPTIONS, **options}, extra_env)
    return found, plistlib.loads(found["content"].encode())


def test_macos_is_told_all_of_an_instance():
    found, service = defined(extra_env={"HTTPS_PROXY_NOTE": "<a & b>"})
    assert found["path"] == "/Library/LaunchDaemons/barellama.fleet.ollama.default.plist"
    name, _equals, digest = found["marker"].partition("=")
    assert service == {
        "Label": "barellama.fleet.ollama.default",
        "ProgramArguments": ["/opt/ollama/releases/0.34.4/bin/ollama", "serve"],
        "EnvironmentVariables": {
            "OLLAMA_KEEP_ALIVE": "-1",
            "HTTPS_PROXY_NOTE": "<a & b>",
            "HOME": "/var/db/ollama",
            "OLLAMA_HOST": "127.0.0.1:11434",
            "OLLAMA_MODELS": "/var/db/ollama/models",
            name: digest,
        },
        "UserName": "ollama",
        "GroupName": "_ollama",
        "Umask": 0o027,
        "WorkingDirectory": "/var/db/ollama",
        "RunAtLoad": True,
        "KeepAlive": True,
        "ProcessType": "Interactive",
        "SoftResourceLimits": {"NumberOfFiles": 8192},
        "StandardOutPath": "/var/db/ollama/.ollama/logs/default.log",
        "StandardErrorPath": "/var/db/ollama/.ollama/logs/default.log",
    }
    assert (name, len(digest)) == ("BARELLAMA_DEFINITION", 64)


def test_the_file_says_whose_it_is_and_is_the_same_each_time():
    content = defined()[0]["content"]
    assert content.startswith("<?xml ") and "\n<!-- Written by the role barellama.fleet.ollama." in content
    assert defined()[0]["content"] == content


@pytest.mark.parametrize(
    "changed, options",
    [({"settings": {"num_parallel": 4}}, {}), ({"port": 11435}, {}), ({}, {"version": "0.34.5"}), ({}, {"umask": "0077"})],
)
def test_another_definition_has_another_marker(changed, options):
    assert defined(changed, **options)[0]["marker"] != defined()[0]["marker"]


def test_a_wrong_setting_is_an_error():
    with pytest.raises(FleetError, match="ollama_settings.num_parallel"):
        defined({"settings": {"num_parallel": 0}})
