# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What can be wrong with the variables that describe a vendor's repository of packages."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._openpgp import FINGERPRINT, plain
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)
URL = re.compile(r"(https?://[^\s/@]+|file:)/?[^\s]*")
KEY_URL = re.compile(r"https?://[^\s/@]+/?[^\s]*")
SUITE = re.compile(r"[A-Za-z0-9._/-]+", re.ASCII)
PACKAGE = re.compile(r"[A-Za-z0-9*?][A-Za-z0-9+._*?-]*", re.ASCII)
VERSION = re.compile(r"[A-Za-z0-9:~^+._*?-]+", re.ASCII)
PIN = ("packages", "version", "origin", "priority")


def problems(variables):
    """All that is wrong, one line each."""
    found = [_text_problem("vendor_repo_name", variables, NAME, "a name of letters, digits, - and _; for example cuda")]
    if variables.get("vendor_repo_state") != "absent":
        found.append(_text_problem("vendor_repo_url", variables, URL, "an address; for example https://mirror.example/cuda/debian13/x86_64"))
        found += [*_key_problems(variables), _suites_problem(variables)]
        found += [_pin_problem(pin) for pin in variables.get("vendor_repo_pins") or []]
        found += [_manager_problem(variables)]
    return [line for line in found if line]


def _text_problem(name, variables, pattern, expected):
    value = variables.get(name)
    return None if isinstance(value, str) and pattern.fullmatch(value) else f"{name}: {shown(value)} is not {expected}"


def _key_problems(variables):
    url, text = variables.get("vendor_repo_key_url"), variables.get("vendor_repo_key")
    if bool(url) == bool(text):
        yield f"vendor_repo_key_url: give either it or vendor_repo_key, {'not both' if url else 'by which packages are checked'}"
    elif url:
        yield _text_problem("vendor_repo_key_url", variables, KEY_URL,
                            "an address that a host can ask; for example https://mirror.example/key.asc, or give the key's text as vendor_repo_key")
    fingerprints = variables.get("vendor_repo_key_fingerprints") or []
    if not fingerprints:
        yield "vendor_repo_key_fingerprints: is empty; name the keys that are trusted, each by its full fingerprint"
    for fingerprint in fingerprints:
        if not FINGERPRINT.fullmatch(plain(fingerprint)):
            yield (f"vendor_repo_key_fingerprints: {shown(fingerprint)} is no full fingerprint of 40 or 64 digits; "
                   "anybody can make a key with the same short id")


def _manager_problem(variables):
    """What one of them has, and the one that was named has not."""
    manager = variables.get("vendor_repo_manager") or ""
    if manager and (manager == "apt") != bool(variables.get("vendor_repo_suites")):
        return f"vendor_repo_suites: apt alone has suites, and has always some; vendor_repo_manager is {manager}"
    if manager == "zypper" and variables.get("vendor_repo_pins"):
        return "vendor_repo_pins: zypper takes none of a repository; lock packages instead: zypper addlock"
    return None


def _suites_problem(variables):
    suites, components = variables.get("vendor_repo_suites") or [], variables.get("vendor_repo_components") or []
    for word in [*suites, *components]:
        if not SUITE.fullmatch(str(word)):
            return f"vendor_repo_suites: {shown(word)} is not the name of a suite or component; for example ./ or stable"
    flat = [str(suite).endswith("/") for suite in suites]
    if flat and all(flat) == bool(components):
        return ("vendor_repo_components: a flat repository, whose suite ends in /, has none" if components
                else "vendor_repo_components: is empty; for example [main], or make the suite ./ where the repository is flat")
    return None


def _pin_problem(pin):
    if not isinstance(pin, dict) or not pin.get("packages"):
        return f"vendor_repo_pins: {shown(pin)} names no packages; for example {{packages: [nvidia-*], version: 580.105.08*}}"
    unknown = [key for key in pin if key not in PIN]
    if unknown:
        return f"vendor_repo_pins: {unknown[0]} is not one of {', '.join(PIN)}{did_you_mean(str(unknown[0]), PIN)}"
    if "version" in pin and "origin" in pin:
        return "vendor_repo_pins: a pin is either to a version or to an origin"
    wrong = [name for name in pin["packages"] if not PACKAGE.fullmatch(str(name))]
    if wrong:
        return f"vendor_repo_pins: {shown(wrong[0])} is not the name of a package"
    if not VERSION.fullmatch(str(pin.get("version", pin.get("origin", "x")))):
        return f"vendor_repo_pins: {shown(pin.get('version', pin.get('origin')))} is no version and no host's name"
    if not re.fullmatch(r"-?\d{1,5}", str(pin.get("priority", 0))):
        return f"vendor_repo_pins: priority {shown(pin['priority'])} is not a number; for example 1001"
    return None
