# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _bundle_content
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_content import Content
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_member import Member
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._registry import Registry
from ansible_collections.barellama.fleet.plugins.module_utils._web import Web
from ansible_collections.barellama.fleet.tests.standin.faults import Fault
from ansible_collections.barellama.fleet.tests.standin.models import publish_defaults
from ansible_collections.barellama.fleet.tests.standin.replies import Request
from ansible_collections.barellama.fleet.tests.standin.sites import Sites

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.bundle_bed import OTHER, TINY, bed

__all__ = ["bed"]


@pytest.fixture
def sites(tmp_path):
    with Sites(tmp_path / "data", tmp_path / "releases") as sites:
        publish_defaults(sites.shelf)
        yield sites


def from_registry(sites, name="demo/tiny"):
    content, name = Content(), ModelName.parse(f"{sites.address}/{name}")
    _bundle_content.add_from_registries(content, Registry("0.34.4", True), Web(2, lambda pause: None), [name])
    return content


def filled(content, tmp_path):
    """Whether each blob comes as its digest says."""
    for digest, size in content.index.blobs.items():
        with (tmp_path / "blob").open("w+b") as stream:
            yield Member(stream, 0, size).fill(content.sources[digest], digest)


def asked_ranges(sites):
    told = sites.journal.control(Request("GET", "/_requests")).body.decode()
    return [entry["range"] for entry in map(json.loads, told.splitlines()) if entry["path"].startswith("/direct")]


def test_a_store_gives_what_is_asked_for(bed, tmp_path):
    assert list(bed.content().index.models) == ["other:latest", "tiny:latest"]
    content = bed.content([TINY])
    assert content.index.models == {"tiny:latest": [*content.index.models["tiny:latest"][:1], bed.config, bed.weights, bed.extra]}
    assert list(filled(content, tmp_path)) == [True] * 4


@pytest.mark.parametrize("spoil, reason", [
    (lambda bed: bed.store.blob_path(bed.system).unlink(), "of other:latest in .* is missing: pull the model again"),
    (lambda bed: bed.store.blob_path(bed.system).write_bytes(b"sys"), "has 3 B instead of 6 B: pull"),
    (lambda bed: bed.store.manifest("other", b"{}"), "other:latest is not in the store .*, or cannot be read there"),
])
def test_a_model_that_is_not_whole_is_refused(bed, spoil, reason):
    spoil(bed)
    bed.content([TINY])
    with pytest.raises(FleetError, match=reason):
        bed.content([OTHER])


def test_archives_come_from_the_site_of_the_releases(sites, tmp_path):
    folder, key = tmp_path / "releases/v0.34.4", "amd64-rocm"
    folder.mkdir(parents=True)
    (folder / f"ollama-linux-{key}.tar.zst").write_bytes(b"release")
    digest, content = hashlib.sha256(b"release").hexdigest(), Content()
    where = (content, Web(2, lambda pause: None), f"http://{sites.address}/releases/", "0.34.4")
    _bundle_content.add_archives(*where, {key: f"sha256:{digest}"})
    assert content.index.archives == {f"ollama-linux-{key}.tar.zst": digest} and list(filled(content, tmp_path)) == [True]
    for sums, reason in (({key: None}, f"put it under checksums.{key}"), ({key: "1"}, "is not a sha256"), ({"arm64": digest}, "the site answers 404")):
        with pytest.raises(FleetError, match=reason):
            _bundle_content.add_archives(*where, sums)
    sites.faults.replace([Fault(path="/releases/*", method="HEAD", status=405)])
    with pytest.raises(FleetError, match="cannot be learned"):
        _bundle_content.add_archives(*where, {key: digest})


def test_a_model_that_moved_is_told(bed):
    content = bed.content()
    digest = content.index.models["tiny:latest"][0]
    _bundle_content.refuse_moved(content, {TINY: digest, OTHER: None})
    with pytest.raises(FleetError, match=f"tiny:latest is {digest} where it comes from, and its digest shall be {'a' * 64}"):
        _bundle_content.refuse_moved(content, {TINY: "a" * 64})


def test_a_registry_gives_a_model_although_it_breaks_off(sites, tmp_path):
    content = from_registry(sites)
    sites.faults.replace([Fault(path="/direct/*", cut_after=1000, times=2), Fault(path="/v2/*/blobs/*", status=503, times=1)])
    assert set(filled(content, tmp_path)) == {True}


def test_bytes_that_are_there_are_not_fetched_again_unless_they_are_wrong(sites, tmp_path):
    content = from_registry(sites)
    digest, size = max(content.index.blobs.items(), key=lambda blob: blob[1])
    with (tmp_path / "blob").open("w+b") as stream:
        assert Member(stream, 0, size).fill(content.sources[digest], digest)
        for left, ranges in ((size - 10, [f"bytes={size - 10}-"]), (size, [])):
            stream.truncate(left)
            sites.journal.control(Request("DELETE", "/_requests"))
            assert Member(stream, 0, size).fill(content.sources[digest], digest)
            assert asked_ranges(sites) == ranges
        sites.faults.replace([Fault(path="/direct/*", ignore_ranges=True)])
        stream.truncate(100)
        assert Member(stream, 0, size).fill(content.sources[digest], digest)


def test_a_refusal_is_told_with_what_to_do(sites, tmp_path):
    content = from_registry(sites)
    sites.faults.replace([Fault(path="/v2/*/blobs/*", status=403)])
    with pytest.raises(FleetError, match=r"refuses a blob of .*demo/tiny:latest \(status 403\): pull the model with a server"):
        list(filled(content, tmp_path))
    with pytest.raises(FleetError, match="has no .*demo/none:latest: check the name"):
        from_registry(sites, "demo/none")
