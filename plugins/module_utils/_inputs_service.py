# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What can be wrong with the variables that say how the server is run and as which account's number."""

from __future__ import annotations

import math
import re

from ansible_collections.barellama.fleet.plugins.module_utils._drift_desired import HIGHEST_ID
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown

CHOICES = {
    "ollama_method": ("systemd", "docker", "podman", "launchd"),
    "ollama_hardening": ("standard", "strict"),
    "ollama_gpu_vendor": ("none", "nvidia", "amd"),
    "ollama_health_level": (2, 4, 5, 6),
}
OVERLAYS = ("rocm", "mlx", "jetpack5", "jetpack6")
JETPACKS = {"jetpack5", "jetpack6"}
NUMBERS = {"ollama_uid": 11434, "ollama_gid": 11434}
NOBODY = (65534, 65535)  # and what 16 bits make of -1
LONGEST_WAIT = 3600
FASTEST = 1_000_000
MACOS_PATHS = {"ollama_root": "/opt/ollama", "ollama_home": "/var/db/ollama", "ollama_models_dir": "/var/db/ollama/models"}
SEALED = re.compile(r"/+(System|usr/(?!local(/|$)))")
UMASK = re.compile(r"0?[0-7]{3}", re.ASCII)


def problems(variables):
    """All that is wrong, one line each. What is left out is not checked."""
    found = [_choice_problem(name, variables[name]) for name in CHOICES if name in variables]
    found += [_number_problem(name, variables[name]) for name in NUMBERS if name in variables]
    rules = {"ollama_umask": _umask_problem, "ollama_health_wait": _wait_problem,
             "ollama_release_overlays": _overlays_problem}
    for name, rule in rules.items():
        problem = rule(variables[name]) if name in variables else None
        found.append(problem and f"{name}: {shown(variables[name])} {problem}")
    return [line for line in found if line] + _floor_problems(variables) + _macos_problems(variables)


def _choice_problem(name, value):
    options = CHOICES[name]
    if _number(value) in options or (isinstance(value, str) and value in options):
        return None
    words = [option for option in options if isinstance(option, str)]
    meant = did_you_mean(value, words) if isinstance(value, str) else ""
    return f"{name}: {shown(value)} is not one of {', '.join(str(option) for option in options)}{meant}"


def _number_problem(name, value):
    number = _number(value)
    if number == 0:
        return f"{name}: 0 is root's, and whoever breaks into the server would own the host; for example {NUMBERS[name]}"
    if number is None or not 1 <= number <= HIGHEST_ID:
        return f"{name}: {shown(value)} is not a number from 1 to {HIGHEST_ID}; for example {NUMBERS[name]}"
    return f"{name}: {number} is nobody's; for example {NUMBERS[name]}" if number in NOBODY else None


def _umask_problem(value):
    if not isinstance(value, str):
        return 'is not a text, and YAML reads 0077 as 63; write it in quotes, for example "0077"'
    if not UMASK.fullmatch(value):
        return 'is not a umask of three octal digits; for example "0077"'
    if int(value, 8) & 0o700:
        return 'denies the server its own files; for example "0077"'
    if not int(value, 8) & 0o002:
        return 'lets every account of the host change models; for example "0002"'
    return None


def _wait_problem(value):
    number = _number(value)
    if number is None or not 1 <= number <= LONGEST_WAIT:
        return f"is not a number of seconds from 1 to {LONGEST_WAIT}; for example 60"
    return None


def _floor_problems(variables):
    """What levels 5 and 6 of the gate want at least."""
    found, share = [], variables.get("ollama_health_vram_share", 1)
    if not 0 < _amount(share) <= 1:
        found.append(f"ollama_health_vram_share: {shown(share)} is not a share, more than 0 and at most 1; for example 0.9")
    speed = variables.get("ollama_health_tokens_per_second", 0)
    if not 0 <= _amount(speed) <= FASTEST:
        found.append(f"ollama_health_tokens_per_second: {shown(speed)} is not a number from 0 to {FASTEST}; for example 20")
    elif _number(variables.get("ollama_health_level")) == 6 and "ollama_health_tokens_per_second" in variables and not _amount(speed):
        found.append("ollama_health_level: 6 needs to know how fast is fast enough; set ollama_health_tokens_per_second, for example 20")
    return found


def _amount(value):
    """A number, also from text, as the command line gives them; not a number for anything else."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,6})?", value, re.ASCII):
        return float(value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan


def _overlays_problem(value):
    example = f"there are {', '.join(OVERLAYS)}; for example [rocm]"
    if not isinstance(value, (list, tuple)):
        return f"is not a list of overlays; {example}"
    if not all(isinstance(item, str) and item in OVERLAYS for item in value):
        return f"has an overlay that does not exist; {example}"
    if len(set(value)) < len(value):
        return "names an overlay twice"
    return "is for two generations of JetPack; keep the one that the host has" if set(value) >= JETPACKS else None


def _macos_problems(variables):
    """macOS seals /usr, and has one GPU, which every process sees."""
    if variables.get("ollama_method") != "launchd":
        return []
    found = [
        f"{name}: {shown(variables[name])} is on the part of macOS that nobody can write; for example {example}"
        for name, example in MACOS_PATHS.items()
        if isinstance(variables.get(name), str) and SEALED.match(variables[name])
    ]
    instances = variables.get("ollama_instances")
    if instances == "per_gpu" or isinstance(instances, (list, tuple)) and any(
        isinstance(instance, dict) and "gpus" in instance for instance in instances
    ):
        found.append("ollama_instances: chooses GPUs, and a Mac has one, which every instance sees; leave gpus out")
    return found


def _number(value):
    """A whole number, also from digits, as the command line gives them; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
