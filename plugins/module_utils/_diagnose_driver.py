# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What lies under a server: drivers, device nodes, container engines. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen, finding
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import MODULES, NAMES, closed, numbers
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_kernel import GIVEN_AWAY
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_nvidia import MISMATCH, refusal
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_verdict import OLDEST_BEFORE_VOLTA, OLDEST_NVIDIA

NEEDED_NODES = {"nvidia": ("/dev/nvidiactl", "/dev/nvidia-uvm"), "amd": ("/dev/kfd",)}
MAKES = {"/dev/nvidiactl": "nvidia", "/dev/nvidia-uvm": "nvidia_uvm", "/dev/kfd": "amdgpu"}
ENGINES = {
    "docker": ("Docker", "install Docker Engine with its Compose plugin, or choose another ollama_method"),
    "podman": ("Podman", "install the distribution's podman, or choose another ollama_method"),
}
OLDEST_COMPOSE = "2.18.0"
OLDEST_PODMAN = "4.4"


def driver(host):
    """Whether the kernel's part of each GPU is there, new enough, and of one piece with the tools."""
    for vendor in sorted(host.vendors):
        found = [gpu for gpu in host.gpus if gpu["vendor"] == vendor and gpu["driver"] != GIVEN_AWAY]
        if not found:
            if not host.has_others:
                yield finding(f"no {NAMES[vendor]} GPU is on the PCI bus, although ollama_gpu_vendor is {vendor}",
                              "it is not plugged in, is given to a virtual machine, or fell off the bus",
                              "see: lspci -nn; then correct ollama_gpu_vendor, or the machine")
            continue
        strangers = [gpu for gpu in found if gpu["driver"] != MODULES[vendor]]
        if strangers:
            yield _not_bound(vendor, strangers[0])
            continue
        yield from _nodes_missing(vendor, host.nodes[vendor])
        if vendor == "nvidia":
            yield from _nvidia(host)


def devices(look):
    """Whether the server's process may open the device nodes of the host's GPUs."""
    if look.account is None:
        raise Unseen("its process cannot be looked at")
    uid, gids = look.account
    for vendor in sorted(look.host.vendors):
        for path, (mode, owner, group, _made) in closed(look.host.nodes[vendor], uid, gids):
            if look.was_given(path):
                yield finding(
                    f"permission denied on {path}",
                    f"it belongs to user {owner} and group {group} with mode {mode:04o}, and the server runs as user {uid} "
                    f"with groups {', '.join(map(str, sorted(gids)))}",
                    f"{_joining(look, group)}; then restart it: {look.restart}",
                )


def engine(host):
    """Whether the container engine is there, runs, and is new enough."""
    if host.method not in ENGINES:
        return
    found, (name, cure) = host.engine, ENGINES[host.method]
    if found["state"] == "absent":
        yield finding(f"{name} is not there", f"ollama_method is {host.method}, and nobody installed it", cure)
    elif found["state"] == "stopped":
        yield finding(f"{name} does not answer", "its service was stopped, or fails",
                      "start it: systemctl enable --now docker; else see its log: journalctl -u docker -n 50")
    elif host.method == "podman" and _older(found.get("version"), OLDEST_PODMAN):
        yield finding(f"Podman {found['version']} cannot run units of containers",
                      f"Quadlet came with Podman {OLDEST_PODMAN}", "upgrade it, or choose another ollama_method")
    elif host.method == "docker" and _older(found.get("compose"), OLDEST_COMPOSE):
        yield finding(f"Docker Compose is {_old(found.get('compose'))}",
                      f"the role needs Docker's plugin of that name, {OLDEST_COMPOSE} or newer",
                      "install Docker's package docker-compose-plugin, or Debian 13's docker-compose")


def _not_bound(vendor, gpu):
    name, module = NAMES[vendor], MODULES[vendor]
    if gpu["driver"]:
        return finding(f"the {name} GPU {gpu['slot']} is driven by {gpu['driver']}",
                       f"Ollama needs the driver {module}", f"install the {name} driver, and restart the host")
    return finding(f"the {name} GPU {gpu['slot']} has no driver",
                   "none is installed for the running kernel, or loading it failed",
                   f"install the {name} driver; see: modprobe {module}, and journalctl -k -g {module}")


def _nodes_missing(vendor, nodes):
    for path in NEEDED_NODES[vendor]:
        if path not in nodes:
            yield finding(f"{path} is missing, so the {NAMES[vendor]} GPU cannot be used",
                          f"the kernel module {MAKES[path]} is not loaded, or nobody made the node",
                          f"load it now and at boot: modprobe {MAKES[path]}, and its name into /etc/modules-load.d/")


def _nvidia(host):
    version, words = host.nvidia_version, refusal(host.nvidia_smi)
    if version and numbers(version) < [OLDEST_NVIDIA]:
        yield finding(f"the NVIDIA driver {version} is too old", f"Ollama's CUDA libraries need {OLDEST_NVIDIA} or newer, "
                      f"and {OLDEST_BEFORE_VOLTA} for GPUs before Volta", "upgrade the NVIDIA driver, and restart the host")
    if words and MISMATCH in words:
        yield finding("the loaded NVIDIA driver and its libraries are of two versions",
                      f"the driver was upgraded since {version} was loaded", "restart the host")
    elif words:
        yield finding(f"nvidia-smi fails: {words}", "the NVIDIA driver is loaded and does not work",
                      "see: journalctl -k -g NVRM; then restart the host")


def _joining(look, group):
    if group == 0:
        return "let the driver's udev rules give it to the group render, or see who changed it"
    return look.joining(group)


def _older(version, least):
    """Whether a version, or none at all, is older than ``least``."""
    return numbers(version) < numbers(least)


def _old(version):
    return "missing" if version in (None, "absent") else f"too old: {version}"
