# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _release_names
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

SUM = "c2" * 32


@pytest.mark.parametrize(
    ("version", "key"),
    [("0.34.4", (0, 34, 4, 1, 0)), ("0.9.10", (0, 9, 10, 1, 0)), ("0.35.0-rc2", (0, 35, 0, 0, 2))],
)
def test_version_key(version, key):
    assert _release_names.version_key(version) == key


def test_versions_sort_as_numbers_and_candidates_come_first():
    ordered = ["0.9.10", "0.17.1", "0.34.4", "0.35.0-rc1", "0.35.0-rc10", "0.35.0"]
    assert sorted(reversed(ordered), key=_release_names.version_key) == ordered


@pytest.mark.parametrize(
    "version", ["latest", "v0.17.1", "0.17", "0.2", "0.34.4.1", "0.34.4 ", "0.34.4-beta", "", "\u0660.1.2"]
)
def test_version_that_is_not_one(version):
    with pytest.raises(FleetError) as caught:
        _release_names.version_key(version)
    assert str(caught.value) == " ".join(
        f'version {version!r} is not a full version: give X.Y.Z, in quotes, as in version: "0.34.4"'.split()
    )


@pytest.mark.parametrize(
    ("machine", "arch"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("arm64", "arm64"), ("AMD64", "amd64")]
)
def test_machine_arch(machine, arch):
    assert _release_names.machine_arch(machine) == arch


def test_machine_without_archives():
    with pytest.raises(FleetError) as caught:
        _release_names.machine_arch("mips64")
    assert str(caught.value) == (
        "machine 'mips64' is not supported: Ollama has archives for x86_64 (amd64) and aarch64 (arm64)"
    )


@pytest.mark.parametrize(
    ("version", "arch", "asset"),
    [
        ("0.34.4", "amd64", "ollama-linux-amd64.tar.zst"),
        ("0.14.0", "arm64", "ollama-linux-arm64.tar.zst"),
        ("0.14.0-rc1", "arm64", "ollama-linux-arm64.tar.zst"),
        ("0.13.5", "amd64", "ollama-linux-amd64.tgz"),
        ("0.34.4", "arm64-jetpack6", "ollama-linux-arm64-jetpack6.tar.zst"),
    ],
)
def test_asset_name(version, arch, asset):
    assert _release_names.asset_name(version, arch) == asset


@pytest.mark.parametrize("text", [SUM, SUM.upper(), "sha256:" + SUM, f" {SUM}\n"])
def test_sha256_spellings(text):
    assert _release_names.checked_sha256(text, "here") == SUM


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SUM[:-1], "is not a sha256: 64 hexadecimal digits are needed, this has 63"),
        ("md5:" + "ab" * 16, "is a md5 sum; only sha256 is accepted"),
        (7, "is not a sha256: 64 hexadecimal digits are needed, this has 1"),
        ("g" * 64, "is not a sha256: 64 hexadecimal digits are needed, this has 64"),
    ],
)
def test_sha256_refused(text, message):
    with pytest.raises(FleetError) as caught:
        _release_names.checked_sha256(text, "checksums.amd64")
    assert str(caught.value) == f"checksums.amd64: {text!r} {message}"


def test_key_of_no_archive():
    with pytest.raises(FleetError) as caught:
        _release_names.demand_checksum_key("amd64_rocm")
    assert str(caught.value) == (
        "checksums: 'amd64_rocm' is no architecture; did you mean amd64-rocm?: there are"
        " amd64, arm64, amd64-rocm, amd64-mlx, arm64-jetpack5, arm64-jetpack6"
    )


@pytest.mark.parametrize(
    ("overlays", "name"),
    [
        ({}, "0.34.4-c2c2c2c2"),
        ({"rocm": "5" * 64, "mlx": "6" * 64}, "0.34.4-c2c2c2c2+mlx-66666666+rocm-55555555"),
    ],
)
def test_release_id(overlays, name):
    assert _release_names.release_id("0.34.4", SUM, overlays) == name
    assert _release_names.RELEASE_ID.fullmatch(name)


@pytest.mark.parametrize("name", ["0.34.4", "backup", "0.34.4-c2c2c2c2+rocm", "0.34.4-c2c2c2c2.bak", "0.34.4-c2c2c2c2+"])
def test_names_that_are_not_ours(name):
    assert not _release_names.RELEASE_ID.fullmatch(name)


@pytest.mark.parametrize(
    ("overlay", "arch", "version", "message"),
    [
        (
            "rcom",
            "amd64",
            "0.34.4",
            "overlay 'rcom' is not known; did you mean rocm?: there are rocm, mlx, jetpack5, jetpack6",
        ),
        ("rocm", "arm64", "0.34.4", "overlay rocm is for amd64, and this host is arm64: leave it out here"),
        ("jetpack6", "amd64", "0.34.4", "overlay jetpack6 is for arm64, and this host is amd64: leave it out here"),
        (
            "mlx",
            "amd64",
            "0.23.0",
            "overlay mlx does not exist for version 0.23.0: take 0.23.1 or newer, or leave it out",
        ),
    ],
)
def test_overlay_refused(overlay, arch, version, message):
    with pytest.raises(FleetError) as caught:
        _release_names.demand_overlays([overlay], arch, version)
    assert str(caught.value) == message


def test_overlays_there_are():
    _release_names.demand_overlays(["mlx", "rocm"], "amd64", "0.23.1")
    _release_names.demand_overlays(["jetpack5", "jetpack6"], "arm64", "0.30.0")
