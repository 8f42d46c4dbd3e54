# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes in the shape of other systems with the files of a GPU, and runs of role gpu_driver there against the mock vendor."""

from __future__ import annotations

import json

KERNELS = {"ubuntu2404": "6.8.0-88-generic", "el8": "4.18.0-553.el8.x86_64", "el9": "5.14.0-570.el9.x86_64", "fedora44": "5.14.0-570.el9.x86_64",
           "sles15": "6.4.0-150600.23.65-default"}
CARDS = {"nvidia": ("0x10de", "0x2684", "0x030000"), "amd": ("0x1002", "0x74a1", "0x120000")}
NEWEST, OLDER = "580.178.04", "580.105.08"
# Where gpu_facts looks: the node's own files, but for the card and the kernel that is said to run.
GPU = """
mkdir -p /srv/{card}/sys/bus/pci/devices/0000:01:00.0 /srv/{card}/proc/sys/kernel/random /lib/modules/{kernel} /boot
cd /srv/{card}
echo {0} > sys/bus/pci/devices/0000:01:00.0/vendor
echo {1} > sys/bus/pci/devices/0000:01:00.0/device
echo {2} > sys/bus/pci/devices/0000:01:00.0/class
echo {kernel} > proc/sys/kernel/osrelease
echo first > proc/sys/kernel/random/boot_id
for each in etc usr var run lib boot; do ln -sfn /$each $each; done
"""
APT = "dpkg-query -W -f '${Package} ${Version} ${Status}\\n' 2>/dev/null | sed -n 's/ install ok installed//p' | grep -E 'nvidia|amdgpu|linux-' || true"
RPM = "rpm -qa --qf '%{NAME} %{VERSION}\\n' | grep -E 'nvidia|amdgpu|kernel|firmware' || true"


class Bed:
    """The nodes, each with the files of one card, and runs of gpu.yml on some of them, with what each is told."""

    def __init__(self, fleet):
        self.fleet, self.nodes = fleet, {node.name: node for node in fleet.nodes}
        self.vendor = fleet.vendor()

    def play(self, told, *arguments, card="nvidia", **variables):
        """``told`` is the variables of role gpu_driver by node, without their prefix."""
        hosts = {node: {f"gpu_driver_{name}": value for name, value in own.items()} for node, own in told.items()}
        inventory = self.fleet.folder / "gpu.json"
        inventory.write_text(json.dumps({"gpu": {"hosts": hosts}}))
        keys = self.vendor["fingerprints"]
        return self.fleet.run("gpu.yml", "-i", inventory, "--limit", ",".join(told), *arguments, **{
            "gpu_driver_nvidia_repository": f"{self.vendor['url']}/cuda", "gpu_driver_nvidia_key_fingerprints": [keys["cuda"]],
            "gpu_driver_amd_repository": self.vendor["url"], "gpu_driver_amd_key_fingerprints": [keys["rocm"]],
            "__gpu_driver_root": f"/srv/{card}", **variables})

    def converge(self, told, card="nvidia"):
        """Done, and nothing left to do; return what is installed then, by node."""
        self.play(told, card=card).assert_ok()
        run = self.play(told, card=card).assert_unchanged()
        for node in told:
            assert 0 < len([task for task in run.tasks if task["where"] == "host" and task["host"] == node]) <= 4, run.tasks
        return {node: self.packages(node) for node in told}

    def packages(self, node):
        return dict(line.split() for line in self.nodes[node].sh(APT if node.startswith("ubuntu") else RPM).splitlines())

    def has(self, node, path):
        return self.nodes[node].holds(f"test -e /lib/modules/{KERNELS[node]}/{path}")

    @classmethod
    def of(cls, fleet):
        """The same, once the files are there."""
        bed = cls(fleet)
        for name, node in bed.nodes.items():
            for card, numbers in CARDS.items():
                node.sh(GPU.format(*numbers, card=card, kernel=KERNELS[name]))
        return bed


def said(run):
    return " ".join(run.output.split())
