# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._bundle import BadBundle
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_file import NoBundle, NotWhole, opened
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_member import Member

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.bundle_bed import WEIGHTS, bed

__all__ = ["bed"]


def test_a_bundle_gives_its_blobs(bed, tmp_path):
    bed.export()
    with opened(str(bed.path)) as bundle, (tmp_path / "out").open("w+b") as stream:
        bundle.demand_whole()
        assert list(bundle.index.models) == ["other:latest", "tiny:latest"]
        manifest = bundle.small(bundle.index.models["tiny:latest"][0])
        assert hashlib.sha256(manifest).hexdigest() == bundle.index.models["tiny:latest"][0]
        assert Member(stream, 0, len(WEIGHTS)).fill(bundle.source(bed.weights), bed.weights)


def test_a_header_that_is_another_gives_nothing(bed, tmp_path):
    bed.export()
    with bed.path.open("r+b") as stream:
        stream.seek(bed.place(bed.weights)[0] - 512)
        stream.write(b"../../etc/passwd")
    with opened(str(bed.path)) as bundle, (tmp_path / "out").open("w+b") as stream:
        assert not Member(stream, 0, len(WEIGHTS)).fill(bundle.source(bed.weights), bed.weights)
        assert stream.seek(0, 2) == 0


def test_a_manifest_that_is_another_is_none(bed):
    bed.export()
    with opened(str(bed.path)) as bundle:
        digest = bundle.index.models["tiny:latest"][0]
        bed.damage(digest)
        assert bundle.small(digest) is None


@pytest.mark.parametrize("change, reason", [(-1, "is cut off: it has"), (1, "has 1 bytes more than its index says")])
def test_a_bundle_has_its_length(bed, change, reason):
    bed.export()
    bed.cut(bed.path.stat().st_size + change)
    with opened(str(bed.path)) as bundle, pytest.raises(NotWhole, match=reason):
        bundle.demand_whole()


@pytest.mark.parametrize("content", [b"", b"x", bytes(10_240), b"PK" * 1000])
def test_what_is_no_bundle_is_told(tmp_path, content):
    path = tmp_path / "b.tar"
    path.write_bytes(content)
    with pytest.raises(BadBundle, match="b.tar: it is no bundle that ollama_bundle wrote"), opened(str(path)):
        pass


def test_a_bundle_that_is_not_there_is_told(tmp_path):
    with pytest.raises(NoBundle, match="bring it to this host, to that path"), opened(str(tmp_path / "b.tar")):
        pass
