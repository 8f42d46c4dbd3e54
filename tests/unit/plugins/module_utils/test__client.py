# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import io

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._client import Client, NotOllama, Refused

HELLO = hashlib.sha256(b"hello").hexdigest()

CALLS = [
    ("version", lambda client: client.version(), "0.32.15"),
    ("tags-empty", lambda client: client.tags(), []),
    ("tags-one", lambda client: [entry["name"] for entry in client.tags()], ["tiny:latest"]),
    ("ps-empty", lambda client: client.ps(), []),
    ("ps-loaded", lambda client: [entry["name"] for entry in client.ps()], ["tiny:latest"]),
    ("generate-load-before-delete", lambda client: client.generate("q8")["done_reason"], "load"),
    ("delete", lambda client: client.delete("tiny-copy"), None),
    ("copy", lambda client: client.copy("tiny", "tiny-copy"), None),
    ("generate-load-with-num-ctx", lambda client: client.load("tiny", options={"num_ctx": 128})["done_reason"], "load"),
    ("embed-unload", lambda client: client.load("tiny", True, keep_alive=0)["embeddings"], []),
    ("pull-fresh", lambda client: list(client.pull("tiny"))[-1], {"status": "success"}),
    ("show-derived", lambda client: client.show("derived")["system"], "You are a test."),
    ("create-derived", lambda client: list(client.create("derived", {}))[-1], {"status": "success"}),
    ("blob-head-present", lambda client: client.has_blob(HELLO), True),
    ("blob-head-missing", lambda client: client.has_blob("0" * 64), False),
    ("blob-post-created", lambda client: client.upload(HELLO, io.BytesIO(b"hello"), 5), None),
    ("blob-post-again", lambda client: client.upload(HELLO, io.BytesIO(b"hello"), 5), None),
]

REFUSALS = [
    ("delete-missing", lambda client: client.delete("missing"), 404, "model 'missing' not found"),
    ("delete-invalid-name", lambda client: client.delete("bad name!"), 400, 'name "bad name!" is invalid'),
    ("copy-missing-source", lambda client: client.copy("missing", "copy"), 404, 'model "missing" not found'),
    ("embed-unsupported", lambda client: client.embed("tiny", "hello"), 501,
     "This server does not support embeddings. Start it with `--embeddings`"),
    ("pull-invalid-name", lambda client: list(client.pull("bad name!")), 400, "invalid model name"),
    ("pull-missing-model", lambda client: list(client.pull("absent")), 200, "pull model manifest: file does not exist"),
    ("show-missing", lambda client: client.show("missing"), 404, "model 'missing:latest' not found"),
    ("create-bad-template", lambda client: list(client.create("bad", {})), 400, "template error: template: :1: unclosed action"),
    ("blob-head-bad-digest", lambda client: client.has_blob("xyz"), 400, ""),
    ("blob-post-mismatch", lambda client: client.upload("0" * 64, io.BytesIO(b"mismatched"), 10), 400, "digest mismatch, expected"),
    ("host-header-foreign", lambda client: client.tags(), 403, ""),
    ("unknown-path", lambda client: client.tags(), 404, "404 page not found"),
    ("method-post-tags", lambda client: client.tags(), 405, "405 method not allowed"),
]


@pytest.mark.parametrize("case, call, answer", CALLS, ids=[row[0] for row in CALLS])
def test_understands_what_a_server_answers(serve, reply, case, call, answer):
    server = serve(reply.recorded(case))
    assert call(Client(server.url)) == answer


@pytest.mark.parametrize("case, call, status, text", REFUSALS, ids=[row[0] for row in REFUSALS])
def test_tells_refusals_in_the_servers_words(serve, reply, case, call, status, text):
    server = serve(reply.recorded(case))
    with pytest.raises(Refused) as caught:
        call(Client(server.url))
    assert (caught.value.status, server.url in str(caught.value)) == (status, True)
    assert text in str(caught.value) and caught.value.text.startswith(text)


def test_sends_what_the_recordings_sent(serve, reply, recorded):
    server = serve(reply.recorded("pull-fresh"))
    list(Client(server.url).pull("127.0.0.1:5001/library/tiny:latest", insecure=True))
    method, path, body, headers = server.requests[0]
    asked = recorded("pull-fresh")["request"]
    assert (method, path, body) == (asked["method"], asked["path"], asked["body"])
    assert headers["Content-Type"] == "application/json"


def test_loads_and_unloads_by_an_empty_prompt(serve, reply):
    server = serve(reply(body={"done": True}))
    Client(server.url).unload("m")
    assert server.requests[0][:3] == ("POST", "/api/generate", {"model": "m", "keep_alive": 0, "stream": False})


def test_a_model_that_only_embeds_is_loaded_by_an_empty_text(serve, reply):
    server = serve(reply(body={"embeddings": []}))
    Client(server.url).load("m", embeds=True, keep_alive=-1)
    assert server.requests[0][:3] == ("POST", "/api/embed", {"model": "m", "keep_alive": -1, "input": ""})


def test_sends_a_file_as_it_is(serve, reply, recorded):
    server = serve(reply.recorded("blob-post-created"))
    Client(server.url).upload(HELLO, io.BytesIO(b"hello"), 5)
    method, path, body, headers = server.requests[0]
    assert (method, path) == ("POST", recorded("blob-post-created")["request"]["path"])
    assert (headers["Content-Length"], headers["Content-Type"], body) == ("5", "application/octet-stream", b"hello")


def test_sends_a_definition_with_its_name(serve, reply, recorded):
    server = serve(reply.recorded("create-derived"))
    asked = recorded("create-derived")["request"]["body"]
    list(Client(server.url).create(asked["model"], {key: asked[key] for key in asked if key != "model"}))
    assert server.requests[0][:3] == ("POST", "/api/create", asked)


@pytest.mark.parametrize("body", [{"modelfile": 5}, {"messages": "x"}, {"messages": ["x"]}, {"system": 5}])
def test_what_describes_no_model_is_no_answer(serve, reply, body):
    with pytest.raises(NotOllama, match="/api/show has no usable description of a model: this is not an Ollama API"):
        Client(serve(reply(body=body)).url).show("m")
