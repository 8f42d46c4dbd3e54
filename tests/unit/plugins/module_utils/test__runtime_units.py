# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_units as units


def test_every_file_says_who_wrote_it_and_has_a_line_for_each_thing():
    files = {**units.nvidia("/usr/bin/nvidia-ctk"), **units.amd("/usr/bin/amd-ctk"), units.FLAGS_PATH: units.FLAGS, units.DAEMON_PATH: units.daemon("x")}
    assert len(files) == 5
    for path, content in files.items():
        assert path.startswith("/etc/systemd/system/"), path
        assert content.startswith("# Written by the role barellama.fleet.container_runtime.") and content.endswith("\n")
        assert "{" not in content and "\n[" in content


def test_the_specifications_are_written_where_they_are_looked_for():
    service = units.nvidia("/usr/bin/nvidia-ctk")["/etc/systemd/system/barellama-cdi-nvidia.service"]
    assert "ExecStart=/usr/bin/nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml\n" in service
    assert "ConditionPathExists=|/proc/driver/nvidia/version\n" in service and "Before=docker.service\n" in service
    path = units.nvidia("/usr/bin/nvidia-ctk")["/etc/systemd/system/barellama-cdi-nvidia.path"]
    assert "PathChanged=/lib/modules/%v/modules.dep\n" in path and "PathChanged=/usr/bin/nvidia-ctk\n" in path
    service = units.amd("/opt/bin/amd-ctk")["/etc/systemd/system/barellama-cdi-amd.service"]
    assert "ExecStart=/opt/bin/amd-ctk cdi generate --output=/etc/cdi/amd.json\n" in service


@pytest.mark.parametrize(("content", "marker"), [
    (units.daemon("0123abcd"), "0123abcd"), ("PATH=/bin\nBARELLAMA_DAEMON=ff\nLANG=C", "ff"), ("", None), (None, None), ("XBARELLAMA_DAEMON=ff", None),
    ("[Service]\nEnvironment=OTHER=1\n", None),
])
def test_the_marker(content, marker):
    assert units.marker(content) == marker
