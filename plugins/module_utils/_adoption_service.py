# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What to make of a service that the install script, or somebody by hand, has set up. No I/O."""

from __future__ import annotations

import posixpath
import re

from ansible_collections.barellama.fleet.plugins.module_utils import _adoption_env
from ansible_collections.barellama.fleet.plugins.module_utils._adoption_text import assignments, directives, words
from ansible_collections.barellama.fleet.plugins.module_utils._listen import url

UNITS = "/etc/systemd/system/"
DROP_IN = UNITS + "{}.d/10-adopted.conf"
LINK = "/usr/local/bin/ollama"
NO_LOGIN = ("/bin/false", "/sbin/nologin", "/usr/sbin/nologin", "/usr/bin/false", "/usr/bin/nologin")
STANDARD = {  # what the install script writes, and where ours says the same
    "After": "network-online.target",
    "Wants": "network-online.target",
    "Restart": "always",
    "RestartSec": "3",
}
# What our unit says itself: one value counts, and it is ours. Lists, as ReadWritePaths=, are added to.
OURS = frozenset(
    "Description Documentation Type ExecStart Environment EnvironmentFile UnsetEnvironment User Group UMask "
    "DynamicUser "
    "ProtectSystem ProtectHome PrivateTmp PrivateMounts NoNewPrivileges CapabilityBoundingSet AmbientCapabilities "
    "PrivateUsers RestrictSUIDSGID RestrictNamespaces RestrictRealtime LockPersonality MemoryDenyWriteExecute "
    "KeyringMode RemoveIPC ProtectClock ProtectControlGroups ProtectHostname ProtectKernelLogs ProtectKernelModules "
    "ProtectKernelTunables ProtectProc ProcSubset PrivateDevices PrivateNetwork DevicePolicy RestrictAddressFamilies "
    "SystemCallArchitectures SystemCallFilter SystemCallErrorNumber".split()
)
QUIET = frozenset("Description Documentation Type ExecStart Environment EnvironmentFile User Group UMask".split())
NO_CLOUD = "OLLAMA_NO_CLOUD: was not set, and the role sets it; ollama_settings.no_cloud: false keeps cloud models"
DROP_IN_HEAD = "# What the former {} said beside what the role says. Written once by adoption; it is yours now.\n"


def environment(shown, files):
    """The variables as systemd gives them to the service: files over Environment=, later over earlier."""
    found = assignments(words(shown.get("Environment", "")))
    for variables in files.values():
        found.update(variables)
    for entry in words(shown.get("UnsetEnvironment", "")):
        if found.get(entry.partition("=")[0]) == (entry.partition("=")[2] or found.get(entry)):
            del found[entry.partition("=")[0]]
    return found


def place(variables, account):
    """(home, store, host, port) of a server with this environment."""
    home = variables.get("HOME") or account["home"]
    store = variables.get("OLLAMA_MODELS", "").strip().strip("\"'") or posixpath.join(home, ".ollama/models")
    return (home, store, *_adoption_env.listens(variables.get("OLLAMA_HOST", "")))


def plan(seen):
    """Everything that ollama_adoption_info tells of a service; ``seen`` is what Scan.service returns."""
    name, account, main = seen["unit"], seen["account"], directives(seen["text"])
    home, store, host, port = place(seen["variables"], account)
    carried = _adoption_env.carry(seen["variables"])
    umask = [entry.value for entry in main if entry.key == "UMask"][-1:]
    variables = {
        "ollama_method": "systemd",
        "ollama_user": account["user"],
        "ollama_group": account["group"],
        "ollama_uid": account["uid"],
        "ollama_gid": account["gid"],
        "ollama_home": home,
        "ollama_models_dir": seen["store"]["path"],
        "ollama_host": host,
        "ollama_port": port,
        "ollama_settings": carried.settings,
        "ollama_extra_env": carried.extra_env,
        **({"ollama_umask": umask[0].zfill(4)} if umask else {}),
    }
    kept, lines = _beside_ours(main)
    drop_in = DROP_IN.format(name)
    others = {path: text for path, text in seen["drop_ins"].items() if path != drop_in}
    lost = [name for name in carried.left if not _is_in(name, others)]
    kept += [f"Environment={_quoted(name, seen['variables'][name])}" for name in lost]
    report = [f"{key}: {value}" for key, value in variables.items() if not isinstance(value, dict)]
    report += carried.lines + lines
    report += [f"{line}: kept in {drop_in}" for line in _unsecret(kept)]
    report += [NO_CLOUD] if "OLLAMA_NO_CLOUD" not in seen["variables"] else []
    if store != seen["store"]["path"]:
        report.append(f"the store {store} is a link to {seen['store']['path']}, which the role names instead")
    return {
        "found": "systemd",
        "variables": variables,
        "version": seen["version"],
        "report": report + _running(seen),
        "stays": _stays({**seen, "drop_ins": others}, carried.left),
        "goes": seen["goes"],
        "drop_in": {"path": drop_in, "content": DROP_IN_HEAD.format(name) + _sections(main, kept)} if kept else None,
        "obstacles": _obstacles(seen),
        "made": [
            {"kind": "unit", "name": name, "method": "systemd"},
            {"kind": "file", "path": seen["fragment"]},
            # The role's own link takes the place of the one; the other has to go.
            *({"kind": "link" if path == LINK else "tree", "path": path} for path in seen["goes"]),
        ],
        "files": [seen["fragment"]],
        "served": [{"name": "default", "url": url(host, port), "unit": name, "version": seen["version"]}],
    }


