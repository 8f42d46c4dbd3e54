# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._gpu import look
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gpu_bed import HOSTS, GpuHost


@pytest.mark.parametrize("name", HOSTS)
def test_each_host_is_told_as_it_is(name, tmp_path):
    wanted = HOSTS[name]
    bed = GpuHost(tmp_path, wanted)
    gpus, host = look(bed.kernel, bed.tools)
    assert [{key: gpu[key] for key in expected} for gpu, expected in zip(gpus, wanted["gpus"])] == wanted["gpus"]
    assert len(gpus) == len(wanted["gpus"])
    assert {key: host[key] for key in wanted["host"]} == wanted["host"]
    assert all(gpu["usable"] == (gpu["why"] is None) for gpu in gpus)


def asked(name, tmp_path):
    bed = GpuHost(tmp_path, HOSTS[name])
    look(bed.kernel, bed.tools)
    return bed.asked


@pytest.mark.parametrize("name", ["no_gpu", "nothing", "jetson"])
def test_a_host_without_a_gpu_is_asked_nothing(name, tmp_path):
    assert asked(name, tmp_path) == []


def test_a_tool_that_would_load_its_driver_is_not_asked_without_it(tmp_path):
    assert [command.split()[0] for command in asked("not_loaded", tmp_path)] == ["modinfo"]


def test_a_new_driver_is_asked_once_and_an_old_one_for_less(tmp_path):
    assert sum("--query-gpu" in command for command in asked("rtx_4090", tmp_path / "new")) == 1
    assert sum("--query-gpu" in command for command in asked("older_than_the_floor", tmp_path / "old")) == 3


@pytest.mark.parametrize("name", [name for name, host in HOSTS.items() if host["commands"]])
def test_tools_that_talk_nonsense_leave_what_the_kernel_knows(name, tmp_path):
    sane = GpuHost(tmp_path, HOSTS[name])
    places = [gpu["bus_id"] for gpu in look(sane.kernel, sane.tools)[0]]
    for noise in ("", "\0", "{}", "[[]]", ", " * 11 + "\n", "GPU 0: x\n\t Link 0: 1 GB/s\n  MIG x\n", "N/A\n" * 50):
        for status in (0, 1, 2, 126, 127, 137):
            sane.answers = [["", status, noise]]
            gpus, host = look(sane.kernel, sane.tools)
            assert [gpu["bus_id"] for gpu in gpus] == places and isinstance(host["reboot"], list)


def test_the_servers_user_has_to_be_let_in(tmp_path):
    bed = GpuHost(tmp_path, HOSTS["rx_7900"])
    (tmp_path / "dev/kfd").chmod(0o660)
    (tmp_path / "dev/dri/renderD128").chmod(0o666)
    group = (tmp_path / "dev/kfd").stat().st_gid
    assert look(bed.kernel, bed.tools, ("ollama", 987_654, {987_654, group}))[0][0]["usable"]
    (gpu,), _host = look(bed.kernel, bed.tools, ("ollama", 987_654, {987_654}))
    assert gpu["why"].startswith("user ollama may not open /dev/kfd, ")
