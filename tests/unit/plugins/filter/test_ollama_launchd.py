# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import plistlib

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.barellama.fleet.plugins.filter.ollama_instances import FilterModule as Instances
from ansible_collections.barellama.fleet.plugins.filter.ollama_launchd import FilterModule

ollama_launchd = FilterModule().filters()["ollama_launchd"]
OPTIONS = {"version": "0.34.4", "root": "/opt/ollama", "user": "ollama", "group": "ollama", "umask": "0077"}


def instance(**settings):
    defaults = {"host": "127.0.0.1", "port": 11434, "home": "/h", "models": "/m", "settings": settings}
    return Instances().filters()["ollama_instances"]([{"name": "default"}], defaults)[0]


def test_an_instance_becomes_a_property_list():
    service = plistlib.loads(ollama_launchd(instance(), OPTIONS)["content"].encode())
    assert service["ProgramArguments"] == ["/opt/ollama/releases/0.34.4/bin/ollama", "serve"]


def test_what_is_wrong_is_an_error_of_the_filter():
    with pytest.raises(AnsibleFilterError, match="ollama_settings.num_parallel"):
        ollama_launchd(instance(num_parallel=0), OPTIONS)
