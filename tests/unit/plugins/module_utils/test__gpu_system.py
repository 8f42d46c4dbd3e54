# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_kernel import Kernel
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_system import (
    blacklisted,
    enabled,
    first_error,
    locks,
    made,
    os_release,
    record,
    system,
)

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n'
# As gcc, make and DKMS write.
LOG = """DKMS make.log for nvidia-current-550.163.01 for kernel 6.12.107+deb13-amd64 (x86_64)
Cleaning and building module
  CC [M]  nv-pci.o
nv-pci.c:287:13: error: too few arguments to function 'pci_resize_resource'
make[3]: *** [nv-pci.o] Error 1
"""


def look(root, files):
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return system(Kernel(str(root)))


def test_an_empty_host_has_nothing_in_the_way(tmp_path):
    told = look(tmp_path, {"etc/os-release": DEBIAN})
    assert told.pop("arch")
    assert told == {"os": {"id": "debian", "version": "13", "codename": "trixie"}, "kernel": "", "boot_id": "", "container": False,
                    "headers": True, "cramped": [], "runfile": False, "foreign": [], "keyring": {}, "locks": [], "blacklisted": [], "build_errors": {},
                    "made": {}, "restarted": None, "tuned": False, "drained": False} | {"headers": told["headers"]}


def test_what_stands_in_the_way_is_found(tmp_path):
    told = look(tmp_path, {
        "usr/lib/os-release": 'ID="rocky"\nVERSION_ID="9.6"\n', "proc/sys/kernel/osrelease": "5.14\n", "proc/sys/kernel/arch": "aarch64\n",
        "proc/sys/kernel/random/boot_id": "abc\n", "run/systemd/container": "docker", "lib/modules/5.14/build": "", "usr/bin/nvidia-uninstall": "",
        "etc/yum.repos.d/rpmfusion-nonfree-nvidia-driver.repo": "[x]\nenabled=1\n", "etc/yum.repos.d/elrepo.repo": "[x]\nenabled = 0\n",
        "etc/modprobe.d/a.conf": "# blacklist nvidia\nblacklist amdgpu\n", "var/lib/dkms/nvidia/550.163.01/build/make.log": LOG,
        "var/lib/barellama/gpu_driver.json": '{"made": {"amd": "inbox"}}',
        "var/lib/barellama/gpu_driver-drained": "",
        "var/lib/barellama/gpu_driver-restart.json": json.dumps({"boot_id": "b", "reasons": ["r"]}),
    })
    assert told == {"os": {"id": "rocky", "version": "9.6", "codename": ""}, "arch": "aarch64", "kernel": "5.14", "boot_id": "abc",
                    "container": True, "headers": True, "cramped": [], "runfile": True, "foreign": ["RPM Fusion"], "keyring": {}, "locks": [],
                    "blacklisted": ["amdgpu"],
                    "build_errors": {"nvidia/550.163.01": "nv-pci.c:287:13: error: too few arguments to function 'pci_resize_resource'"},
                    "made": {"amd": "inbox"}, "restarted": {"boot_id": "b", "reasons": ["r"]}, "tuned": False, "drained": True}


def test_the_source_of_nvidia_s_own_package_is_found_and_not_one_that_an_operator_wrote(tmp_path):
    mine, other = "/etc/apt/sources.list.d/cuda-debian13-x86_64.list", "/etc/apt/sources.list.d/cuda-mine.list"
    line = "# deb https://no.example/ /\ndeb [signed-by=/usr/share/keyrings/cuda-archive-keyring.gpg] https://nvidia.example/debian13/x86_64/ /\n"
    files = {mine[1:]: line, other[1:]: line}
    assert look(tmp_path, files)["keyring"] == {}
    files["var/lib/dpkg/info/cuda-keyring.list"] = f"/.\n/etc\n{mine}\n/etc/apt/preferences.d/cuda-repository-pin-600\n"
    assert look(tmp_path, files)["keyring"] == {mine: "https://nvidia.example/debian13/x86_64"}
    (tmp_path / mine[1:]).unlink()
    assert look(tmp_path, {})["keyring"] == {}


