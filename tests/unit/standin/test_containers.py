# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Container images as an engine meets them: pulled over the wire, down to the files in their layers."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import tarfile

import pytest
from ansible_collections.barellama.fleet.tests.standin import image

pytestmark = pytest.mark.skipif(platform.machine() not in image.ARCHES, reason="upstream has no image for this machine")

FILES = {"usr/bin/bash": b"bash", "usr/bin/python3.13": b"python"}


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__main__.py").write_text("")
    return folder


@pytest.fixture
def root(tmp_path):
    """A distribution with two programs, one of them Python, and a link to that."""
    path = tmp_path / "root.tar"
    with tarfile.open(path, "w") as tar:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, "python3.13"
        tar.addfile(link)
    return path


@pytest.fixture
def pack(tmp_path, package, root):
    def make(out="images", **options):
        images = image.Images(tmp_path / out)
        return image.pack("0.34.4", images, images.layer(image.distribution(root)), package=package, **options)
    return make


@pytest.fixture
def client(run_sites, tmp_path, pack):
    pack()
    return run_sites(images=tmp_path / "images")


def pull(client, tag):
    """What an engine has after a pull: the configuration and {name: tar member} with contents; every digest is checked."""
    assert client.ask("/v2/")[0] == 200

    def get(kind, reference):
        status, headers, body = client.ask(f"/v2/ollama/ollama/{kind}/{reference}")
        assert status == 200, body
        assert not reference.startswith("sha256:") or reference == "sha256:" + hashlib.sha256(body).hexdigest()
        return headers, body

    headers, index = get("manifests", tag)
    assert headers["Content-Type"] == image.INDEX_TYPE
    assert headers["Docker-Content-Digest"] == "sha256:" + hashlib.sha256(index).hexdigest()
    manifest = json.loads(get("manifests", json.loads(index)["manifests"][0]["digest"])[1])
    config = json.loads(get("blobs", manifest["config"]["digest"])[1])
    files = {}
    for layer, unpacked in zip(manifest["layers"], config["rootfs"]["diff_ids"]):
        content = gzip.decompress(get("blobs", layer["digest"])[1])
        assert unpacked == "sha256:" + hashlib.sha256(content).hexdigest()
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            files.update({member.name: tar.extractfile(member).read() if member.isreg() else b"" for member in tar})
    return config["config"], files


def test_the_true_images_shape(client):
    config, files = pull(client, "0.34.4")
    assert (config["Entrypoint"], config["Cmd"]) == (["/bin/ollama"], ["serve"])
    assert {"OLLAMA_HOST=0.0.0.0:11434", "NVIDIA_VISIBLE_DEVICES=all"} <= set(config["Env"])
    assert "User" not in config and "Healthcheck" not in config and "Volumes" not in config
    assert "usr/bin/bash" in files and not any(name.startswith("usr/bin/python") for name in files)
    assert files["usr/lib/standin/python"] == b"python"
    assert files["usr/bin/ollama"].startswith(b"#!/usr/lib/standin/python -IsS\n")
    assert any("cuda" in name for name in files)


def test_the_image_for_amd_has_rocm_and_no_cuda(client):
    if image.ARCHES[platform.machine()] != "amd64":
        assert client.ask("/v2/ollama/ollama/manifests/0.34.4-rocm")[0] == 404
        return
    _config, files = pull(client, "0.34.4-rocm")
    assert any("rocm" in name for name in files) and not any("cuda" in name for name in files)


def test_models_are_still_served_beside_images(client):
    assert client.ask("/v2/demo/tiny/manifests/latest")[0] == 200


@pytest.mark.parametrize("path", ["manifests/latest", "manifests/sha256:00", "blobs/sha256:00"])
def test_what_is_not_there_is_404(client, path):
    status, _headers, body = client.ask("/v2/ollama/ollama/" + path)
    assert status == 404 and json.loads(body)["errors"][0]["code"].endswith("UNKNOWN")


def test_nothing_can_be_pushed(client):
    assert client.ask("/v2/ollama/ollama/blobs/uploads/", "POST")[0] == 404
    assert client.ask("/v2/ollama/ollama/manifests/0.34.4", "PUT", b"{}")[0] == 405


def test_the_same_call_makes_the_same_images(pack):
    assert pack("once") == pack("twice")


def test_a_bad_image_is_another_one(pack):
    assert pack("good")["0.34.4"] != pack("bad", fault="exit")["0.34.4"]
