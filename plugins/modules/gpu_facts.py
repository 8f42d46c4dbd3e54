#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_facts
short_description: Tell which NVIDIA and AMD GPUs a host has, and whether Ollama can use them
version_added: 0.1.0
description:
  - Finds GPUs on the PCI bus, with or without a driver, and asks their drivers and tools what these know.
  - Says of each GPU whether Ollama can compute on it, and if not, why and what to do. Ollama itself falls back to the CPU
    with a line in its log at most.
  - Nothing is changed. A tool that is missing, hangs or fails is no error, and neither is a host without a GPU.
author:
  - barellama contributors (@barellama)
extends_documentation_fragment:
  - barellama.fleet.attributes.info
  - barellama.fleet.root
options:
  user:
    description:
      - The user that servers run as. A GPU whose device nodes it may not open counts as not usable.
      - Left out, or where there is no such user yet, nobody looks at that.
    type: str
  tuning:
    description: Ask C(nvidia-smi) also what power, ECC and MIG of each GPU are set to, and which processes compute on it.
    type: bool
    default: false
notes:
  - GPUs that are bound to C(vfio-pci) belong to virtual machines and are left out. Those on no PCI bus, as in a Jetson, are
    not found, which RV(ansible_facts.gpu_host.notes) says.
  - C(nvidia-smi) is asked only while its driver is loaded, since it would load it. Each tool has 30 seconds.
  - Memory, UUID and compute capability of NVIDIA GPUs take C(nvidia-smi). The kernel itself tells them of AMD's, and
    C(amd-smi) or C(rocm-smi) tell their names.
seealso:
  - module: barellama.fleet.ollama_diagnose
"""

EXAMPLES = r"""
- name: Know the GPUs
  barellama.fleet.gpu_facts:
    user: ollama

- name: Stop where Ollama would compute on the CPU
  ansible.builtin.assert:
    that: ansible_facts['gpus'] | selectattr('usable') | length > 0
    fail_msg: "{{ ansible_facts['gpus'] | map(attribute='why') | join('; ') or 'there is no GPU' }}"
