# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import asset_name, checked_sha256, version_key
from ansible_collections.barellama.fleet.tools import bump_checksums

AMD, ARM = "ollama-linux-amd64.tar.zst", "ollama-linux-arm64.tar.zst"
ROCM, JETPACK = "ollama-linux-amd64-rocm.tar.zst", "ollama-linux-arm64-jetpack6.tar.zst"
OLD, NEW = "a" * 64, "b" * 64
OWN = "the release's own sha256sum.txt"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.json"
    entry = {AMD: {"sha256": OLD, "sources": ["a guide"]}}
    path.write_text(json.dumps({"about": "words", "releases": {"0.9.0": entry, "0.20.0": {}}, "conflicts": []}))
    return path


@pytest.fixture
def bump(table, tmp_path):
    def bump(version, sums, *more):
        path = tmp_path / "sha256sum.txt"
        path.write_text(sums)
        bump_checksums.main([version, str(path), "--table", str(table), *more])
        return json.loads(table.read_text())

    return bump


def test_new_version(bump, capsys):
    sums = f"{OLD}  ./{AMD}\n{NEW}  ./{ARM}\n{OLD}  ./{ROCM}\n{NEW}  ./{JETPACK}\n{'d' * 64}  ./install.sh\n"
    table = bump("0.10.0", sums)
    assert list(table["releases"]) == ["0.9.0", "0.10.0", "0.20.0"]
    assert table["releases"]["0.10.0"] == {
        AMD: {"sha256": OLD, "sources": [OWN]},
        ROCM: {"sha256": OLD, "sources": [OWN]},
        ARM: {"sha256": NEW, "sources": [OWN]},
        JETPACK: {"sha256": NEW, "sources": [OWN]},
    }
    told = capsys.readouterr().out.splitlines()
    assert told == [f"0.10.0 {AMD} {OLD}", f"0.10.0 {ARM} {NEW}", f"0.10.0 {ROCM} {OLD}", f"0.10.0 {JETPACK} {NEW}"]


def test_another_source_for_the_same_sum(bump):
    for _twice in range(2):
        table = bump("0.9.0", f"{OLD}  ./{AMD}\n", "--source", "a formula")
    assert table["releases"]["0.9.0"][AMD] == {"sha256": OLD, "sources": ["a guide", "a formula"]}


def test_a_different_sum_is_refused(bump, table):
    before = table.read_text()
    with pytest.raises(SystemExit) as caught:
        bump("0.9.0", f"{NEW}  ./{AMD}\n{NEW}  ./{ARM}\n")
    assert str(caught.value) == (
        f"bump_checksums: 0.9.0 {AMD}: the table has {OLD}, {OWN} says {NEW}; find out why before you --replace it"
    )
    assert table.read_text() == before


def test_a_different_sum_replaces_and_leaves_a_trace(bump):
    table = bump("0.9.0", f"{NEW}  ./{AMD}\n", "--replace")
    assert table["releases"]["0.9.0"][AMD] == {"sha256": NEW, "sources": [OWN]}
    assert table["conflicts"] == [{"version": "0.9.0", "asset": AMD, "claims": {OLD: ["a guide"], NEW: [OWN]}}]


@pytest.mark.parametrize(
    ("version", "sums", "message"),
    [
        ("v0.9.0", f"{OLD}  ./{AMD}\n", "version 'v0.9.0' is not X.Y.Z"),
        ("0.9.0", "<html>", "no sums of ollama-linux-amd64.tar.zst or -arm64 there: is it a release's sha256sum.txt?"),
    ],
)
def test_bad_input(bump, version, sums, message):
    with pytest.raises(SystemExit) as caught:
        bump(version, sums)
    assert str(caught.value) == f"bump_checksums: {message}"


def test_the_table_that_is_shipped():
    table = json.loads(bump_checksums.TABLE.read_text())
    assert list(table) == ["about", "releases", "conflicts"]
    versions = list(table["releases"])
    assert versions == sorted(versions, key=version_key)
    assert "0.34.4" in versions
    for version, assets in table["releases"].items():
        assert assets and set(assets) <= {asset_name(version, arch) for arch in ("amd64", "arm64")}
        for asset, entry in assets.items():
            assert checked_sha256(entry["sha256"], asset) == entry["sha256"]
            assert entry["sources"]
