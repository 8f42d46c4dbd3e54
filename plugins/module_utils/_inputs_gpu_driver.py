# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What can be wrong with the variables that choose drivers, without a look at the host."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils import _inputs_gpu_tuning
from ansible_collections.barellama.fleet.plugins.module_utils._driver_table import AMD_RELEASES, BRANCHES
from ansible_collections.barellama.fleet.plugins.module_utils._mok import HASH, pair_problem
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, shown, text, truth

CHOICES = {
    "gpu_driver_source": ("vendor", "distro", "none"),
    "gpu_driver_vendor": ("auto", "nvidia", "amd"),
    "gpu_driver_nvidia_branch": ("auto", *BRANCHES),
    "gpu_driver_nvidia_flavour": ("auto", "open", "proprietary"),
    "gpu_driver_amd": ("inbox", "dkms"),
    "gpu_driver_amd_release": tuple(AMD_RELEASES),
    "gpu_driver_secure_boot": ("require_signed", "enroll", "ignore"),
    "gpu_driver_reboot_policy": ("never", "report", "reload", "reboot"),
}
VERSIONS = ("gpu_driver_nvidia_version", "gpu_driver_nvidia_minimum")
URLS = ("gpu_driver_nvidia_repository", "gpu_driver_amd_repository")
COMMANDS = ("gpu_driver_drain_command", "gpu_driver_undrain_command")
BOOLEANS = ("gpu_driver_hold", "gpu_driver_persistence")
FINGERPRINTS = ("gpu_driver_nvidia_key_fingerprints", "gpu_driver_amd_key_fingerprints")


def problems(variables):
    """All that is wrong, one line each."""
    lines = [line for name, value in sorted(variables.items()) for line in _of_one(name, value)]
    return [*lines, *_against_each_other(variables), *_inputs_gpu_tuning.problems(variables)]


def _of_one(name, value):
    # -e NAME=VALUE gives texts alone, and YAML a number where quotes were left out: both say what is meant.
    if name in CHOICES and (text(value) if name == "gpu_driver_nvidia_branch" else value) not in CHOICES[name]:
        also = did_you_mean(text(value), CHOICES[name]) or f"; for example '{CHOICES[name][0]}'"
        yield f"{name}: {shown(value)} is none of {', '.join(CHOICES[name])}{also}"
    if name in VERSIONS and not (isinstance(value, str) and re.fullmatch(r"(\d{3}(\.\d+){1,2})?", value, re.ASCII)):
        yield f"{name}: {shown(value)} is no version of NVIDIA's driver; for example '580.178.04', in quotes"
    if name in URLS and not (isinstance(value, str) and re.fullmatch(r"https?://\S+", value)):
        yield f"{name}: {shown(value)} is no URL; for example 'https://mirror.example/repos'"
    if name in FINGERPRINTS and not (isinstance(value, (list, tuple)) and all(_is_fingerprint(each) for each in value)):
        yield f"{name}: {shown(value)} is not a list of whole fingerprints of keys; for example ['EB693B3035CD5710E231E123A4B469963BF863CC']"
    if name in COMMANDS and not (isinstance(value, (list, tuple)) and all(isinstance(word, str) and word for word in value)):
        yield f"{name}: {shown(value)} is no list of a command's words; for example ['balancer', 'drain', '{{{{ inventory_hostname }}}}']"
    if name == "gpu_driver_serial" and not re.fullmatch(r"[1-9]\d*%?", text(value), re.ASCII):
        yield f"{name}: {shown(value)} is no number of hosts; for example '1', or '25%'"
    if name in BOOLEANS and truth(value) is None:
        yield f"{name}: {shown(value)} is neither true nor false; write one of them"
    if name == "gpu_driver_expected" and (isinstance(value, bool) or not re.fullmatch(r"\d+", text(value), re.ASCII)):
        yield f"{name}: {shown(value)} is no number of GPUs; for example 8, or 0 for any"


def _against_each_other(variables):
    branch, version = text(variables.get("gpu_driver_nvidia_branch", "auto")), variables.get("gpu_driver_nvidia_version", "")
    if branch in BRANCHES and version and isinstance(version, str) and not version.startswith(f"{branch}."):
        yield f"gpu_driver_nvidia_version: {shown(version)} is not of the branch {branch}, which gpu_driver_nvidia_branch names; write one of them"
    if version and variables.get("gpu_driver_source") == "distro":
        yield f"gpu_driver_nvidia_version: {shown(version)} is for NVIDIA's repository, and gpu_driver_source is distro; leave out one of them"
    drain, undrain = (variables.get(name) for name in COMMANDS)
    if bool(drain) != bool(undrain):
        given, other = COMMANDS if drain else COMMANDS[::-1]
        yield f"{other}: it is empty, and {given} is not; a host that is taken out of service has to be put back, so write both"

    yield from _of_the_key(*(variables.get(f"gpu_driver_{name}", "") for name in ("secure_boot", "mok_certificate", "mok_key", "mok_password_hash")))


def _of_the_key(policy, certificate, key, password):
    """None of these is shown: two of them are secrets, and the third is long."""
    if not all(isinstance(each, str) for each in (certificate, key, password)):
        yield "gpu_driver_mok_certificate, gpu_driver_mok_key, gpu_driver_mok_password_hash: one of them is no text; write all three as texts"
        return
    if bool(certificate) != bool(key):
        yield "gpu_driver_mok_key: it goes with gpu_driver_mok_certificate; set both of them or none"
    elif key:
        which, wrong = pair_problem(certificate, key) or ("", "")
        if wrong:
            yield f"gpu_driver_mok_{which}: it {wrong}"
    if password and not HASH.fullmatch(password):
        yield "gpu_driver_mok_password_hash: it is no hash of a password; make one: mokutil --generate-hash, or openssl passwd -6"
    if policy == "enroll" and not password:
        yield "gpu_driver_mok_password_hash: gpu_driver_secure_boot is enroll, and the console will ask for a password; give its hash: openssl passwd -6"


def _is_fingerprint(value):
    return isinstance(value, str) and bool(re.fullmatch("[0-9A-Fa-f]{40}", value.replace(" ", "")))
