# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What can be wrong with the variables that say where things live, who runs them and who can reach them."""

from __future__ import annotations

import posixpath
import re

from ansible_collections.barellama.fleet.plugins.module_utils import _instances, _listen, _settings
from ansible_collections.barellama.fleet.plugins.module_utils._inputs_release import is_set
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

PATHS = {"ollama_root": "/opt/ollama", "ollama_home": "/usr/share/ollama", "ollama_models_dir": "/srv/ollama/models"}
SAFE_PATH = re.compile(r"[A-Za-z0-9/._@+,=-]+", re.ASCII)
PROTECTED = frozenset(
    "/ /bin /boot /dev /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /usr/bin "
    "/usr/lib /usr/local /usr/sbin /usr/share /var /var/lib".split()
)
SYSTEM = (  # with all below
    "/etc /boot /dev /proc /sys /run /bin /sbin /lib /lib64 /usr/bin /usr/sbin /usr/lib /usr/local/bin /usr/local/sbin "
    "/usr/local/lib /var/log /var/lib/dpkg /var/lib/rpm /var/lib/docker /var/lib/containers /var/lib/systemd "
    "/var/cache /var/spool".split()
)
HIDDEN = ("/home", "/root")  # by ProtectHome= of the unit
TEMPORARY = ("/tmp", "/var/tmp")
ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,31}", re.ASCII)
ALONE = (
    "can be reached from other hosts, against ollama_hardening: strict, whose server has no network; "
    "keep 127.0.0.1 and put a proxy in front, or choose standard"
)
OPEN_TO_ALL = (
    "can be reached from other hosts, and Ollama asks nobody for a password: whoever reaches it may use, change and "
    "delete everything; keep 127.0.0.1, or set ollama_allow_unauthenticated_network: true"
)


def problems(variables, gpus=()):
    """All that is wrong, one line each. ``gpus`` are those that the host is known to have."""
    paths = {name: _path_problem(name, variables[name]) for name in PATHS if name in variables}
    found = [f"{name}: {shown(variables[name])} {problem}" for name, problem in paths.items() if problem]
    if not paths.get("ollama_root"):
        found += _nested(variables, [name for name, problem in paths.items() if not problem])
    return found + _account_problems(variables) + _server_problems(variables, gpus)


def _path_problem(name, path):
    example = PATHS[name]
    if not isinstance(path, str) or not path.startswith("/"):
        return f"is not an absolute path; for example {example}"
    if not SAFE_PATH.fullmatch(path):
        return "has a character that is unsafe in a unit file; use letters, digits and / . _ - + , = @"
    plain = _plain(path)
    if ".." in path.split("/"):
        return f"goes up by '..'; write {plain}"
    if plain in PROTECTED or _is_below(plain, SYSTEM):
        return f"belongs to the system; use a directory of its own, for example {example}"
    if _is_below(plain, HIDDEN):
        return f"is hidden from the service by its sandbox (ProtectHome); for example {example}"
    if _is_below(plain, TEMPORARY) and name == "ollama_root":
        return f"is cleaned when the host boots; for example {example}"
    if _is_below(plain, TEMPORARY):
        return f"is hidden from the service by its sandbox (PrivateTmp); for example {example}"
    return None


def _nested(variables, sound):
    """Root's programs and the service user's data must not hold each other; ``sound`` names the usable paths."""
    root = variables.get("ollama_root", PATHS["ollama_root"])
    found = []
    for name in ("ollama_home", "ollama_models_dir"):
        path = variables[name] if name in sound else None
        if path and _is_inside(_plain(path), _plain(root)):
            found.append(f"{name}: {shown(path)} is inside ollama_root {shown(root)}, which holds nothing but releases "
                         f"and belongs to root; for example {PATHS[name]}")
        elif path and _is_inside(_plain(root), _plain(path)):
            found.append(f"ollama_root: {shown(root)} is inside {name} {shown(path)}, whose owner could exchange the "
                         f"programs that root runs; for example {PATHS['ollama_root']}")
    return found


def _plain(path):
    return "/" + posixpath.normpath(path).lstrip("/")


def _is_inside(path, place):
    return path == place or path.startswith(place.rstrip("/") + "/")


def _is_below(path, places):
    return any(_is_inside(path, place) for place in places)


def _account_problems(variables):
    found = []
    for name in ("ollama_user", "ollama_group"):
        value = variables.get(name, "ollama")
        if value == "root":
            found.append(f"{name}: 'root' is refused, since whoever breaks into the server would own the host; "
                         "for example ollama")
        elif not isinstance(value, str) or not ACCOUNT.fullmatch(value):
            found.append(f"{name}: {shown(value)} is not a name of lower-case letters, digits, _ and -, at most 32; "
                         "for example ollama")
    return found


def _server_problems(variables, gpus):
    """Addresses, instances and settings."""
    shared = {
        "host": variables.get("ollama_host", "127.0.0.1"),
        "port": variables.get("ollama_port", 11434),
        "settings": variables.get("ollama_settings", {}),
    }
    vendor, sharing = variables.get("ollama_gpu_vendor", "none"), is_set(variables, "ollama_allow_gpu_sharing")
    instances = variables.get("ollama_instances", [{"name": _instances.DEFAULT}])
    settings, version = shared["settings"], variables.get("ollama_version")
    found = _instances.default_problems(shared) + _instances.problems(instances, shared, gpus, vendor, sharing)
    if (variables.get("ollama_method", "systemd"), variables.get("ollama_hardening")) == ("systemd", "strict"):
        found += _exposed(shared["host"], instances, ALONE)
    elif not is_set(variables, "ollama_allow_unauthenticated_network"):
        found += _exposed(shared["host"], instances, OPEN_TO_ALL)
    found += _settings.problems(settings, variables.get("ollama_extra_env", {}), version)
    if isinstance(instances, (list, tuple)):
        for number, instance in enumerate(instances):
            found += _override_problems(f"{_instances.label(number, instance)}.settings", instance, settings, version)
    return found


def _exposed(host, instances, why):
    hosts = [("ollama_host", host)]
    if isinstance(instances, (list, tuple)):
        hosts += [
            (f"{_instances.label(number, instance)}.host", instance["host"])
            for number, instance in enumerate(instances)
            if isinstance(instance, dict) and "host" in instance
        ]
    return [
        f"{where}: {shown(host)} {why}"
        for where, host in hosts
        if not _listen.host_problem(host) and not _listen.is_loopback(host)
    ]


def _override_problems(where, instance, settings, version):
    own = _instances.overrides(instance)
    if not isinstance(own, dict) or not isinstance(settings, dict):
        return []
    found = _settings.setting_problems(own, version, where)
    return found if _settings.contradictions(settings) else found + _settings.contradictions({**settings, **own}, where)
