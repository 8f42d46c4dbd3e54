# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an Ollama server needs from a registry, asked over the wire."""

from __future__ import annotations

import hashlib
import json

import pytest

MANIFEST = "/v2/demo/tiny/manifests/latest"
KEY = "c3NoLWVkMjU1MTk=:c2lnbmF0dXJl"


def weights(client):
    manifest = json.loads(client.ask(MANIFEST)[2])
    return manifest["layers"][0]


def test_a_manifest_comes_as_stored_with_its_digest_and_no_length(client):
    status, headers, body = client.ask(MANIFEST)
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    assert headers["Content-Length"] is None
    assert headers["ollama-content-digest"] == hashlib.sha256(body).hexdigest()
    assert body == client.sites.shelf.manifest("demo/tiny").read_bytes()


def test_a_blob_is_fetched_from_another_host_name_in_ranges(client):
    layer = weights(client)
    path = "/v2/demo/tiny/blobs/" + layer["digest"]
    assert client.ask(path, "HEAD")[1]["Content-Length"] == str(layer["size"])
    status, headers, _body = client.ask(path)
    assert status == 307
    name = client.sites.address.replace("127.0.0.1", "localhost")
    assert headers["Location"] == "http://%s/direct%s" % (name, path)
    parts = [client.ask("/direct" + path, Range=span) for span in ("bytes=0-99999", "bytes=100000-")]
    assert [part[0] for part in parts] == [206, 206]
    content = parts[0][2] + parts[1][2]
    assert "sha256:" + hashlib.sha256(content).hexdigest() == layer["digest"]


def test_a_plain_registry_serves_the_blob_itself(run_sites):
    client = run_sites(plain=True)
    layer = weights(client)
    status, headers, body = client.ask("/v2/demo/tiny/blobs/" + layer["digest"])
    assert (status, headers["Location"], len(body)) == (200, None, layer["size"])


@pytest.mark.parametrize("path", [
    "/v2/demo/none/manifests/latest", "/v2/demo/tiny/manifests/none", "/v2/demo/tiny/blobs/sha256:00", "/token",
    "/v2/demo/../manifests/latest", "/v2/tiny/manifests/latest", "/releases/v1/../../models/x", "/direct" + MANIFEST,
])
def test_what_is_not_there_is_404(client, path):
    assert client.ask(path)[0] == 404


def test_a_token_is_asked_for_on_the_same_host_and_holds_for_one_model(run_sites):
    client = run_sites(token=True)
    status, headers, _body = client.ask(MANIFEST)
    assert status == 401
    assert headers["WWW-Authenticate"] == 'Bearer realm="http://%s/token",service="%s",scope="%s"' % (
        client.sites.address, client.sites.address, "repository:demo/tiny:pull")
    query = "/token?service=x&scope=repository%3Ademo%2Ftiny%3Apull&ts=1&nonce=n"
    assert client.ask(query)[0] == 401
    token = json.loads(client.ask(query, Authorization=KEY)[2])["token"]
    assert client.ask(MANIFEST, Authorization="Bearer " + token)[0] == 200
    assert client.ask("/v2/demo/small/manifests/latest", Authorization="Bearer " + token)[0] == 401


@pytest.mark.parametrize("agent, status", [
    ("ollama/0.33.9 (amd64 linux) Go/go1.26.0", 412), ("ollama/0.34.0 (amd64 linux)", 200), ("ollama/0.100.0", 200),
    ("ollama/1", 200), ("ollama/0.0.0", 412), ("curl/8", 412),
])
def test_a_model_may_ask_for_a_newer_ollama(client, agent, status):
    client.sites.shelf.publish("demo/new", requires="0.34")
    answer = client.ask("/v2/demo/new/manifests/latest", User_Agent=agent)
    assert answer[0] == status
    assert (b"requires a newer version of Ollama" in answer[2]) == (status == 412)
    assert client.ask(MANIFEST, User_Agent=agent)[0] == 200


def test_a_tag_can_be_moved_while_the_registry_runs(client):
    shelf = client.sites.shelf
    blobs = list((shelf.root / "blobs").iterdir())
    before = client.ask(MANIFEST)[1]["ollama-content-digest"]
    shelf.move("demo/tiny:latest", "demo/tiny:second")
    assert client.ask(MANIFEST)[1]["ollama-content-digest"] != before
    shelf.publish("demo/tiny:latest", system="v1")
    assert len(list((shelf.root / "blobs").iterdir())) == len(blobs) + 1, "the weights and the configuration are shared"


def test_the_journal_tells_what_was_asked_and_sent(client):
    client.ask("/_requests", "DELETE")
    path = "/direct/v2/demo/tiny/blobs/" + weights(client)["digest"]
    client.ask(path, Range="bytes=5-9")
    assert [(entry["path"], entry["range"], entry["status"], entry["sent"] > 0) for entry in client.asked()] == [
        (MANIFEST, None, 200, True), (path, "bytes=5-9", 206, True)]
    assert client.asked()[1]["sent"] == 5
