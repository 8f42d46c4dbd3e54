# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._driver_plan import plan
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.driver_bed import gpu, host, wanted

OTHER = "0000:02:00.0"


def refusals(cards, told=None, **choice):
    return plan(cards, told or host(), wanted(**choice))["refusals"]


@pytest.mark.parametrize(("cards", "told", "choice", "words"), [
    ([], {}, {"expected": 1}, "gpu_driver_expected: there are 0 GPUs on the PCI bus, and 1 are expected; "),
    ([gpu()], {"passed_through": ["0000:02:00.0"]}, {"expected": 2},
     "gpu_driver_expected: there are 1 GPUs on the PCI bus (0000:01:00.0), and 1 given to virtual machines, and 2 are expected; "),
    ([], {"elsewhere": "jetson"}, {"expected": 1}, "gpu_driver_expected: this is a Jetson, whose GPU may be on no PCI bus, and whose driver comes "),
    ([gpu()], {"elsewhere": "jetson"}, {}, "this is a Jetson, whose GPU may be on no PCI bus, and whose driver comes with JetPack; set "),
    ([{**gpu(), "virtual": True}], {}, {}, "0000:01:00.0 is a virtual GPU (vGPU), which needs the GRID driver that fits its hypervisor's, and "),
    ([gpu("RDNA 3")], {}, {"vendor": "nvidia"}, "gpu_driver_vendor: this host has GPUs of AMD, not of NVIDIA; write auto"),
    ([gpu()], {"system": "sles 15.5"}, {}, "gpu_driver_source: NVIDIA's packages for sles 15.5 on x86_64 are not known here; set gpu_driver_source: none"),
    ([gpu()], {"arch": "riscv64"}, {}, "gpu_driver_source: NVIDIA's packages for debian 13 on riscv64 are not known here; "),
    ([gpu()], {"system": "fedora 44"}, {}, "gpu_driver_nvidia_branch: NVIDIA has packages for the newest Fedora alone, "),
    ([gpu()], {"system": "rocky 9.6"}, {"source": "distro"}, "gpu_driver_source: rocky 9.6 has no NVIDIA driver of its own that is known here; "),
    ([gpu()], {"system": "debian 12"}, {"source": "distro"}, "Ollama needs the NVIDIA driver 550 or newer for these GPUs, and 535 would be installed; "),
    ([gpu("Hopper")], {"nvswitches": 4}, {"source": "distro"}, "gpu_driver_source: debian 13 itself has no fabric manager that is known here, "),
    ([gpu("Hopper")], {"system": "almalinux 9.6", "nvswitches": 4}, {"source": "distro"}, "gpu_driver_source: almalinux 9.6 itself has no fabric "),
    ([gpu("Pascal")], {}, {"source": "distro"}, "Ollama needs the NVIDIA driver 570 or newer for these GPUs, and 550 would be installed; "),
    ([gpu("Blackwell")], {}, {"source": "distro"}, "gpu_driver_nvidia_flavour: debian 13 itself has no open kernel module of 550; "),
    ([gpu()], {}, {"source": "distro", "nvidia_branch": "580"}, "gpu_driver_nvidia_branch: debian 13 itself has 550, not 580; "),
    ([gpu("Volta")], {}, {"nvidia_branch": "595"}, "580 is the last driver for Volta (0000:01:00.0), and 595 would be installed; "),
    ([gpu("Volta")], {"system": "ubuntu 26.04"}, {},
     "gpu_driver_nvidia_branch: 595 is the oldest that this role installs on ubuntu 26.04, and 580 is wanted; "),
    ([gpu("Volta")], {"system": "almalinux 10.1"}, {"source": "distro"},
     "580 is the last driver for Volta (0000:01:00.0), and the newest would be installed; "),
    ([gpu("Pascal")], {}, {"nvidia_flavour": "open"}, "Pascal (0000:01:00.0) works with the proprietary kernel module only; "),
    ([gpu("Blackwell")], {}, {"nvidia_flavour": "proprietary"}, "Blackwell (0000:01:00.0) works with the open kernel module only; "),
    ([gpu("Volta"), gpu("Blackwell", where=OTHER)], {}, {}, "no driver works for Volta (0000:01:00.0) and Blackwell (0000:02:00.0) on one host: "),
    ([gpu()], {"system": "rhel 10.1"}, {"nvidia_flavour": "proprietary", "nvidia_branch": "615"},
     "gpu_driver_nvidia_flavour: NVIDIA has no proprietary kernel module of 615 for rhel 10.1 any more; "),
    ([gpu()], {}, {"nvidia_version": "580.95.05"}, "gpu_driver_nvidia_version: 580.95.05 lacks fixes of security holes, and 580.159.03 is the oldest"),
    ([gpu()], {"secure_boot": True}, {}, "gpu_driver_secure_boot: Secure Boot is on, and the kernel would refuse a module that DKMS builds here. "),
    ([gpu()], {"runfile": True}, {}, "NVIDIA's own installer has put a driver here, "),
    ([gpu()], {"foreign": ["RPM Fusion"]}, {}, "this host also takes packages from RPM Fusion, "),
    ([gpu()], {"system": "ubuntu 24.04", "made": {"nvidia": "vendor"}}, {"source": "distro"},
     "gpu_driver_source: this role gave this host NVIDIA's own packages, and does not exchange them for others; write vendor, or remove them, "
     "their repository and the record: apt-get purge '*nvidia*'; rm /etc/apt/sources.list.d/nvidia-driver.sources /var/lib/barellama/"),
    ([gpu("CDNA 3")], {"system": "rocky 9.6", "made": {"amd": "dkms"}}, {},
     "gpu_driver_amd: this role gave this host AMD's own packages, and does not exchange them for others; write dkms, or remove them, "
     "their repository and the record: dnf remove amdgpu-dkms; rm /etc/yum.repos.d/amdgpu.repo /var/lib/barellama/gpu_driver.json"),
    ([gpu()], {"system": "sles 15.6"}, {"source": "distro"},
     "gpu_driver_source: sles 15.6 has no NVIDIA driver of its own that is known here; write vendor, or none"),
    ([gpu()], {"system": "sles 15.6"}, {"nvidia_branch": "570"}, "gpu_driver_nvidia_branch: 580 is the oldest that this role installs on sles 15.6, "),
    ([gpu()], {"system": "sles 15.6", "driver": {"libraries": "580.178.04", "installed": True}}, {"nvidia_branch": "595"},
     "gpu_driver_nvidia_branch: packages of 580 and 595 are called otherwise on sles 15.6, and do not take each other's place; remove"),
    ([gpu("Volta")], {"system": "sles 16.0"}, {}, "gpu_driver_nvidia_branch: 595 is the oldest that this role installs on sles 16.0, "),
    ([gpu("CDNA 3")], {"system": "rocky 8.10"}, {"amd": "dkms"}, "gpu_driver_amd: AMD's own driver for rocky 8 on x86_64 is not known here; "),
    ([gpu("RDNA 3")], {"blacklisted": ["amdgpu"]}, {}, "a file in /etc/modprobe.d forbids amdgpu, "),
    ([gpu()], {"cramped": ["/boot"]}, {}, "/boot has less than 0.1 GB free, "),
    ([gpu("CDNA 3")], {}, {"amd": "dkms"}, "gpu_driver_amd: AMD's own driver for debian 13 on x86_64 is not known here; "),
    ([gpu("CDNA 3")], {"system": "ubuntu 24.04", "secure_boot": True}, {"amd": "dkms"}, "gpu_driver_amd: Secure Boot is on, "),
    ([gpu("CDNA 3")], {"system": "sles 15.6"}, {}, "gpu_driver_amd: the package with AMD's firmware for sles 15 is not known here; "),
])
def test_what_would_not_work_is_told_in_one_line_with_what_to_do(cards, told, choice, words):
    (line,) = refusals(cards, host(**told), **choice)
    assert line.startswith(words) and "\n" not in line and "; " in line + "; " * ("Secure Boot" in line)


