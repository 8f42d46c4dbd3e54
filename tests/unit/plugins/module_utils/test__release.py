# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _release
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

SUM = "c2" * 32
OTHER = "50" * 32


def test_wanted_release():
    release = _release.wanted_release("0.34.4", {"amd64": "sha256:" + SUM, "arm64": OTHER}, "x86_64")
    assert release == ("0.34.4", "ollama-linux-amd64.tar.zst", SUM, ())
    assert release.id == "0.34.4-c2c2c2c2"


def test_wanted_release_without_a_sum():
    with pytest.raises(
        FleetError, match="^no sha256 is known for ollama-linux-arm64.tar.zst of version 0.99.0: put it"
    ):
        _release.wanted_release("0.99.0", {"amd64": SUM}, "aarch64")
    assert _release.wanted_release("0.99.0", None, "aarch64", own_sums=True).sha256 is None


def test_wanted_release_with_overlays():
    sums = {"amd64": SUM, "amd64-rocm": "5" * 64, "amd64-mlx": "sha256:" + "6" * 64}
    release = _release.wanted_release("0.34.4", sums, "x86_64", overlays=["rocm", "mlx", "rocm"])
    assert [(archive.asset, archive.sha256) for archive in release.archives] == [
        ("ollama-linux-amd64.tar.zst", SUM),
        ("ollama-linux-amd64-mlx.tar.zst", "6" * 64),
        ("ollama-linux-amd64-rocm.tar.zst", "5" * 64),
    ]
    assert release.id == "0.34.4-c2c2c2c2+mlx-66666666+rocm-55555555"


def test_sum_of_no_archive():
    with pytest.raises(FleetError, match="^checksums: 'x86_64' is no architecture: there are amd64, arm64, amd64-rocm"):
        _release.wanted_release("0.34.4", {"x86_64": SUM}, "x86_64")


def test_overlay_of_a_jetson():
    sums = {"arm64": SUM, "arm64-jetpack6": OTHER, "amd64-rocm": SUM}
    release = _release.wanted_release("0.34.4", sums, "aarch64", overlays=["jetpack6"])
    assert [archive.asset for archive in release.archives] == [
        "ollama-linux-arm64.tar.zst",
        "ollama-linux-arm64-jetpack6.tar.zst",
    ]
    with pytest.raises(FleetError, match="^overlay rocm is for amd64, and this host is arm64: leave it out here$"):
        _release.wanted_release("0.34.4", sums, "aarch64", overlays=["rocm"])


def test_overlay_without_a_sum():
    with pytest.raises(FleetError, match="^no sha256 is known for ollama-linux-amd64-rocm.tar.zst of version 0.34.4: put"):
        _release.wanted_release("0.34.4", {"amd64": SUM}, "x86_64", overlays=["rocm"])
    release = _release.wanted_release("0.34.4", {"amd64": SUM}, "x86_64", own_sums=True, overlays=["rocm"])
    assert (release.sha256, release.overlay_sums) == (SUM, {"rocm": None})
    known = release.with_sums({"ollama-linux-amd64-rocm.tar.zst": OTHER})
    assert (known.sha256, known.overlay_sums) == (SUM, {"rocm": OTHER})


def place(root):
    """A complete release below ``root``."""
    home = root / "releases" / "0.34.4-c2c2c2c2"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "ollama").write_text("x")
    record = {"version": "0.34.4", "sha256": SUM, "asset": "a", "files": {"bin/ollama": "0" * 64}}
    (home / ".release.json").write_text(json.dumps(record))
    home.chmod(0o755)
    return home


def link(root, name, target):
    (root / name).symlink_to(target)


def test_current_release(tmp_path):
    place(tmp_path)
    link(tmp_path, "current", "releases/0.34.4-c2c2c2c2")
    assert _release.current_release(str(tmp_path)) == {
        "id": "0.34.4-c2c2c2c2",
        "version": "0.34.4",
        "sha256": SUM,
        "overlays": {},
        "complete": True,
        "damaged": [],
        "proven": False,
    }


@pytest.mark.parametrize(("target", "proven"), [("0.34.4-c2c2c2c2", True), ("0.32.15-50505050", False)])
def test_proven_current_release(tmp_path, target, proven):
    place(tmp_path)
    link(tmp_path, "current", "releases/0.34.4-c2c2c2c2")
    link(tmp_path, "proven", f"releases/{target}")
    assert _release.current_release(str(tmp_path))["proven"] is proven


