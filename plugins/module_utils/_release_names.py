# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What versions, archives, overlays and release directories are called, and which of them there are. No I/O."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean

ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
FIRST_WITH_ZSTD = (0, 14, 0)
FIRST_WITH_MLX = (0, 23, 1)

VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-rc(\d+))?", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}")
RELEASE_ID = re.compile(r"\d+\.\d+\.\d+(?:-rc\d+)?-[0-9a-f]{8}(?:\+[a-z0-9]+-[0-9a-f]{8})*", re.ASCII)

# Archives of libraries that are unpacked over a release of the same version: for which architecture, and to where.
OVERLAYS = {
    "rocm": ("amd64", "lib/ollama/rocm"),
    "mlx": ("amd64", "lib/ollama/mlx_"),
    "jetpack5": ("arm64", "lib/ollama/cuda_jetpack5/"),
    "jetpack6": ("arm64", "lib/ollama/cuda_jetpack6/"),
}
CHECKSUM_KEYS = ["amd64", "arm64", *(f"{arch}-{name}" for name, (arch, _folder) in OVERLAYS.items())]


def version_key(version):
    """Turn ``X.Y.Z`` or ``X.Y.Z-rcN`` into a tuple that sorts as versions do; a candidate sorts before its release."""
    match = VERSION.fullmatch(version)
    if not match:
        raise FleetError(f'version {version!r} is not a full version: give X.Y.Z, in quotes, as in version: "0.34.4"')
    major, minor, patch, candidate = match.groups()
    last = (0, int(candidate)) if candidate else (1, 0)
    return (int(major), int(minor), int(patch)) + last


def machine_arch(machine):
    """Name the architecture as the archives do, from what ``platform.machine()`` says."""
    try:
        return ARCHITECTURES[machine.lower()]
    except KeyError:
        raise FleetError(
            f"machine {machine!r} is not supported: Ollama has archives for x86_64 (amd64) and aarch64 (arm64)"
        ) from None


def asset_name(version, key):
    """The name of the archive that ``key``, one of CHECKSUM_KEYS, stands for."""
    suffix = "tar.zst" if version_key(version)[:3] >= FIRST_WITH_ZSTD else "tgz"
    return f"ollama-linux-{key}.{suffix}"


def checked_sha256(text, where):
    """Return the 64 lower-case digits of ``text``, which may carry ``sha256:`` in front."""
    name, colon, digits = str(text).strip().lower().rpartition(":")
    if colon and name != "sha256":
        raise FleetError(f"{where}: {text!r} is a {name} sum; only sha256 is accepted")
    if not SHA256.fullmatch(digits):
        raise FleetError(f"{where}: {text!r} is not a sha256: 64 hexadecimal digits are needed, this has {len(digits)}")
    return digits


def demand_checksum_key(key):
    if key not in CHECKSUM_KEYS:
        raise FleetError(
            f"checksums: {key!r} is no architecture{did_you_mean(str(key), CHECKSUM_KEYS)}: there are"
            f" {', '.join(CHECKSUM_KEYS)}"
        )


def release_id(version, sha256, overlays):
    """The name of a release's directory; ``overlays`` maps names to sha256."""
    return f"{version}-{sha256[:8]}" + "".join(f"+{name}-{overlays[name][:8]}" for name in sorted(overlays))


def demand_overlays(overlays, arch, version):
    """Refuse an overlay that upstream does not make for ``arch`` or for ``version``."""
    for name in overlays:
        if name not in OVERLAYS:
            raise FleetError(f"overlay {name!r} is not known{did_you_mean(name, OVERLAYS)}: there are {', '.join(OVERLAYS)}")
        if OVERLAYS[name][0] != arch:
            raise FleetError(f"overlay {name} is for {OVERLAYS[name][0]}, and this host is {arch}: leave it out here")
        if name == "mlx" and version_key(version)[:3] < FIRST_WITH_MLX:
            raise FleetError(f"overlay mlx does not exist for version {version}: take 0.23.1 or newer, or leave it out")
