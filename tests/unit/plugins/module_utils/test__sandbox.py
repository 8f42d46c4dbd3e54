# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._sandbox import CAPABILITIES, NAMESPACES, PROPERTIES, lacking
from ansible_collections.barellama.fleet.plugins.module_utils._sandbox_mounts import Mounts

MOUNTS = """\
1 0 0:1 / / ro,nosuid - ext4 /dev/vda rw
2 1 0:2 / /proc rw,nosuid - proc proc rw,hidepid=invisible
3 2 0:2 /sys /proc/sys ro - proc proc rw,hidepid=invisible
4 1 0:3 / /sys ro - sysfs sysfs rw
5 4 0:4 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw
6 1 0:5 /systemd/inaccessible/dir /root ro - tmpfs tmpfs rw
"""
ALL = (1 << len(CAPABILITIES)) - 1
CHOWN, BPF = 1 << 0, 1 << 39

# As systemd 257 shows a unit that asks for nothing.
PLAIN = {
    **dict.fromkeys(PROPERTIES, "no"),
    **dict.fromkeys(("ReadWritePaths", "ReadOnlyPaths", "BindPaths", "RootDirectory", "RootImage", "User"), ""),
    **{"ProcSubset": "all", "ProtectProc": "default", "SystemCallFilter": "~", "RestrictAddressFamilies": "~"},
    "CapabilityBoundingSet": " ".join(CAPABILITIES),
}
BARE = {
    "shared_namespaces": set(NAMESPACES),
    "mounts": Mounts("1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / /proc rw - proc proc rw\n"),
    "filters": 0,
    "no_new_privileges": False,
    "capabilities": ALL,
    "uids": {0},
    "places": {path: path for path in ("/", "/usr", "/etc", "/home", "/root")},
}
GUARDED = {
    **BARE,
    "shared_namespaces": set(),
    "mounts": Mounts(MOUNTS),
    "filters": 28,
    "no_new_privileges": True,
    "capabilities": 0,
    "uids": {11434},
}
STRICT = {
    **dict.fromkeys(("LockPersonality", "NoNewPrivileges", "PrivateUsers", "ProtectControlGroups", "ProtectHome"), "yes"),
    **dict.fromkeys(("PrivateNetwork", "PrivateIPC", "PrivatePIDs", "ProtectHostname", "ProtectKernelTunables"), "yes"),
    **{"ProtectSystem": "strict", "ProtectProc": "invisible", "SystemCallFilter": "read write", "User": "ollama"},
    "CapabilityBoundingSet": "",
}


def reasons(asked, **seen):
    return [entry["reason"] for entry in lacking({**PLAIN, **asked}, {**GUARDED, **seen})]


def test_who_asks_for_nothing_lacks_nothing():
    assert lacking(PLAIN, BARE) == []


def test_who_has_all_that_it_asks_for_lacks_nothing():
    assert reasons(STRICT) == []


def test_a_directive_that_this_systemd_does_not_know_is_not_asked_for():
    assert lacking({}, {**BARE, "capabilities": 0}) == []


def test_a_process_without_any_protection_lacks_each():
    assert [(entry["protection"], entry["directives"][0]) for entry in lacking({**PLAIN, **STRICT}, BARE)] == [
        ("mount namespace", "ProtectControlGroups"),
        ("user namespace", "PrivateUsers"),
        ("network namespace", "PrivateNetwork"),
        ("IPC namespace", "PrivateIPC"),
        ("UTS namespace", "ProtectHostname"),
        ("PID namespace", "PrivatePIDs"),
        ("seccomp", "LockPersonality"),
        ("NoNewPrivileges", "NoNewPrivileges"),
        ("capabilities", "CapabilityBoundingSet"),
        ("User", "User"),
    ]


@pytest.mark.parametrize(
    ("asked", "namespace", "reason"),
    [
        (
            {"PrivateNetwork": "yes"},
            "net",
            "the process is in the machine's own network namespace, so PrivateNetwork cannot hold",
        ),
        (
            {"ProtectSystem": "strict", "PrivateTmp": "yes", "ReadWritePaths": "/srv"},
            "mnt",
            "the process is in the machine's own mount namespace, so PrivateTmp, ProtectSystem and ReadWritePaths cannot hold",
        ),
    ],
)
def test_a_namespace_that_is_shared_with_the_machine_is_told_once(asked, namespace, reason):
    assert reasons(asked, shared_namespaces={namespace}) == [reason]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_shared_namespace_that_nobody_asked_for_is_none(namespace):
    assert reasons({}, shared_namespaces={namespace}) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("/root ro", "/elsewhere ro", []),  # still within a root that is read-only
        ("/proc/sys ro", "/proc/sys rw", ["the process may write to /proc/sys, against ProtectKernelTunables"]),
        ("/sys/fs/cgroup ro", "/sys/fs/cgroup rw", ["the process may write to /sys/fs/cgroup, against ProtectControlGroups"]),
        ("rw,hidepid=invisible", "rw", ["the process has a /proc that is mounted without hidepid=invisible, against ProtectProc"]),
    ],
)
def test_a_mount_that_is_missing_is_told(before, after, expected):
    assert before in MOUNTS
    assert reasons(STRICT, mounts=Mounts(MOUNTS.replace(before, after))) == expected