def test_no_current_release(tmp_path):
    assert _release.current_release(str(tmp_path)) is None
    assert _release.current_release(str(tmp_path / "missing")) is None
    (tmp_path / "current").mkdir()
    assert _release.current_release(str(tmp_path)) is None


def test_dangling_link(tmp_path):
    link(tmp_path, "current", "releases/0.34.4-c2c2c2c2")
    assert _release.current_release(str(tmp_path)) == {
        "id": "0.34.4-c2c2c2c2",
        "version": None,
        "sha256": None,
        "overlays": {},
        "complete": False,
        "damaged": [".release.json"],
        "proven": False,
    }


@pytest.mark.parametrize(
    "damage",
    [
        lambda home: (home / ".release.json").unlink(),
        lambda home: (home / ".release.json").write_text("{"),
        lambda home: (home / ".release.json").write_text("[]"),
        lambda home: (home / ".release.json").write_text("{}"),
        lambda home: (home / ".release.json").write_text('{"version": "0.34.4", "sha256": 7, "files": {"a": 1}}'),
        lambda home: (home / ".release.json").write_text(
            json.dumps({"version": "0.34.4", "sha256": SUM, "files": ["bin/ollama"]})
        ),
        lambda home: (home / "bin/ollama").unlink(),
        lambda home: (home / ".release.json").write_text(
            json.dumps({"version": "0.34.4", "sha256": OTHER, "files": {"bin/ollama": ""}})
        ),
        lambda home: home.chmod(0o700),
        lambda home: home.chmod(0o754),
    ],
    ids=[
        "no record",
        "torn record",
        "list",
        "empty",
        "wrong types",
        "files in a list",
        "file lost",
        "record of another release",
        "only for its owner",
        "not to be entered by others",
    ],
)
def test_damaged_release_is_not_complete(tmp_path, damage):
    home = place(tmp_path)
    link(tmp_path, "current", "releases/0.34.4-c2c2c2c2")
    damage(home)
    assert _release.current_release(str(tmp_path))["complete"] is False


def test_link_that_leads_elsewhere_is_not_complete(tmp_path):
    place(tmp_path / "elsewhere")
    link(tmp_path, "current", "elsewhere/releases/0.34.4-c2c2c2c2")
    found = _release.current_release(str(tmp_path))
    assert (found["id"], found["complete"]) == ("elsewhere/releases/0.34.4-c2c2c2c2", False)


@pytest.mark.parametrize(
    ("found", "met"),
    [
        ({"version": "0.34.4", "sha256": SUM, "overlays": {}, "complete": True}, True),
        ({"version": "0.34.4", "sha256": SUM, "overlays": {}, "complete": False}, False),
        ({"version": "0.34.4", "sha256": OTHER, "overlays": {}, "complete": True}, False),
        ({"version": "0.32.15", "sha256": SUM, "overlays": {}, "complete": True}, False),
        (None, False),
    ],
)
def test_is_met_by(found, met):
    assert _release.Release("0.34.4", "a", SUM).is_met_by(found) is met


def test_release_without_a_sum_is_met_by_its_version():
    assert _release.Release("0.34.4", "a", None).is_met_by({"version": "0.34.4", "sha256": OTHER, "overlays": {}, "complete": True})


@pytest.mark.parametrize(
    ("wanted", "there", "met"),
    [
        ({"rocm": OTHER}, {"rocm": OTHER}, True),
        ({"rocm": None}, {"rocm": OTHER}, True),
        ({"rocm": OTHER}, {"rocm": SUM}, False),
        ({"rocm": None}, {}, False),
        ({}, {"rocm": OTHER}, False),
        ({"rocm": OTHER}, {"rocm": OTHER, "mlx": OTHER}, False),
    ],
)
def test_overlays_are_met(wanted, there, met):
    overlays = tuple(_release.Archive(name, "a", sha256) for name, sha256 in wanted.items())
    found = {"version": "0.34.4", "sha256": SUM, "overlays": there, "complete": True}
    assert _release.Release("0.34.4", "a", SUM, overlays).is_met_by(found) is met
