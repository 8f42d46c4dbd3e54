# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._driver_plan import plan
from ansible_collections.barellama.fleet.plugins.module_utils._gpu import look
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.driver_bed import gpu, host, wanted
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gpu_bed import HOSTS, GpuHost

OPEN_12 = ["nvidia-driver-cuda=580.*", "nvidia-kernel-open-dkms=580.*", "nvidia-persistenced=580.*"]


@pytest.mark.parametrize(("system", "card", "choice", "first", "packages"), [
    ("debian 12", "Ada", {}, ["nvidia-driver-pinning-580"], ["linux-headers-amd64", *OPEN_12]),
    ("debian 13", "Ada", {}, ["nvidia-driver-pinning-580"], ["linux-headers-amd64", *OPEN_12]),
    ("debian 13", "Pascal", {}, ["nvidia-driver-pinning-580"],
     ["linux-headers-amd64", "nvidia-driver-cuda=580.*", "nvidia-kernel-dkms=580.*", "nvidia-persistenced=580.*"]),
    ("debian 13", "Ada", {"nvidia_branch": "595"}, ["nvidia-driver-pinning-595"],
     ["linux-headers-amd64", "nvidia-driver-cuda=595.*", "nvidia-kernel-open-dkms=595.*", "nvidia-persistenced=595.*"]),
    ("debian 13", "Ada", {"nvidia_version": "580.178.04"}, ["nvidia-driver-pinning-580.178.04"],
     ["linux-headers-amd64", "nvidia-driver-cuda=580.178.04-*", "nvidia-kernel-open-dkms=580.178.04-*", "nvidia-persistenced=580.178.04-*"]),
    ("ubuntu 22.04", "Ampere", {}, ["nvidia-driver-pinning-580"],
     ["linux-headers-generic-hwe-22.04", "nvidia-headless-580-open", "nvidia-utils-580"]),
    ("ubuntu 24.04", "Volta", {}, ["nvidia-driver-pinning-580"], ["linux-headers-generic", "nvidia-headless-580", "nvidia-utils-580"]),
    ("ubuntu 24.04", "Blackwell", {"nvidia_branch": "590"}, ["nvidia-driver-pinning-590"],
     ["linux-headers-generic", "nvidia-headless-open=590.*", "nvidia-persistenced=590.*"]),
    ("ubuntu 26.04", "Hopper", {}, ["nvidia-driver-pinning-595"],
     ["linux-headers-generic", "nvidia-headless-open=595.*", "nvidia-persistenced=595.*"]),
    ("ubuntu 26.04", "Turing", {"nvidia_flavour": "proprietary"}, ["nvidia-driver-pinning-595"],
     ["linux-headers-generic", "libnvidia-compute=595.*", "nvidia-dkms=595.*", "nvidia-persistenced=595.*"]),
    ("rocky 9.6", "Ada", {}, [],
     ["kernel-devel-matched", "nvidia-driver-cuda-580.*", "kmod-nvidia-open-dkms-580.*", "nvidia-persistenced-580.*"]),
    ("rhel 10.1", "Pascal", {}, [],
     ["kernel-devel-matched", "nvidia-driver-cuda-580.*", "kmod-nvidia-latest-dkms-580.*", "nvidia-persistenced-580.*"]),
    ("fedora 44", "Ada", {"nvidia_branch": "615"}, [],
     ["kernel-devel-matched", "nvidia-driver-cuda-615.*", "kmod-nvidia-open-dkms-615.*", "nvidia-persistenced-615.*"]),
    ("rocky 8.10", "Ada", {"nvidia_version": "580.178.04"}, [],
     ["kernel-devel", "nvidia-driver-cuda-580.178.04-*", "kmod-nvidia-open-dkms-580.178.04-*", "nvidia-persistenced-580.178.04-*"]),
    ("sles 15.6", "Ada", {}, [],
     ["kernel-default-devel", "nvidia-open-driver-G06<581", "nvidia-compute-utils-G06<581", "nvidia-persistenced<581"]),
    ("sles_sap 15.7", "Volta", {"nvidia_version": "580.178.04"}, [],
     ["kernel-default-devel", "nvidia-driver-G06=580.178.04", "nvidia-compute-utils-G06=580.178.04", "nvidia-persistenced=580.178.04"]),
    ("opensuse-leap 16.0", "Blackwell", {}, [],
     ["kernel-default-devel", "nvidia-open-driver-G07<596", "nvidia-compute-utils-G07<596", "nvidia-persistenced<596"]),
    ("debian 13", "Ada", {"source": "distro"}, [],
     ["linux-headers-amd64", "nvidia-kernel-dkms", "libcuda1", "nvidia-smi", "nvidia-persistenced"]),
    ("ubuntu 24.04", "Ada", {"source": "distro"}, [],
     ["linux-modules-nvidia-580-server-open-6.8.0-31-generic", "linux-modules-nvidia-580-server-open-generic",
      "nvidia-headless-no-dkms-580-server-open", "nvidia-utils-580-server"]),
    ("ubuntu 24.04", "Pascal", {"source": "distro"}, [],
     ["linux-modules-nvidia-580-server-6.8.0-31-generic", "linux-modules-nvidia-580-server-generic",
      "nvidia-headless-no-dkms-580-server", "nvidia-utils-580-server"]),
    ("almalinux 10.1", "Ada", {"source": "distro"}, ["almalinux-release-nvidia-driver"], ["nvidia-open-kmod", "nvidia-driver-cuda"]),
    ("debian 13", "RDNA 3", {}, [], ["firmware-amd-graphics"]),
    ("ubuntu 24.04", "CDNA 3", {}, [], ["linux-firmware", "linux-modules-extra-6.8.0-31-generic"]),
    ("ubuntu 24.04", "CDNA 3", {"amd": "dkms"}, [], ["linux-headers-generic", "amdgpu-dkms"]),
    ("rocky 9.6", "CDNA 3", {"amd": "dkms"}, [], ["kernel-devel-matched", "amdgpu-dkms"]),
    ("debian 13", "Ada", {"source": "none"}, [], []),
])
def test_packages_follow_from_system_card_and_choice(system, card, choice, first, packages):
    planned = plan([gpu(card)], host(system), wanted(**choice))
    assert (planned["refusals"], planned["first"], planned["packages"]) == ([], first, packages)
    assert all(not set("=*<") & set(name) for name in planned["desired"]), "host_drift wants bare names"


