# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _cdi as cdi

# As nvidia-ctk writes it, shortened: keys in the order of the alphabet.
YAML = """---
cdiVersion: 0.7.0
containerEdits:
  deviceNodes:
  - path: /dev/nvidiactl
  env:
  - name: not-a-device
  hooks:
  - args:
    - nvidia-cdi-hook
    - create-symlinks
    hookName: createContainer
    path: /usr/bin/nvidia-cdi-hook
  mounts:
  - containerPath: /usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05
    hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05
devices:
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
      name: not-this-one
  name: "0"
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia1
  name: "1"
- containerEdits: {}
  name: all
kind: nvidia.com/gpu
"""
SPEC = {"path": "/var/run/cdi/nvidia.yaml", **cdi.parse(YAML)}
HOST = {"driver": "580.95.05", "gpus": ["0", "1"], "missing": []}


@pytest.mark.parametrize(("content", "found"), [
    (YAML, {"kind": "nvidia.com/gpu", "version": "0.7.0", "devices": ["0", "1", "all"], "driver": "580.95.05", "hooks": ["/usr/bin/nvidia-cdi-hook"]}),
    ('{"cdiVersion": "0.6.0", "kind": "amd.com/gpu", "devices": [{"name": "0", "containerEdits": {}}, {"name": "all"}]}',
     {"kind": "amd.com/gpu", "version": "0.6.0", "devices": ["0", "all"], "driver": None, "hooks": []}),
    ("kind: 'nvidia.com/gpu'\ncdiVersion: \"0.5.0\"\ndevices:\n  - name: null0\n    containerEdits:\n      deviceNodes:\n        - path: /dev/null\n",
     {"kind": "nvidia.com/gpu", "version": "0.5.0", "devices": ["null0"], "driver": None, "hooks": []}),
    ('{"cdiVersion": "0.5.0", "kind": "a.b/c", "devices": [{"name": "0"}], "containerEdits": {"hooks": [{"path": "/usr/bin/nvidia-ctk"}], '
     '"mounts": [{"hostPath": "/lib/libnvidia-ml.so.550.163.01"}]}}',
     {"kind": "a.b/c", "version": "0.5.0", "devices": ["0"], "driver": "550.163.01", "hooks": ["/usr/bin/nvidia-ctk"]}),
    ("cdiVersion: 0.5.0\nkind: a.b/c\ndevices: []\n", {"kind": "a.b/c", "version": "0.5.0", "devices": [], "driver": None, "hooks": []}),
    ("", None), ("words", None), ("[]", None), ("7", None), ("{}", None), ('{"kind": "a.b/c"}', None), ("kind: a.b/c\n", None), ("[" * 100_000, None),
    ("\x00\xff", None), ("devices:\n- name: 0\n", None),
])
def test_what_a_specification_says(content, found):
    assert cdi.parse(content) == found


def test_a_specification_that_was_cut_says_no_wrong_thing():
    for end in range(len(YAML)):
        found = cdi.parse(YAML[:end])
        assert found is None or found["driver"] in (None, "580.95.05")


@pytest.mark.parametrize(("engine", "version", "newest"), [
    ("docker", "20.10.24", None), ("docker", "24.0.9", None), ("docker", "25.0.0", "0.6.0"), ("docker", "26.0.2", "0.6.0"), ("docker", "26.1.5", "0.7.0"),
    ("docker", "29.1.0", "0.7.0"), ("podman", "3.4.4", None), ("podman", "4.1.1", "0.3.0"), ("podman", "4.2.0", "0.4.0"), ("podman", "4.3.1", "0.5.0"),
    ("podman", "4.6.2", "0.5.0"), ("podman", "4.9.3", "0.6.0"), ("podman", "5.0.3", "0.6.0"), ("podman", "5.4.2", "0.7.0"), ("podman", "5.8.6", "0.7.0"),
    ("docker", None, None), ("podman", "words", None),
])
def test_what_an_engine_can_read(engine, version, newest):
    assert cdi.readable(engine, version) == newest


@pytest.mark.parametrize(("host", "words"), [
    ({}, None),
    ({"driver": "595.71.05"}, "for the driver 580.95.05, and 595.71.05 is loaded"),
    ({"driver": None}, None),
    ({"missing": ["/usr/bin/nvidia-cdi-hook"]}, "the toolkit was changed"),
    ({"missing": ["/usr/bin/other"]}, None),
    ({"gpus": ["0"]}, "it has the devices 0, 1, and the host has 0"),
    ({"gpus": ["0:0", "0:1", "1"]}, "the host has 0:0, 0:1, 1"),
    ({"gpus": []}, "the host has none"),
    ({"gpus": None}, None),
])
def test_what_does_not_fit_the_host_any_more(host, words):
    told = cdi.stale(SPEC, {**HOST, **host})
    assert (told is None) if words is None else (words in told)


@pytest.mark.parametrize("spec", [
    {**SPEC, "devices": ["all", "GPU-8f2c1a5e"]},  # named by UUID alone
    {**SPEC, "driver": None},  # written by a person
])
def test_what_cannot_be_judged_by_its_devices(spec):
    assert cdi.stale(spec, {**HOST, "gpus": ["5"]}) is None


def test_amd_s_is_judged_by_its_devices_alone():
    spec = {"path": "/etc/cdi/amd.json", "driver": None, "hooks": [], "devices": ["0", "1", "all"]}
    assert cdi.stale(spec, {**HOST, "driver": None}) is None
    assert "the host has 0" in cdi.stale(spec, {**HOST, "driver": None, "gpus": ["0"]})


@pytest.mark.parametrize(("listed", "names"), [
    ({}, []), ({0: [], 1: []}, ["0", "1"]), ({1: [], 0: [{"uuid": "MIG-1"}, {"uuid": "MIG-2"}]}, ["0:0", "0:1", "1"]),
])
def test_devices_by_number(listed, names):
    assert cdi.devices(listed) == names
