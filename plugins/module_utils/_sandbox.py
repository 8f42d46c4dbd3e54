# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a unit's sandbox asks for, held against what its running process shows.

systemd starts a unit without the protection that it cannot give, with one line in the log. Only what a process surely
lacks is told: a server is stopped for it.

``shown`` are the unit's properties as ``systemctl show`` writes them, ``process`` is what ``_sandbox_process.py`` saw:
``shared_namespaces`` (those in which the machine's PID 1 is too), ``mounts`` (see ``_sandbox_mounts.py``), ``filters``
(how many filters of system calls it has beyond those of PID 1), ``no_new_privileges``, ``capabilities`` (the bits of
all that it has or may get), ``uids``, and ``places`` (path -> where it really is, for those that the machine has).
"""

from __future__ import annotations

SHOWN_OFF = {"", "no", "~", "default", "all", "auto"}

# Namespace -> the directives that are nothing without it, and how it is called.
NAMESPACES = {
    "mnt": (
        "mount namespace",
        (
            *("BindPaths", "BindReadOnlyPaths", "InaccessiblePaths", "PrivateDevices", "PrivateMounts", "PrivateTmp"),
            *("ProcSubset", "ProtectControlGroups", "ProtectHome", "ProtectKernelLogs", "ProtectKernelModules"),
            *("ProtectKernelTunables", "ProtectProc", "ProtectSystem", "ReadOnlyPaths", "ReadWritePaths"),
            "TemporaryFileSystem",
        ),
    ),
    "user": ("user namespace", ("PrivateUsers",)),
    "net": ("network namespace", ("PrivateNetwork",)),
    "ipc": ("IPC namespace", ("PrivateIPC",)),
    "uts": ("UTS namespace", ("ProtectHostname",)),
    "pid": ("PID namespace", ("PrivatePIDs",)),
}

# Directives that systemd turns into filters of system calls. Not MemoryDenyWriteExecute, for which newer ones ask the
# kernel in another way.
FILTERED = (
    *("LockPersonality", "PrivateDevices", "ProtectClock", "ProtectHostname", "ProtectKernelLogs"),
    *("ProtectKernelModules", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID"),
    *("SystemCallArchitectures", "SystemCallFilter"),
)

PROTECTED_BY_SYSTEM = {"yes": ("/usr",), "full": ("/usr", "/etc"), "strict": ("/", "/usr", "/etc")}
# Not /run/user, which is made when somebody logs in, and may come after the unit was started.
PROTECTED_BY_HOME = ("/home", "/root")
OPENED = ("ReadWritePaths", "BindPaths")
MOUNTED_READ_ONLY = {"ProtectControlGroups": "/sys/fs/cgroup", "ProtectKernelTunables": "/proc/sys"}
PROC_OPTIONS = {
    "ProtectProc": {word: f"hidepid={word}" for word in ("invisible", "noaccess", "ptraceable")},
    "ProcSubset": {"pid": "subset=pid"},
}

# In the order of their numbers, as in linux/capability.h.
CAPABILITIES = [
    f"cap_{name}"
    for name in (
        "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable "
        "net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot "
        "sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease "
        "audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read "
        "perfmon bpf checkpoint_restore"
    ).split()
]

# What systemctl is asked for.
PROPERTIES = sorted(
    {name for _called, names in NAMESPACES.values() for name in names}
    | {"CapabilityBoundingSet", "NoNewPrivileges", "ProtectControlGroupsEx", "RootDirectory", "RootImage", "User"}
    | set(FILTERED)
)


def lacking(shown, process):
    """The protections that the unit asks for and the process does not have, each {protection, directives, reason}."""
    return [
        *_namespaces(shown, process),
        *_mounts(shown, process),
        *_filters(shown, process),
        *_privileges(shown, process),
        *_account(shown, process),
    ]


def _asked(shown, names):
    """Those directives that the unit asks for; one that this systemd does not know is not asked for."""
    return [name for name in names if shown.get(name, "") not in SHOWN_OFF]


def _entry(protection, directives, reason):
    return {"protection": protection, "directives": list(directives), "reason": reason}


def _namespaces(shown, process):
    for name, (called, directives) in NAMESPACES.items():
        asked = _asked(shown, directives)
        if asked and name in process["shared_namespaces"]:
            yield _entry(called, asked, f"the process is in the machine's own {called}, so {_list(asked)} cannot hold")


def _mounts(shown, process):
    if "mnt" in process["shared_namespaces"]:  # which has been told
        return
    mounts = process["mounts"]
    for name, paths in _protected(shown, process["places"]):
        writable = [path for path in paths if not (mounts.read_only(path) or mounts.hidden(path))]
        if writable:
            yield _entry(name, [name], f"the process may write to {_list(writable)}, against {name}")
    for name, options in PROC_OPTIONS.items():
        option = options.get(shown.get(name))
        if option and option not in mounts.options("/proc"):
            yield _entry(name, [name], f"the process has a /proc that is mounted without {option}, against {name}")


def _protected(shown, places):
    """(directive, paths) for what the process must not be able to write to."""
    for name in _asked(shown, MOUNTED_READ_ONLY):
        if shown.get("ProtectControlGroupsEx") != "private":  # a tree of its own
            yield name, [MOUNTED_READ_ONLY[name]]
    if _asked(shown, ("RootDirectory", "RootImage")):  # where paths mean other things
        return
    opened = {word.lstrip("+-") for name in OPENED for word in shown.get(name, "").split()}
    homes = PROTECTED_BY_HOME if _asked(shown, ("ProtectHome",)) else ()
    system = PROTECTED_BY_SYSTEM.get(shown.get("ProtectSystem"), ())
    for name, paths in (("ProtectSystem", system), ("ProtectHome", homes)):
        yield name, [places[path] for path in paths if path in places and path not in opened]


def _filters(shown, process):
    asked = _asked(shown, FILTERED)
    if asked and not process["filters"]:
        yield _entry("seccomp", asked, f"no system call of the process is filtered, so {_list(asked)} cannot hold")


def _privileges(shown, process):
    if _asked(shown, ("NoNewPrivileges",)) and not process["no_new_privileges"]:
        yield _entry("NoNewPrivileges", ["NoNewPrivileges"], "the process may gain privileges, against NoNewPrivileges")
    bounding = shown.get("CapabilityBoundingSet", "").split()
    over = [
        name
        for number, name in enumerate(CAPABILITIES)
        if process["capabilities"] & 1 << number and name not in bounding
    ]
    if over:
        yield _entry("capabilities", ["CapabilityBoundingSet"], f"the process has or may get {_list(over)}")


def _account(shown, process):
    wanted = shown.get("User", "")
    if wanted not in ("", "root", "0") and 0 in process["uids"]:
        yield _entry("User", ["User"], f"the process runs as root, not as {wanted}")


def _list(names):
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