@pytest.mark.parametrize(("system", "choice", "url", "key", "streams", "pins"), [
    ("debian 13", {}, "debian13/x86_64", "8793F200.pub", [], []),
    ("debian 12", {"arch": "aarch64"}, "debian12/sbsa", "3bf863cc.pub", [], []),
    ("almalinux 9.6", {}, "rhel9/x86_64", "D42D0685.pub", ["nvidia-driver:580-open"], ["580.*"]),
    ("rocky 8.10", {}, "rhel8/x86_64", "D42D0685.pub", ["nvidia-driver:580-open"], ["580.*"]),
    ("rhel 10.1", {}, "rhel10/x86_64", "D42D0685.pub", [], ["580.*"]),
    ("sles 15.6", {}, "sles15/x86_64", "D42D0685.pub", [], []),
    ("opensuse-leap 15.6", {"arch": "aarch64"}, "opensuse15/sbsa", "D42D0685.pub", [], []),
    ("sles 16.0", {}, "suse16/x86_64", "D42D0685.pub", [], []),
])
def test_each_release_has_its_own_repository_and_key(system, choice, url, key, streams, pins):
    planned = plan([gpu()], host(system, **choice), wanted())
    (repository,) = planned["repositories"]
    assert repository["url"] == f"https://nvidia.example/repos/{url}" and repository["key_url"] == f"{repository['url']}/{key}"
    assert len(repository["key_fingerprints"][0]) == 40 and repository["suites"] == (["/"] if "debian" in url else [])
    assert planned["streams"] == streams and [pin["version"] for pin in repository["pins"]] == pins


def test_an_exact_version_is_locked_whatever_stream_is_chosen():
    (repository,) = plan([gpu()], host("rocky 9.6"), wanted(nvidia_version="580.178.04"))["repositories"]
    assert repository["pins"][0]["version"] == "580.178.04-*"


def test_the_same_repository_of_the_package_cuda_keyring_goes_since_apt_takes_it_with_one_key_only():
    path = "/etc/apt/sources.list.d/cuda-debian13-x86_64.list"
    planned = plan([gpu()], host(keyring={path: "https://nvidia.example/repos/debian13/x86_64"}), wanted())
    assert planned["repositories"][0]["obsolete"] == [path] and any(path in line for line in planned["said"])
    planned = plan([gpu()], host(keyring={path: "https://mirror.example/debian13/x86_64"}), wanted())
    assert planned["repositories"][0]["obsolete"] == [] and not any(path in line for line in planned["said"])


def test_a_mirror_may_have_keys_of_its_own():
    (repository,) = plan([gpu()], host(), wanted(nvidia_key_fingerprints=["A" * 40]))["repositories"]
    assert repository["key_fingerprints"] == ["A" * 40]


