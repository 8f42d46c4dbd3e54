# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Overlays, and releases whose files are damaged."""

from __future__ import annotations

import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.release_bed import (
    ASSET,
    member,
    online,
    release_members,
)


def test_overlay(bed, site):
    base = bed.archive("0.34.4", asset=ASSET)
    bed.run(base)
    release = bed.overlay(base, "rocm")
    result = bed.run(release, sources=online(site, release))
    assert [line.split()[0] for line in result["actions"]] == ["fetch", "fetch", "unpack", "switch"]
    assert result["actions"][1].endswith("/v0.34.4/ollama-linux-amd64-rocm.tar.zst")
    assert (result["release"]["id"], result["release"]["overlays"]) == (release.id, ["rocm"])
    assert bed.links() == (release.id, base.id)
    libraries = bed.root / "current" / "lib" / "ollama"
    assert (libraries / "rocm" / "libggml-rocm.so").read_text() == "rocm of 0.34.4"
    assert (libraries / "rocm" / "libggml.so.1").samefile(libraries / "cuda_v13" / "libggml.so.1")
    assert os.listdir(bed.root / "downloads") == []
    site.close()
    assert not bed.run(release, sources=online(site, release))["changed"]
    assert bed.roll_back()["release"]["overlays"] == []


def test_overlay_whose_sum_the_site_knows(bed, site):
    release = bed.overlay(bed.archive("0.34.4", asset=ASSET), "rocm")
    overlay = release.overlays[0]
    bed.path("0.34.4", "sha256sum.txt").write_text(f"{overlay.sha256}  ./{overlay.asset}\n")
    unknown = release._replace(overlays=(overlay._replace(sha256=None),))
    assert bed.run(unknown, sources=online(site, unknown))["release"]["id"] == release.id
    site.close()
    assert not bed.run(unknown, sources=online(site, unknown))["changed"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (release_members("0.34.4"), "archive member 'bin/ollama' would replace another member"),
        ([member("lib/ollama/other/x.so", b"x")], "holds nothing below lib/ollama/rocm\\*: give the overlay rocm of the"),
        (
            [
                member("lib/ollama/rocm/a.so", b"x"),
                member("lib/ollama/rocm/b.so", kind=b"2", target="../cuda_v12/b.so"),
            ],
            "links lib/ollama/rocm/b.so to what the release has not: give the overlay of the same version",
        ),
        ([member("../evil", b"x")], "climbs out with '..'"),
    ],
    ids=["a release", "another overlay", "of another version", "evil"],
)
def test_overlay_that_is_none_leaves_the_old_release_serving(bed, members, message):
    base = bed.archive("0.34.4")
    bed.run(base)
    before = bed.names()
    with pytest.raises(FleetError, match=message):
        bed.run(bed.overlay(base, "rocm", members))
    assert bed.names() == before


def test_damage_is_found_by_reading_and_mended_in_place(bed, site):
    one, two = bed.archive("0.1.0"), bed.overlay(bed.archive("0.2.0", asset=ASSET), "rocm")
    bed.run(one)
    bed.run(two)
    bed.prove()
    home = bed.root / "releases" / two.id
    program, extra = home / "bin/ollama", home / "lib/ollama/libggml-evil.so"
    right = program.read_bytes()
    program.write_bytes(right[::-1])
    extra.write_bytes(b"x")
    assert not bed.run(two)["changed"], "sizes and modes are right"
    site.close()
    told = bed.run(two, sources=online(site, two), check=True, verify=True)
    assert told["actions"] == [f"switch proven: {two.id} -> none", f"mend {two.id}: bin/ollama, lib/ollama/libggml-evil.so"]
    assert extra.exists() and bed.proven() == two.id
    mended = bed.run(two, verify=True)
    assert mended["actions"][2:] == told["actions"]
    assert mended["release"]["damaged"] == ["bin/ollama", "lib/ollama/libggml-evil.so"]
    assert program.read_bytes() == right and not extra.exists()
    assert (bed.links(), bed.proven()) == ((two.id, one.id), None), "what runs has the files of before, and nobody would know"
    assert not bed.run(two, verify=True)["changed"]