@pytest.mark.parametrize(("cards", "told", "choice"), [
    ([], {}, {}), ([], {"elsewhere": "wsl"}, {}), ([{**gpu(usable=True), "virtual": True}], {}, {}),
    ([{**gpu(), "virtual": True}], {}, {"source": "none"}), ([], {"runfile": True}, {}), ([], {}, {"vendor": "nvidia"}),
    ([gpu("Kepler or older")], {"system": "plan9 4"}, {}),
    ([gpu()], {"blacklisted": ["amdgpu"]}, {}), ([gpu("RDNA 3")], {"foreign": ["ELRepo"], "runfile": True}, {}),
    ([gpu()], {"secure_boot": True, "key_enrolled": True}, {}), ([gpu()], {"secure_boot": True}, {"secure_boot": "ignore"}),
    ([gpu()], {"system": "ubuntu 24.04", "secure_boot": True}, {"source": "distro"}), ([gpu("RDNA 3")], {"secure_boot": True}, {}),
    ([gpu("Volta"), gpu("Hopper", where=OTHER)], {}, {}), ([gpu()], {"cramped": ["/usr"], "driver": {"installed": True}}, {}),
    ([gpu()], {}, {"nvidia_version": "580.95.05", "nvidia_minimum": "580.95.05"}), ([gpu()], {"system": "sles 15.6"}, {"source": "none"}),
    ([gpu()], {"system": "ubuntu 24.04"}, {"source": "distro", "nvidia_branch": "595"}),
    ([gpu()], {"system": "ubuntu 24.04", "made": {"nvidia": "distro", "amd": "dkms"}}, {}), ([gpu()], {"made": {"nvidia": "vendor"}}, {"source": "none"}),
])
def test_what_works_or_is_nobody_s_is_not_refused(cards, told, choice):
    assert refusals(cards, host(**told), **choice) == []


def test_what_is_to_be_removed_by_hand_is_named_in_the_words_of_the_host_s_package_manager():
    assert refusals([gpu()], host("sles 15.6", made={"nvidia": "vendor"}), source="distro")[1].endswith(
        "zypper remove '*nvidia-*'; rm /etc/zypp/repos.d/nvidia-driver.repo /var/lib/barellama/gpu_driver.json")


def test_a_card_of_the_wrong_generation_and_a_bar_are_told_together():
    assert len(refusals([gpu("Volta")], host(runfile=True, foreign=["ELRepo"]), nvidia_branch="595")) == 3