def test_headers_of_the_kernel_that_runs_are_installed_where_it_has_none():
    assert plan([gpu()], host(), wanted())["headers"] == ["linux-headers-6.12.1-amd64"]
    assert plan([gpu()], host(headers=True), wanted())["headers"] == []
    assert plan([gpu()], host("rocky 9.6"), wanted())["headers"] == ["kernel-devel-matched-5.14.0-503.el9.x86_64"]
    assert plan([gpu()], host("rocky 9.6", headers=True), wanted())["headers"] == ["kernel-devel-matched-5.14.0-503.el9.x86_64"]
    assert plan([gpu()], host("rocky 8.10"), wanted())["headers"] == ["kernel-devel-5.14.0-503.el9.x86_64"]
    assert plan([gpu()], host("sles 15.6"), wanted())["headers"] == ["kernel-default-devel=6.4.0-150600.23.65"]
    assert plan([gpu()], host("sles 15.6", headers=True), wanted())["headers"] == []
    assert plan([gpu()], host("ubuntu 24.04"), wanted(source="distro"))["headers"] == []


@pytest.mark.parametrize(("there", "choice", "locks", "differs"), [
    ([], {}, ["*nvidia-* >= 581"], ["zypper has no lock *nvidia-* >= 581"]),
    (["*nvidia-* >= 581"], {}, ["*nvidia-* >= 581"], []),
    (["*nvidia-* >= 581"], {"nvidia_version": "580.178.04"}, ["*nvidia-* > 580.178.04"],
     ["zypper has the lock *nvidia-* >= 581, which is of another version", "zypper has no lock *nvidia-* > 580.178.04"]),
    (["*nvidia-* >= 581"], {"hold": False}, [], ["zypper has the lock *nvidia-* >= 581, which is not wanted"]),
    ([], {"hold": False}, [], []),
])
def test_zypper_is_to_pass_over_what_is_newer(there, choice, locks, differs):
    driver = {"installed": True, "libraries": "580.178.04", "installed_flavour": "open"}
    planned = plan([gpu()], host("sles 15.6", driver, locks=there), wanted(**choice))
    assert (planned["manager"], planned["locks"], planned["differs"]) == ("zypper", locks, differs)
    assert plan([gpu()], host(driver=driver), wanted())["locks"] == plan([gpu()], host("rocky 9.6", driver), wanted())["locks"] == []


def test_ubuntu_s_module_is_of_the_very_kernel_and_what_is_on_record_is_not():
    bare, there = (plan([gpu()], host("ubuntu 24.04", {"installed": built}, kernel="6.14.0-33-generic"), wanted(source="distro"))
                   for built in (False, True))
    assert bare["packages"][:2] == ["linux-modules-nvidia-580-server-open-6.14.0-33-generic", "linux-modules-nvidia-580-server-open-generic-hwe-24.04"]
    assert bare["desired"] == there["desired"] == there["packages"] == bare["packages"][1:]


def test_nvswitches_need_the_fabric_manager_of_the_very_version():
    assert plan([gpu("Hopper")], host(nvswitches=4), wanted())["packages"][-1] == "nvidia-fabricmanager=580.*"
    assert plan([gpu("Hopper")], host(nvswitches=4), wanted())["daemons"] == ["nvidia-fabricmanager.service"]
    assert plan([gpu("Hopper")], host(), wanted())["daemons"] == []
    older = plan([gpu("Hopper")], host(nvswitches=4), wanted(nvidia_branch="570"))["packages"][-1]
    assert older == "nvidia-fabricmanager-570"
    assert plan([gpu("Hopper")], host("rocky 9.6", nvswitches=4), wanted(nvidia_branch="570"))["packages"][-1] == "nvidia-fabricmanager-570.*"
    assert plan([gpu("Hopper")], host("ubuntu 24.04", nvswitches=4), wanted(source="distro"))["packages"][-1] == "nvidia-fabricmanager-580"


def test_both_vendors_on_one_host():
    planned = plan([gpu(), gpu("RDNA 3")], host("ubuntu 24.04"), wanted(amd="dkms"))
    assert planned["vendors"] == ["nvidia", "amd"] and planned["modules"] == ["nvidia", "amdgpu"]
    assert planned["load"] == ["nvidia", "nvidia_uvm", "amdgpu"]
    assert planned["packages"] == ["linux-headers-generic", "nvidia-headless-580-open", "nvidia-utils-580", "amdgpu-dkms"]
    assert [each["name"] for each in planned["repositories"]] == ["nvidia-driver", "amdgpu"]


