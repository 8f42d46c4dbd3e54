# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._sandbox_mounts import Mounts

# As a sandboxed process on Debian 13 sees it, shortened, and one path with a blank.
MOUNTINFO = r"""
226 147 0:49 / / ro,nosuid,nodev,noatime shared:91 master:3 - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0
295 226 0:74 / /proc rw,nosuid,nodev,noexec,relatime shared:134 - proc proc rw,hidepid=invisible
302 295 0:74 /sys /proc/sys ro,nosuid,nodev,noexec,relatime shared:141 - proc proc rw,hidepid=invisible
290 226 0:57 / /tmp ro,nosuid,nodev,relatime shared:128 - tmpfs tmpfs rw
311 290 0:57 /private/tmp /tmp rw,nosuid,nodev,relatime shared:129 - tmpfs tmpfs rw
312 226 0:49 /usr/share/ollama /usr/share/ollama rw,nosuid shared:144 master:3 - fuse.fuse-overlayfs fuse-overlayfs rw
313 226 0:49 / /srv/all\040models rw - ext4 /dev/sda1 rw
""".lstrip()


@pytest.mark.parametrize(
    ("path", "read_only"),
    [
        ("/", True),
        ("/usr", True),
        ("/usr/share", True),
        ("/usr/share/ollama", False),
        ("/usr/share/ollama/.ollama", False),
        ("/usr/share/ollama2", True),
        ("/proc", False),
        ("/proc/sys", True),
        ("/proc/sys/kernel", True),
        ("/tmp", False),
        ("/srv/all models/x", False),
        ("/srv/all", True),
    ],
)
def test_the_nearest_mount_decides_and_of_several_the_upper_one(path, read_only):
    assert Mounts(MOUNTINFO).read_only(path) is read_only


def test_options_are_those_of_the_file_system():
    assert Mounts(MOUNTINFO).options("/proc") == {"rw", "hidepid=invisible"}
    assert Mounts(MOUNTINFO).options("/usr") == {"rw", "user_id=0"}


def test_a_proc_of_processes_alone_has_nothing_else():
    assert not Mounts(MOUNTINFO).hidden("/proc/sys")
    processes = Mounts("1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / /proc rw - proc proc rw,subset=pid\n")
    assert processes.hidden("/proc/sys") and not processes.hidden("/usr")


def test_without_mounts_nothing_is_read_only():
    assert not Mounts("").read_only("/")
    assert Mounts("").options("/") == set()
