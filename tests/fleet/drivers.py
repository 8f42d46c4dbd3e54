# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repository like NVIDIA's for Debian, whose driver is a module that does nothing and is built by DKMS for real; a node with a GPU's files."""

from __future__ import annotations

import subprocess

from tests.standin.vendor.deb import write_repository
from tests.standin.vendor.package import Package
from tests.standin.vendor.signing import Key

PLACE = "debian13/x86_64"
KEY_FILE = "8793F200.pub"
PORT = 8099
DKMS = """PACKAGE_NAME="nvidia"
PACKAGE_VERSION="{version}"
BUILT_MODULE_NAME[0]="nvidia"
DEST_MODULE_LOCATION[0]="/updates/dkms"
AUTOINSTALL="yes"
MAKE[0]="make -C $kernel_source_dir M=$dkms_tree/$module/$module_version/build modules"
CLEAN="true"
"""
SOURCE = """#include <linux/module.h>
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("{version}");
MODULE_DESCRIPTION("a stand-in that does nothing");
{more}
"""
PINS = "Package: *nvidia*\nPin: version {branch}.*\nPin-Priority: 1000\n"
# Where gpu_facts looks: the node's own files, but for the card, the kernel that is said to run, and its boot.
GPU = """
echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/quick
apt-get update -qq
headers=$(apt-cache depends linux-headers-amd64 | sed -n 's/.*Depends: linux-headers-//p' | head -1)
cd $(mkdir -p /srv/gpu/sys/bus/pci/devices/0000:01:00.0 && echo /srv/gpu)
echo 0x10de > sys/bus/pci/devices/0000:01:00.0/vendor
echo 0x2684 > sys/bus/pci/devices/0000:01:00.0/device
echo 0x030000 > sys/bus/pci/devices/0000:01:00.0/class
mkdir -p proc/sys/kernel/random
echo $headers > proc/sys/kernel/osrelease
echo first > proc/sys/kernel/random/boot_id
mkdir -p /boot
for each in etc usr var run lib boot; do ln -sfn /$each $each; done
"""


def driver(version, more="", built=True):
    """The packages of one version; ``more`` is put into its module's source. One that is not built installs well all the same."""
    branch, source = version.partition(".")[0], f"/usr/src/nvidia-{version}"
    told = {"version": version, "branch": branch, "more": more}
    return [
        Package(f"nvidia-driver-pinning-{branch}", f"{version}-1", everywhere=True,
                files={f"/etc/apt/preferences.d/nvidia-driver-pinning-{branch}": PINS.format(**told)}),
        Package("nvidia-driver-cuda", f"{version}-1", files={f"/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.{version}": ""}),
        Package("nvidia-kernel-open-dkms", f"{version}-1", depends=("dkms",), everywhere=True,
                files={f"{source}/dkms.conf": DKMS.format(**told), f"{source}/Makefile": "obj-m := nvidia.o\n",
                       f"{source}/nvidia.c": SOURCE.format(**told)},
                script=f"/usr/lib/dkms/common.postinst nvidia {version} '' amd64 \"$2\"" if built else "",
                removal=f"dkms remove -m nvidia -v {version} --all || true"),
        Package("nvidia-persistenced", f"{version}-1", files={"/usr/bin/nvidia-persistenced": "#!/bin/sh\nexec sleep infinity\n"}),
    ]


def give(node, folder, packages):
    """Let the node have a GPU's files and serve such a repository to itself; return the role's variables for it."""
    home = folder / "keys"
    home.mkdir(mode=0o700)
    key = Key(home, "Mock vendor")
    write_repository(folder / PLACE, packages, "amd64", key)
    (folder / PLACE / KEY_FILE).write_text(key.public)
    subprocess.run(["docker", "cp", "-q", folder / "debian13", f"{node.container}:/srv/"], check=True)
    node.sh(f"chmod -R a+rX /srv; systemd-run --unit=mock python3 -m http.server --bind 127.0.0.1 --directory /srv {PORT}{GPU}")
    return {"gpu_driver_nvidia_repository": f"http://127.0.0.1:{PORT}", "gpu_driver_nvidia_key_fingerprints": [key.fingerprint],
            "__gpu_driver_root": "/srv/gpu"}