def test_what_a_proc_of_processes_alone_does_not_show_cannot_be_written_to():
    mounts = Mounts("1 0 0:1 / / ro - ext4 x rw\n2 1 0:2 / /proc rw - proc proc rw,subset=pid\n")
    assert reasons({"ProtectKernelTunables": "yes", "ProcSubset": "pid"}, mounts=mounts) == []


def test_a_root_that_can_be_written_to_is_told_for_the_system_and_for_homes():
    assert reasons(STRICT, mounts=Mounts(MOUNTS.replace("/ / ro", "/ / rw"))) == [
        "the process may write to /, /usr and /etc, against ProtectSystem",
        "the process may write to /home, against ProtectHome",
    ]


@pytest.mark.parametrize(("wanted", "path"), [("yes", "/usr"), ("full", "/etc"), ("strict", "/")])
def test_how_much_of_the_system_is_protected_is_as_asked_for(wanted, path):
    mounts = Mounts("".join(f"1 0 0:1 / {place} {'rw' if place == path else 'ro'} - ext4 x rw\n" for place in ("/", "/usr", "/etc")))
    assert reasons({"ProtectSystem": wanted}, mounts=mounts) == [f"the process may write to {path}, against ProtectSystem"]


@pytest.mark.parametrize("name", ["ReadWritePaths", "BindPaths"])
def test_what_the_operator_opens_is_open(name):
    mounts = Mounts("1 0 0:1 / / ro - ext4 x rw\n2 1 0:1 /etc /etc rw - ext4 x rw\n")
    assert len(reasons({"ProtectSystem": "strict"}, mounts=mounts)) == 1
    assert reasons({"ProtectSystem": "strict", name: "/srv -/etc"}, mounts=mounts) == []


def test_places_are_looked_at_where_they_really_are():
    mounts = Mounts("1 0 0:1 / / rw - ext4 x rw\n2 1 0:5 / /var/home ro - tmpfs tmpfs rw\n3 1 0:5 / /var/roothome ro - tmpfs tmpfs rw\n")
    places = {"/home": "/var/home", "/root": "/var/roothome"}
    assert reasons({"ProtectHome": "yes"}, mounts=mounts, places=places) == []
    assert len(reasons({"ProtectHome": "yes"}, mounts=mounts)) == 1


def test_a_place_that_the_machine_does_not_have_needs_no_protection():
    assert reasons({"ProtectHome": "yes"}, mounts=BARE["mounts"], places={}) == []


def test_below_a_root_of_its_own_paths_mean_other_things():
    assert reasons({"ProtectHome": "yes", "RootDirectory": "/srv/root"}, mounts=BARE["mounts"]) == []


def test_a_tree_of_its_own_for_control_groups_may_be_written_to():
    mounts = Mounts(MOUNTS.replace("/sys/fs/cgroup ro", "/sys/fs/cgroup rw"))
    asked = {"ProtectControlGroups": "yes", "ProtectControlGroupsEx": "private"}
    assert reasons(asked, mounts=mounts) == []
    assert len(reasons({**asked, "ProtectControlGroupsEx": "yes"}, mounts=mounts)) == 1


@pytest.mark.parametrize(
    ("asked", "seen", "reason"),
    [
        ({"SystemCallFilter": "read"}, {"filters": 0}, "no system call of the process is filtered, so SystemCallFilter cannot hold"),
        ({"NoNewPrivileges": "yes"}, {"no_new_privileges": False}, "the process may gain privileges, against NoNewPrivileges"),
        (
            {"CapabilityBoundingSet": "cap_kill"},
            {"capabilities": CHOWN | BPF},
            "the process has or may get cap_chown and cap_bpf",
        ),
        ({"User": "ollama"}, {"uids": {0, 11434}}, "the process runs as root, not as ollama"),
    ],
)
def test_each_other_loss_is_told_in_plain_words(asked, seen, reason):
    assert reasons(asked, **seen) == [reason]
    assert reasons({}, **seen) == []


@pytest.mark.parametrize("user", ["", "root", "0"])
def test_a_unit_of_roots_runs_as_root(user):
    assert reasons({"User": user}, uids={0}) == []


def test_capabilities_that_are_not_known_here_are_passed_over():
    assert reasons({}, capabilities=ALL | 1 << 41) == []