"""

RETURN = r"""
ansible_facts:
  description: Two facts.
  returned: always
  type: dict
  contains:
    gpus:
      description: The GPUs in the order of the bus. What nobody tells is V(none).
      type: list
      elements: dict
      contains:
        index:
          description: Its number among those of its vendor, as C(nvidia-smi) and ROCm count.
          type: int
        vendor:
          description: Either V(nvidia) or V(amd).
          type: str
        model:
          description: Its name, from the vendor's tool or the list of PCI devices.
          type: str
        pci_id:
          description: Numbers of vendor and device.
          type: str
        bus_id:
          description: Its place on the bus, as the kernel writes it.
          type: str
        uuid:
          description: What C(CUDA_VISIBLE_DEVICES) or C(ROCR_VISIBLE_DEVICES) calls it.
          type: str
        generation:
          description: Such as V(Pascal) or V(RDNA 3).
          type: str
        compute:
          description: Compute capability of NVIDIA's, gfx target of AMD's.
          type: str
        memory_total:
          description: Bytes.
          type: int
        memory_free:
          description: Bytes.
          type: int
        driver:
          description: The kernel module that drives it.
          type: str
        virtual:
          description: Whether a hypervisor made it of a part of one of NVIDIA's, which is called vGPU. V(none) where only root is told.
          type: bool
        persistence:
          description: Whether NVIDIA's driver keeps it ready while nobody uses it.
          type: bool
        mig:
          description: Whether MIG is C(enabled), is to be after its reset (C(pending)), and its C(devices), each with C(profile)
            and C(uuid). V(none) where the GPU has no MIG.
          type: dict
        nvlinks:
          description: How many of its NVLinks are up. Looked at where there are several NVIDIA GPUs.
          type: int
        tuning:
          description:
            - What NVIDIA's GPU is set to; C(power_limit), C(power_min), C(power_max) in watts, C(ecc), C(ecc_pending), and the C(processes)
              that compute on it. V(none) where nobody tells. Clocks that are locked are told by no driver.
          type: dict
          returned: with O(tuning=true)
        usable:
          description: Whether Ollama can compute on it.
          type: bool
        why:
          description: Why not, and what to do. V(none) where it is usable.
          type: str
    gpu_host:
      description: What belongs to the host as a whole.
      type: dict
      contains:
        drivers:
          description:
            - Of each vendor that has a GPU here, the driver.
            - C(loaded), C(loaded_version) and C(loaded_flavour) are of the module in memory, C(installed), C(installed_version)
              and C(installed_flavour) of that on the disk for the kernel that runs.
            - Flavours are V(open) and V(proprietary) of NVIDIA's, V(kernel) and V(dkms) of AMD's.
            - C(libraries) is the version of NVIDIA's libraries, C(built_for) are other kernels that have a module, C(dkms) the
              versions that DKMS can build.
          type: dict
        nvswitches:
          description: How many NVSwitches are on the bus.
          type: int
        secure_boot:
          description: Whether Secure Boot is on. V(none) where the host was not started by EFI.
          type: bool
        key_enrolled:
          description: Whether the key that DKMS signs with is enrolled. V(none) where Secure Boot is off or nothing tells.
          type: bool
        key_queued:
          description: Whether that key waits to be confirmed at the console while the host starts.
          type: bool
        mok:
          description:
            - Where DKMS reads its C(key) and C(certificate), and the SHA-256 C(digest) of the latter. V(none) where Secure Boot is off.
          type: dict
        elsewhere:
          description: What has a GPU that no PCI bus shows, either V(jetson) or V(wsl), which is Windows' own Linux. V(none) for another host.
          type: str
        system:
          description:
            - What decides about drivers, V(none) on a host without a GPU. C(os) with C(id), C(version) and C(codename), C(arch), C(kernel),
              C(boot_id), whether it is a C(container), and whether the kernel's C(headers) are there.
            - C(cramped), places with too little room for a driver; whether NVIDIA's C(runfile) installed one; C(foreign), other
              sources of drivers; C(keyring), the sources of apt, by file, from NVIDIA's package cuda-keyring; zypper's C(locks) by C(gpu_driver);
              C(blacklisted) modules;
              C(build_errors), why DKMS failed, by module and version.
            - C(made), where the role C(gpu_driver) took the driver from, of each vendor whose driver it gave this host, what it
              C(restarted) it for last, whether it is still C(drained) for that, and whether its unit for power, clocks and modes is there
              (C(tuned)).
          type: dict
        passed_through:
          description: Places on the bus of the GPUs that are given to virtual machines.
          type: list
          elements: str
        reboot:
          description: Why the host has to be restarted for its GPUs, or asks for it.
          type: list
          elements: str
        notes:
          description: What could not be looked at.
          type: list
          elements: str
  sample:
    gpus:
      - index: 0
        vendor: nvidia
        model: NVIDIA L40S
        pci_id: 10de:26b9
        bus_id: "0000:01:00.0"
        uuid: GPU-37037c3f-65c8-ec4d-24a9-420204ad8026
        generation: Ada
        compute: "8.9"
        memory_total: 48305799168
        memory_free: 47767879680
        driver: nvidia
        virtual: false
        persistence: true
        mig:
        nvlinks:
        usable: true
        why:
    gpu_host:
      drivers:
        nvidia:
          loaded: true
          loaded_version: 580.95.05
          loaded_flavour: open
          installed: true
          installed_version: 580.95.05
          installed_flavour: open
          libraries: 580.95.05
          built_for: []
          dkms: [580.95.05]
      nvswitches: 0
      secure_boot: false
      key_enrolled:
      key_queued: false
      mok:
      elsewhere:
      system:
        os: {id: debian, version: "13", codename: trixie}
        arch: x86_64
        kernel: 6.12.107+deb13-amd64
        boot_id: 3c2a9e0e-9d3f-4a0e-8a50-2a1d7a9c7c11
        container: false
        headers: true
        cramped: []
        runfile: false
        foreign: []
        keyring: {}
        locks: []
        blacklisted: []
        build_errors: {}
        made: {nvidia: vendor}
        restarted:
        tuned: false
        drained: false
      passed_through: []
      reboot: []
      notes: []
"""

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._gpu import look
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_kernel import Kernel
from ansible_collections.barellama.fleet.plugins.module_utils._host_accounts import Accounts
from ansible_collections.barellama.fleet.plugins.module_utils._module import run


def gpu_facts(module):
    root, user = module.params["root"].rstrip("/"), module.params["user"]
    gpus, host = look(Kernel(root), Commands(module.run_command, root), Accounts().membership(user) if user else None, module.params["tuning"])
    return {"changed": False, "ansible_facts": {"gpus": gpus, "gpu_host": host}}


def main():
    run({"user": {"type": "str"}, "tuning": {"type": "bool", "default": False}, "root": {"type": "path", "default": ""}}, gpu_facts)


if __name__ == "__main__":
    main()
