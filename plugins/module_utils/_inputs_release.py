# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What can be wrong with the variables that choose a release."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import (
    CHECKSUM_KEYS,
    OVERLAYS,
    SHA256,
    VERSION,
    asset_name,
)
from ansible_collections.barellama.fleet.plugins.module_utils._settings import release_number
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, has_credentials, shown

SECURITY_FLOOR = (0, 17, 1)
OLDEST_SUPPORTED = (0, 30, 0)
FLOATING = re.compile(r"[a-z]+", re.IGNORECASE)


def problems(variables, checksums=None):
    """All that is wrong, one line each. ``checksums`` has {archive: ...} for every version whose sha256 is known."""
    found = version_problem(variables, checksums) or overlays_problems(variables, checksums)
    found += checksums_problems(variables.get("ollama_release_checksums", {}))
    found += url_problems(variables)
    archive = variables.get("ollama_release_archive")
    if archive and not (isinstance(archive, str) and archive.startswith("/")):
        found.append(f"ollama_release_archive: {shown(archive)} is not an absolute path on the host; "
                     "for example /var/tmp/ollama-linux-amd64.tar.zst")
    return found


def is_set(variables, name):
    """Whether an opt-in was given; the command line gives the word true rather than the value."""
    return boolean(variables.get(name, False), strict=False)


def version_problem(variables, checksums=None):
    version = variables.get("ollama_version")
    problem = _form_problem(version) or _age_problem(version, variables)
    problem = problem or _trust_problem(version, variables, checksums)
    return [f"ollama_version: {shown(version)} {problem}"] if problem else []


def _form_problem(version):
    if isinstance(version, (int, float)) and not isinstance(version, bool):
        return 'is a number to YAML, which reads 0.20 as 0.2; quote a full version, for example "0.34.4"'
    if isinstance(version, str) and FLOATING.fullmatch(version):
        return 'is a floating version, which no second run can repeat; write X.Y.Z, for example "0.34.4"'
    if not release_number(version):
        return 'is not a full version; write X.Y.Z without a v, for example "0.34.4"'
    return None


def _age_problem(version, variables):
    number = release_number(version)
    if VERSION.fullmatch(version)[4] and not is_set(variables, "ollama_allow_prerelease"):
        return "is a pre-release; choose a release, or set ollama_allow_prerelease: true"
    if number >= OLDEST_SUPPORTED or is_set(variables, "ollama_allow_insecure_release"):
        return None
    cure = "install 0.30.0 or newer, or set ollama_allow_insecure_release: true to run it unsupported"
    if number < SECURITY_FLOOR:
        return f"is below the security floor 0.17.1 (CVE-2026-7482: a model file can read the server's memory); {cure}"
    return f"is not supported, since Ollama was another product before 0.30; {cure}"


def _trust_problem(version, variables, checksums):
    """A release is installed only when something else than the download itself says what it must be."""
    given = variables.get("ollama_release_checksums") or {}
    has_sum = isinstance(given, dict) and bool(given.get("amd64") or given.get("arm64"))
    if checksums is None or version in checksums or has_sum:
        return None
    if not is_set(variables, "ollama_release_trust_own_checksums"):
        return ("has no sha256 in this collection's table; set ollama_release_checksums (amd64, arm64), or "
                "ollama_release_trust_own_checksums: true to believe the release's own sha256sum.txt")
    if _is_plain_http(variables):
        return ("has no known sha256, and one that comes over plain HTTP proves nothing; "
                "set ollama_release_checksums (amd64, arm64)")
    return None


def _is_plain_http(variables):
    return str(variables.get("ollama_release_url", "")).lower().startswith("http://")


def overlays_problems(variables, checksums):
    """Overlays without a sha256, which nobody has collected: they stand in each release's own sha256sum.txt."""
    version, overlays = variables.get("ollama_version"), variables.get("ollama_release_overlays") or []
    own_sums = is_set(variables, "ollama_release_trust_own_checksums")
    if checksums is None or not isinstance(overlays, list) or (own_sums and not _is_plain_http(variables)):
        return []
    given, known = variables.get("ollama_release_checksums") or {}, checksums.get(version) or {}
    keys = [f"{OVERLAYS[name][0]}-{name}" for name in overlays if isinstance(name, str) and name in OVERLAYS]
    reason = (
        "has no known sha256, and one that comes over plain HTTP proves nothing; set ollama_release_checksums (%s)"
        if own_sums else
        "has no sha256 in this collection's table; set ollama_release_checksums (%s, from the release's "
        "sha256sum.txt), or ollama_release_trust_own_checksums: true to believe that file as it comes"
    )
    return [
        f"ollama_release_overlays: {asset_name(version, key)} of {version} {reason % key}"
        for key in keys if asset_name(version, key) not in known and not (isinstance(given, dict) and given.get(key))
    ]


def checksums_problems(checksums):
    where = "ollama_release_checksums"
    if not isinstance(checksums, dict):
        return [f"{where}: {shown(checksums)} is not a dictionary; for example {{amd64: <64 hexadecimal digits>}}"]
    found = []
    for key, digest in checksums.items():
        if key not in CHECKSUM_KEYS:
            meant = did_you_mean(key, CHECKSUM_KEYS) if isinstance(key, str) else ""
            found.append(f"{where}: {shown(key)} is not an architecture; there are {', '.join(CHECKSUM_KEYS)}{meant}")
        else:
            found += [f"{where}.{key}: {problem}" for problem in [_digest_problem(digest)] if problem]
    return found


def _digest_problem(digest):
    if isinstance(digest, str) and SHA256.fullmatch(digest):
        return None
    if isinstance(digest, str) and ":" in digest:
        return f"{shown(digest)} has a prefix; only a sha256 is taken, as its 64 hexadecimal digits alone"
    length = f" ({len(digest)} characters)" if isinstance(digest, str) else ""
    return f"{shown(digest)} is not a sha256{length}; write 64 hexadecimal digits in lower case, in quotes"


def url_problems(variables):
    url = variables.get("ollama_release_url")
    problem = None if url is None else _url_problem(url, is_set(variables, "ollama_allow_http_release"))
    return [f"ollama_release_url: {shown(url)} {problem}"] if problem else []


def _url_problem(url, http_allowed):
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return "is not a web address; for example https://mirror.example.com/ollama"
    if has_credentials(url):
        return "has credentials in it, which logs would show; remove them, and let the mirror admit hosts by address"
    if parts.scheme == "http" and not http_allowed:
        return "is plain HTTP; use https, or set ollama_allow_http_release: true (the sha256 is still required)"
    return None


def _split(url):
    """The parts of a URL without spaces or control characters, else None."""
    if not isinstance(url, str) or not re.fullmatch(r"[!-~]+", url):
        return None
    try:
        return urlsplit(url)
    except ValueError:
        return None