def test_a_place_with_too_little_room_is_named(tmp_path, monkeypatch):
    (tmp_path / "boot").mkdir()
    monkeypatch.setattr("os.statvfs", lambda path: type("room", (), {"f_bavail": 1000, "f_frsize": 4096}))
    assert look(tmp_path, {})["cramped"] == ["/usr", "/var", "/boot"]


@pytest.mark.parametrize(("log", "line"), [
    (LOG, "nv-pci.c:287:13: error: too few arguments to function 'pci_resize_resource'"),
    ("one\nmake[1]: *** No rule to make target 'x'.  Stop.\n", "make[1]: *** No rule to make target 'x'.  Stop."),
    ("cc -Werror a.c\nfatal error: no such file\n", "fatal error: no such file"),
    ("CFLAGS=-Wno-error -fno-pie -Werror=undef\nmake: warning\na.c:1:1: error: 'x' undeclared\n", "a.c:1:1: error: 'x' undeclared"),
    ("nothing\nwent\n\n", "went"), ("", ""),
])
def test_the_first_error_of_a_log_is_told(log, line):
    assert first_error(log) == line


@pytest.mark.parametrize(("text", "modules"), [
    ("blacklist nouveau\n  blacklist amdgpu # no\n", ["nouveau", "amdgpu"]), ("#blacklist amdgpu\nalias x amdgpu\n", []),
    ("install amdgpu /bin/false\ninstall nvidia modprobe -i nvidia-current\n", ["amdgpu"]),
])
def test_modules_that_are_forbidden(text, modules):
    assert blacklisted(text) == modules


@pytest.mark.parametrize(("text", "there"), [
    ("[x]\nenabled=1", True), ("[x]\nbaseurl=y\n", True), ("", False), ("Types: deb\nEnabled: no", False), ("[x]\nx=1\n enabled = 0 \n", False),
    ("# ours\n[x]\nname=x\n\nenabled=1\n\n[x-debuginfo]\nname=x\nenabled=0\n[x-source]\nenabled=0\n", True),
    ("[x]\nname=x\n\nenabled=0\n[x-source]\nenabled=0\n", False), ("Types: deb\nEnabled: no\n\nTypes: deb\nURIs: x\n", True),
    ("deb https://a.example/ x main\n# deb-src https://a.example/ x main\n", True), ("# deb https://a.example/ x main\n", False),
    ("deb [arch=amd64] https://a.example/ x main\n", True),
])
def test_sources_that_are_turned_off_do_not_count(text, there):
    assert enabled(text) == there


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"boot_id": 1, "reasons": []}', '{"boot_id": "a", "reasons": "x"}'])
def test_a_record_that_is_none_is_passed_over(text):
    assert record(text) is None


@pytest.mark.parametrize(("text", "ways"), [
    ("", {}), ("{", {}), ("[]", {}), ("{}", {}), ('{"made": true}', {}), ('{"made": {"nvidia": "vendor"}, "first": []}', {"nvidia": "vendor"}),
])
def test_whose_drivers_the_role_gave_this_host(text, ways):
    assert made(text) == ways


def test_an_os_release_of_words(tmp_path):
    assert os_release("ID='x'\nnonsense\nVERSION_ID=1\n") == {"id": "x", "version": "1", "codename": ""}


def test_of_zypper_s_locks_only_those_are_the_role_s_that_name_versions():
    one = "\ntype: package\nversion: >= 581\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: *nvidia-*\n\n"
    other = "\ntype: package\nmatch_type: glob\nsolvable_name: *nvidia-*\n\n\ntype: package\nversion: > 1\nsolvable_name: mine\n"
    assert locks(one + other) == ["*nvidia-* >= 581"] and locks("") == locks(other) == []
