# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _bundle_content, _bundle_write, _release_source
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_member import from_bytes
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release import Archive, Release

ASSET = "ollama-linux-amd64.tar.zst"
RELEASE = Release("0.34.4", ASSET, "a" * 64)


def source(base_url, archive=None):
    return _release_source.sources(archive, base_url, RELEASE, 5)[0]


@pytest.mark.parametrize(
    ("base_url", "place"),
    [
        ("https://mirror.example/ollama/", f"https://mirror.example/ollama/v0.34.4/{ASSET}"),
        ("http://10.0.0.1:5001/releases", f"http://10.0.0.1:5001/releases/v0.34.4/{ASSET}"),
        ("file:///srv/my%20mirror", f"/srv/my mirror/v0.34.4/{ASSET}"),
    ],
)
def test_place(base_url, place):
    assert source(base_url).place == place


def test_archive_comes_before_a_site():
    assert source("https://mirror.example", "/var/tmp/a.tar.zst").place == "/var/tmp/a.tar.zst"


@pytest.mark.parametrize(
    ("archive", "base_url", "folder"),
    [
        (None, "https://mirror.example", "https://mirror.example/v0.34.4"),
        (None, "file:///srv/mirror", "/srv/mirror/v0.34.4"),
        (f"/var/tmp/{ASSET}", "https://mirror.example", "/var/tmp"),
    ],
)
def test_overlays_lie_beside_their_release(archive, base_url, folder):
    release = RELEASE._replace(overlays=(Archive("rocm", "ollama-linux-amd64-rocm.tar.zst", None),))
    places = [source.place for source in _release_source.sources(archive, base_url, release, 5)]
    assert places == [f"{folder}/{ASSET}", f"{folder}/ollama-linux-amd64-rocm.tar.zst"]


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        (
            "https://me:secret@mirror.example",
            "base_url carries a user name or password: take it out, it would show in messages and logs",
        ),
        ("file:mirror", "base_url 'file:mirror' is relative: write file:///path, with three slashes"),
        ("file://mirror/x", "base_url 'file://mirror/x' is relative: write file:///path, with three slashes"),
        (
            "ftp://mirror.example",
            "base_url 'ftp://mirror.example' is no address of releases: write https://host/path or file:///path",
        ),
        (
            "mirror.example",
            "base_url 'mirror.example' is no address of releases: write https://host/path or file:///path",
        ),
        ("https://", "base_url 'https://' is no address of releases: write https://host/path or file:///path"),
        (
            "https://h:port/",
            "base_url 'https://h:port/' is no address of releases: write https://host/path or file:///path",
        ),
        (
            "https://h/?a=b",
            "base_url 'https://h/?a=b' is no address of releases: write https://host/path or file:///path",
        ),
    ],
)
def test_base_url_refused(base_url, message):
    with pytest.raises(FleetError) as caught:
        source(base_url)
    assert str(caught.value) == message


def test_file_on_the_host(tmp_path):
    path = tmp_path / ASSET
    path.write_bytes(b"content")
    (tmp_path / "sha256sum.txt").write_text("some words\n")
    file = _release_source.HostFile(str(path))
    spaces = []
    sha256 = hashlib.sha256(b"content").hexdigest()
    assert (file.size(), file.sums()) == (7, "some words\n")
    assert file.bring("partial", sha256, lambda *sizes: spaces.append(sizes)) == str(path)
    assert spaces == [(7, 0)]
    with pytest.raises(FleetError) as caught:
        file.bring("partial", "0" * 64, lambda *sizes: None)
    assert str(caught.value) == (
        f"{path} has sha256 {sha256}, wanted is {'0' * 64}: it is another file or damaged; bring it again"
    )
    assert path.exists()


def test_file_that_is_not_there(tmp_path):
    file = _release_source.HostFile(str(tmp_path / ASSET))
    with pytest.raises(FleetError) as caught:
        file.size()
    assert str(caught.value) == (
        f"archive {tmp_path}/{ASSET} is not on this host: bring it there, or let it be downloaded"
    )
    with pytest.raises(FleetError) as caught:
        file.sums()
    assert str(caught.value) == (
        f"{tmp_path}/sha256sum.txt is not on this host: put the release's own sums beside it, or give a sum"
    )


@pytest.mark.parametrize("name", [f"./{ASSET}", ASSET, f"*{ASSET}"])
def test_listed_sha256(name):
    sums = f"{'b' * 64}  ./ollama-linux-amd64-rocm.tar.zst\n{'C' * 64}  {name}\n{'d' * 64}  ./x{ASSET}\n"
    assert _release_source.listed_sha256(sums, ASSET) == "c" * 64


@pytest.mark.parametrize("sums", ["", f"{'c' * 63}  ./{ASSET}", f"{'c' * 64}  ./v1/{ASSET}", "<html>", "words"])
def test_sum_not_listed(sums):
    with pytest.raises(FleetError) as caught:
        _release_source.listed_sha256(sums, ASSET)
    assert str(caught.value) == f"the release's sha256sum.txt has no sha256 of {ASSET}: give it under checksums (ollama_release_checksums)"


def bundled(tmp_path):
    content = b"release"
    inside = _bundle_content.Content()
    inside.index.archives[ASSET] = inside.add(hashlib.sha256(content).hexdigest(), len(content), from_bytes(content))
    _bundle_write.export(str(tmp_path / "all.tar"), inside, False)
    return source("https://mirror.example", str(tmp_path / "all.tar"))


def test_a_bundle_gives_its_archive(tmp_path):
    found, space = bundled(tmp_path), []
    digest = hashlib.sha256(b"release").hexdigest()
    assert found.size() == 7 and _release_source.listed_sha256(found.sums(), ASSET) == digest
    (tmp_path / "partial").write_bytes(b"rel")
    assert found.bring(str(tmp_path / "partial"), digest, lambda *sizes: space.append(sizes)) == str(tmp_path / "partial")
    assert (tmp_path / "partial").read_bytes() == b"release" and space == [(7, 7)]


def test_a_bundle_of_something_else_is_told(tmp_path):
    found, partial = bundled(tmp_path), str(tmp_path / "partial")
    with pytest.raises(FleetError, match=f"wanted is {'a' * 64}: it is of another version; make the bundle again"):
        found.bring(partial, "a" * 64, print)
    with pytest.raises(FleetError, match="has no ollama-linux-arm64.tar.zst: make it again with that; this one has ollama-linux-amd64"):
        _release_source.Bundled(str(tmp_path / "all.tar"), "ollama-linux-arm64.tar.zst").size()
    content = (tmp_path / "all.tar").read_bytes()
    (tmp_path / "all.tar").write_bytes(content.replace(b"release\0", b"rElease\0"))
    with pytest.raises(FleetError, match="is not what its digest says: bring the bundle again"):
        found.bring(partial, hashlib.sha256(b"release").hexdigest(), print)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.tar"]
    (tmp_path / "all.tar").unlink()
    with pytest.raises(FleetError, match="bring it to this host"):
        found.size()