@pytest.mark.parametrize(("more", "choice", "kept"), [
    ({}, {}, True), ({"made": {"nvidia": "vendor"}}, {}, False), ({"made": {"amd": "inbox"}}, {}, True),
    ({}, {"nvidia_branch": "595"}, False), ({}, {"nvidia_version": "595.80.01"}, False),
])
def test_a_driver_that_works_and_is_another_s_stays(more, choice, kept):
    there = {"loaded": True, "loaded_version": "570.211.01", "installed": True, "libraries": "570.211.01"}
    planned = plan([gpu(usable=True)], host(driver=there, **more), wanted(**choice))
    assert (planned["packages"] == []) == kept and (planned["vendors"] == []) == kept
    assert ("works and was not installed by this role; it stays" in planned["said"][0]) == kept
    assert plan([gpu(), gpu(usable=True)], host(driver=there), wanted())["packages"], "one that does not work is no reason to stay"


def test_each_vendor_s_driver_is_recorded_by_where_it_is_from():
    there = {"loaded": True, "installed": True}
    planned = plan([gpu(usable=True), gpu("RDNA 3")], host(driver=there), wanted())
    assert (planned["vendors"], planned["made"]) == (["amd"], {"amd": "inbox"})
    again = plan([gpu(usable=True), gpu("RDNA 3")], host(driver=there, made=planned["made"]), wanted())
    assert (again["vendors"], again["made"]) == (["amd"], {"amd": "inbox"}), "the record of one is none of the other"
    assert plan([gpu()], host(made={"amd": "dkms"}), wanted())["made"] == {"amd": "dkms", "nvidia": "vendor"}


@pytest.mark.parametrize(("driver", "choice", "words"), [
    ({}, {}, "the NVIDIA driver is not installed for the kernel 6.12.1-amd64"),
    ({"installed": True, "libraries": "550.163.01"}, {}, "the NVIDIA driver 550.163.01 is installed, and 580 is wanted"),
    ({"installed": True, "libraries": "580.178.04"}, {"nvidia_version": "580.159.03"},
     "the NVIDIA driver 580.178.04 is installed, and 580.159.03 is wanted"),
    ({"installed": True, "libraries": "580.178.04", "installed_version": "550.163.01"}, {},
     "the NVIDIA driver 550.163.01 is installed, and 580 is wanted"),
    ({"installed": True, "libraries": "580.178.04", "installed_flavour": "open"}, {"nvidia_flavour": "proprietary"},
     "the open kernel module of the NVIDIA driver is installed, and the proprietary one is wanted"),
    ({"installed": True, "libraries": "580.178.04", "installed_flavour": "open"}, {}, None),
    ({"installed": True, "libraries": "580.178.04"}, {}, None),
    ({"installed": True}, {}, None),
])
def test_what_a_bare_name_does_not_show_differs(driver, choice, words):
    assert plan([gpu()], host(driver=driver), wanted(**choice))["differs"] == ([words] if words else [])


def test_the_kernel_s_own_module_is_not_the_one_that_dkms_was_to_build():
    there = {"installed": True, "installed_flavour": "kernel"}
    chosen = wanted(amd="dkms", amd_release="30.30.4")
    assert plan([gpu("CDNA 3")], host("ubuntu 24.04", there), chosen)["differs"] == [
        "the AMD driver 6.16.13 is not built for the kernel 6.8.0-31-generic, whose own would be loaded"]
    assert plan([gpu("CDNA 3")], host("ubuntu 24.04", there), wanted())["differs"] == []
    assert plan([gpu("CDNA 3")], host("ubuntu 24.04", {**there, "installed_flavour": "dkms", "installed_version": "6.16.13"}), chosen)["differs"] == []


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("system", ["debian 12", "debian 13", "ubuntu 24.04", "ubuntu 26.04", "rocky 8.10", "rocky 9.6", "rhel 10.1", "fedora 44",
                                    "sles 15.6", "opensuse-leap 16.0", "sles 15.5", "plan9 4", ""])
@pytest.mark.parametrize("source", ["vendor", "distro", "none"])
def test_every_host_on_every_system_has_a_plan_or_a_reason(name, system, source, tmp_path):
    bed = GpuHost(tmp_path, HOSTS[name])
    ident, _space, version = system.partition(" ")
    bed.file("etc/os-release", f'ID="{ident}"\nVERSION_ID="{version}"\n')
    gpus, told = look(bed.kernel, bed.tools)
    planned = plan(gpus, told, wanted(source=source))
    assert all("\n" not in line for line in planned["refusals"] + planned["said"] + planned["differs"])
    nobodys = {gpu["generation"] for gpu in gpus} <= {"Kepler or older"}
    if source == "none" or nobodys:
        assert not planned["refusals"] and not planned["packages"]
    else:
        assert planned["refusals"] or planned["said"]
    assert plan(gpus, told, wanted(source=source)) == planned
