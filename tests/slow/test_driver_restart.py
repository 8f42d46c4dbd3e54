# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A driver is built by DKMS, loaded, loaded anew and restarted into, by a real kernel in a virtual machine.

The driver has NVIDIA's names and a device that can be in use, and does nothing; the card is a file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.fleet.conftest import ROOT, Fleet

NAME = os.environ.get("SLOW_VM", "slow")  # another name lets two runs go side by side
OLD, NEW = "580.95.05", "580.178.04"
DKMS = """PACKAGE_NAME=nvidia
PACKAGE_VERSION={version}
BUILT_MODULE_NAME[0]=nvidia
DEST_MODULE_LOCATION[0]=/updates/dkms
BUILT_MODULE_NAME[1]=nvidia_uvm
DEST_MODULE_LOCATION[1]=/updates/dkms
AUTOINSTALL=yes
MAKE[0]='make -C $kernel_source_dir M=$dkms_tree/$module/$module_version/build modules'
CLEAN=true
"""
NVIDIA = """#include <linux/module.h>
#include <linux/miscdevice.h>
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("{version}");
MODULE_DESCRIPTION("a stand-in that does nothing");
static const struct file_operations operations = {{ .owner = THIS_MODULE }};
static struct miscdevice device = {{ .minor = MISC_DYNAMIC_MINOR, .name = "nvidia0", .fops = &operations }};
int nvidia_there(void);
int nvidia_there(void) {{ return 0; }}
EXPORT_SYMBOL_GPL(nvidia_there);
module_misc_device(device);
"""
UVM = """#include <linux/module.h>
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("{version}");
MODULE_DESCRIPTION("a stand-in that does nothing");
int nvidia_there(void);
static int __init begin(void) {{ return nvidia_there(); }}
static void __exit end(void) {{ }}
module_init(begin);
module_exit(end);
"""
CARD = """
mkdir -p /srv/gpu/sys/bus/pci/devices/0000:01:00.0 && cd /srv/gpu
for each in etc usr var run lib boot proc; do ln -sfn /$each $each; done
ln -sfn /sys/module sys/module
echo 0x10de > sys/bus/pci/devices/0000:01:00.0/vendor
echo 0x2684 > sys/bus/pci/devices/0000:01:00.0/device
echo 0x030000 > sys/bus/pci/devices/0000:01:00.0/class
ln -sfn ../../../bus/pci/drivers/nvidia sys/bus/pci/devices/0000:01:00.0/driver
"""


class Machine(Fleet):
    """A virtual machine in the place of a bed."""

    def __init__(self, folder, inventory):
        super().__init__(folder, ())
        self.inventory = inventory

    def command(self, playbook, *arguments, **variables):
        return [sys.executable, "-m", "ansible", "playbook", "-i", self.inventory, "-e", json.dumps(variables), playbook, *arguments]

    def sh(self, script):
        done = subprocess.run([sys.executable, ROOT / "tools/vm", "ssh", NAME, "sh -es"], input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def build(self, version):
        """Let DKMS build this version for the kernel that runs."""
        place = f"/usr/src/nvidia-{version}"
        files = {"dkms.conf": DKMS, "nvidia.c": NVIDIA, "nvidia_uvm.c": UVM}
        written = [f"cat > {place}/{name} <<'END'\n{text.format(version=version)}END\n" for name, text in files.items()]
        self.sh(f"mkdir -p {place}\n{''.join(written)}echo 'obj-m := nvidia.o nvidia_uvm.o' > {place}/Makefile\n"
                f"dkms install --force nvidia/{version}\n"
                "rm -f /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.*\n"
                f"touch /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.{version}")

    def loaded(self):
        return self.sh("cat /sys/module/nvidia/version; ls -d /sys/module/nvidia_uvm")

    def boot(self):
        return self.sh("cat /proc/sys/kernel/random/boot_id")


@pytest.fixture(scope="module", name="machine")
def _machine(tmp_path_factory):
    tool = [sys.executable, ROOT / "tools/vm"]
    started = subprocess.run([*tool, "up", NAME], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    machine = Machine(tmp_path_factory.mktemp("slow"), started.stdout.strip())
    machine.sh(CARD)
    machine.build(OLD)
    machine.sh("modprobe --all nvidia nvidia_uvm")
    machine.build(NEW)
    yield machine
    subprocess.run([*tool, "down", NAME], check=True, cwd=ROOT)


@pytest.fixture(scope="module", name="play")
def _play(machine):
    return lambda policy: machine.run("gpu.yml", gpu_driver_source="none", __gpu_driver_root="/srv/gpu", gpu_driver_reboot_policy=policy)


def said(run):
    return " ".join(run.output.split())


def test_a_driver_in_use_is_not_taken_out(machine, play):
    assert machine.loaded().split()[0] == OLD
    machine.sh("systemd-run -q --unit=exporter sh -c 'exec sleep infinity < /dev/nvidia0'")
    run = play("reload").assert_ok()
    machine.sh("systemctl stop exporter")
    assert "could not be loaded anew (in use by sleep (" in said(run)
    assert machine.loaded().split()[0] == OLD


def test_a_reload_exchanges_the_driver_in_the_kernel(machine, play):
    before = machine.boot()
    play("reload").assert_ok()
    assert (machine.loaded().split()[0], machine.boot()) == (NEW, before)


def test_a_host_is_restarted_once_and_not_again_for_what_that_did_not_help(machine, play):
    machine.sh("ln -sfn ../../../bus/pci/drivers/nouveau /srv/gpu/sys/bus/pci/devices/0000:01:00.0/driver")
    before = machine.boot()
    run = play("reboot")
    after = machine.boot()
    assert run.status != 0 and "another restart would not help" in said(run) and after != before, run.output
    assert play("reboot").status != 0 and machine.boot() == after