def _beside_ours(main):
    """(lines for a drop-in, remarks): what the unit file says that our unit does not say as well."""
    kept, lines = [], []
    for entry in main:
        if entry.section not in ("Unit", "Service") or STANDARD.get(entry.key) == entry.value:
            continue
        if entry.key not in OURS:
            kept.append(f"{entry.key}={entry.value}")
        elif entry.key not in QUIET:
            lines.append(f"{entry.key}={entry.value}: replaced by the role's sandbox")
    return kept, lines


def _sections(main, kept):
    """The text of the drop-in, each directive in its own section; Environment= is the service's."""
    of_unit = {f"{entry.key}={entry.value}" for entry in main if entry.section == "Unit"}
    parts = (("Unit", [line for line in kept if line in of_unit]), ("Service", [x for x in kept if x not in of_unit]))
    return "".join(f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in parts if lines)


def _stays(seen, left):
    models = seen["store"]
    lines = [f"{models['path']}: {models['models']} models, {models['bytes']} bytes, none of which is downloaded again"]
    for path, text in seen["drop_ins"].items():
        lines.append(f"{path}: a drop-in of yours; what the role sets in the environment overrules its Environment=")
        for entry in directives(text):
            if entry.key == "EnvironmentFile" and entry.value:
                lines.append(f"{entry.value.lstrip('-')}: read after the role's settings, by {path}; it overrules them")
    lines += [f"{name} in a drop-in: {why}" for name, why in left.items() if _is_in(name, seen["drop_ins"])]
    return lines + [f"{path}: no longer read, its variables are carried over" for path in seen["files"]
                    if not _is_in_value("EnvironmentFile", path, seen["drop_ins"])]


def _running(seen):
    """Where the process was started with something else than systemd would start it with now."""
    then = seen["running"]
    names = sorted(name for name, text in seen["variables"].items() if then and then.get(name) != text)
    return [f"{name}: the server was started without what its unit says now, which is carried over" for name in names]


def _obstacles(seen):
    unit, account, found = seen["unit"], seen["account"], []
    if seen["reload"]:
        found.append(f"{unit}: its files changed since systemd read them; run systemctl daemon-reload and look again")
    if not seen["version"]:
        found.append(f"{unit}: does not answer, so there would be nothing to go back to; start it and look again")
    if not seen["goes"]:
        found.append(f"{unit}: starts {seen['command']}, not the program ollama itself; adopt it by hand")
    if not seen["fragment"].startswith(UNITS):
        found.append(f"{seen['fragment']}: is not a unit of {UNITS}; a package's unit goes with its package")
    if seen["owner"]:
        found.append(f"{seen['program']}: belongs to the package {seen['owner']}; only what no package owns is adopted")
    if account["shell"] not in NO_LOGIN:
        found.append(f"{account['user']}: is an account to log in with ({account['shell']}), which the role would end; "
                     "give the service an account of its own, and its store to that account")
    found += [f"process {pid}: runs {seen['program']} too, which adoption removes; stop it" for pid in seen["others"]]
    for path, text in seen["drop_ins"].items():
        said = directives(text)
        found += [f"{path}: {entry.key}= would overrule the role's; take it out, and run systemctl daemon-reload"
                  for entry in said if entry.key == "ExecStart" or entry.key == "EnvironmentFile" and not entry.value]
    return found


def _is_in(name, drop_ins):
    return any(re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}=", text) for text in drop_ins.values())


def _is_in_value(key, value, drop_ins):
    return any(entry.key == key and entry.value.lstrip("-") == value
               for text in drop_ins.values() for entry in directives(text))


def _quoted(name, value):
    escaped = (name + "=" + value).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return f'"{escaped}"'


def _unsecret(lines):
    return [line.partition("=")[0] + "=" + line.partition("=")[2].partition("=")[0].strip('"')
            if line.startswith("Environment=") else line for line in lines]
