# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._gpu import look
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_tuning import parse, parse_processes
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gpu_bed import HOSTS, GpuHost, garbage

ROW = "00000000:18:00.0, 700.00, 200.00, 700.00, Enabled, Enabled"
READ = {"power_limit": 700.0, "power_min": 200.0, "power_max": 700.0, "ecc": True, "ecc_pending": True}


@pytest.mark.parametrize(("line", "values"), [
    (ROW, READ),
    ("00000000:18:00.0, 450.00, 150.00, 600.00, Disabled, Enabled",
     {"power_limit": 450.0, "power_min": 150.0, "power_max": 600.0, "ecc": False, "ecc_pending": True}),
    ("00000000:18:00.0, [N/A], [N/A], N/A, [N/A], [N/A]", dict.fromkeys(READ)),
    ("00000000:18:00.0, [Requested functionality has been deprecated], [Unknown Error], 700.00, Enabled, [N/A]",
     {**dict.fromkeys(READ), "power_max": 700.0, "ecc": True}),
])
def test_what_is_told_and_what_is_not(line, values):
    assert parse(f"{line}\n") == {"0000:18:00.0": values}


@pytest.mark.parametrize("output", ["", "No devices were found\n", "1, 2, 3, 4, 5, 6\n", f"{ROW}, 1\n", "00000000:18:00.0, 700.00\n"])
def test_lines_of_another_shape_are_passed_over(output):
    assert parse(output) == {}


def test_processes_by_gpu():
    told = "4242, 00000000:18:00.0\n17, 00000000:18:00.0\n99, 00000000:2A:00.0\n[Insufficient Permissions], 00000000:2A:00.0\nx\n"
    assert parse_processes(told) == {"0000:18:00.0": [4242, 17], "0000:2a:00.0": [99]}
    assert parse_processes("") == {}


def test_noise_is_no_traceback():
    for text in garbage(6, f"{ROW}\n4242, 00000000:18:00.0\n"):
        assert isinstance(parse(text), dict) and isinstance(parse_processes(text), dict)


def test_it_is_asked_for_only_where_it_is_wanted_and_there(tmp_path):
    bed = GpuHost(tmp_path / "mig", HOSTS["mig"])
    gpus, _host = look(bed.kernel, bed.tools)
    assert all("tuning" not in gpu for gpu in gpus) and not any("power" in command for command in bed.asked)
    bed.answers = [["power.limit", 0, f"{ROW}\n"], ["compute-apps", 0, "17, 00000000:18:00.0\n"], *bed.answers]
    gpus, _host = look(bed.kernel, bed.tools, tuning=True)
    assert [gpu["tuning"] for gpu in gpus] == [{**READ, "processes": [17]}, None, None]
    bed.answers = [["power.limit", 9, "failed\n"], *bed.answers]
    assert [gpu["tuning"] for gpu in look(bed.kernel, bed.tools, tuning=True)[0]] == [None] * 3
    amd = GpuHost(tmp_path / "amd", HOSTS["rx_7900"])
    assert [gpu["tuning"] for gpu in look(amd.kernel, amd.tools, tuning=True)[0]] == [None]
    assert not any("nvidia" in command for command in amd.asked)


def test_ecc_that_waits_is_a_reason_to_restart(tmp_path):
    bed = GpuHost(tmp_path, HOSTS["rtx_4090"])
    (gpu,), _host = look(bed.kernel, bed.tools)
    bed.answers = [["power.limit", 0, f"0000{gpu['bus_id']}, 450.00, 150.00, 600.00, Disabled, Enabled\n"], *bed.answers]
    (gpu,), host = look(bed.kernel, bed.tools, tuning=True)
    assert host["reboot"] == [f"ECC of the GPU {gpu['bus_id']} is to be turned on: with a restart"] and gpu["usable"]
