# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._registry import LoginWanted, NotInRegistry, Registry, RegistryError

MANIFEST = json.dumps({"config": {"digest": "sha256:" + "c" * 64, "size": 5}, "layers": []}).encode()


def ask(server, **options):
    registry = Registry("0.34.4", **{"insecure": True, "timeout": 2, **options})
    return registry.manifest(ModelName.parse(f"{server.address}/demo/tiny:v1"))


def test_asks_as_a_server_of_that_version_would(serve, reply):
    server = serve(reply(body=MANIFEST))
    manifest = ask(server)
    assert (manifest.digest, manifest.blobs) == (hashlib.sha256(MANIFEST).hexdigest(), {("c" * 64, 5)})
    method, path, _body, headers = server.requests[0]
    assert (method, path) == ("GET", "/v2/demo/tiny/manifests/v1")
    assert headers["User-Agent"] == "ollama/0.34.4"
    assert headers["Accept"].startswith("application/vnd.docker.distribution.manifest.v2+json")


def test_https_unless_insecure(serve, reply):
    server = serve(reply(body=MANIFEST))
    with pytest.raises(RegistryError):
        ask(server, insecure=False)
    assert server.requests == []


def challenge(reply, realm):
    return reply(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="s",scope="repository:a/b:pull"'})


def test_fetches_an_anonymous_token(serve, reply):
    server = serve()
    server.replies = [
        challenge(reply, f"http://{server.address}/token"),
        reply(body={"token": "abc"}),
        reply(body=MANIFEST),
    ]
    assert ask(server).blobs == {("c" * 64, 5)}
    assert server.requests[1][1] == "/token?service=s&scope=repository%3Aa%2Fb%3Apull"
    assert "Authorization" not in server.requests[1][3]
    assert server.requests[2][3]["Authorization"] == "Bearer abc"


def test_a_realm_on_another_host_is_not_asked(serve, reply):
    stranger = serve(reply(body={"token": "abc"}))
    with pytest.raises(LoginWanted, match="wants a login for .* that an anonymous caller cannot give"):
        ask(serve(challenge(reply, f"{stranger.url}/token")))
    assert stranger.requests == []


@pytest.mark.parametrize("realm", ["file:///etc/passwd", "", "http://[broken"])
def test_a_realm_that_is_no_address_is_told(serve, reply, realm):
    server = serve(challenge(reply, realm))
    with pytest.raises(RegistryError):
        ask(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [{"token": "a\nb"}, {"token": 5}, {}, [], b"no"])
def test_a_bad_token_is_told(serve, reply, answer):
    server = serve()
    server.replies = [challenge(reply, f"http://{server.address}/token"), reply(body=answer)]
    with pytest.raises(RegistryError):
        ask(server)
    assert len(server.requests) == 2


def test_a_second_challenge_is_the_end(serve, reply):
    server = serve()
    realm = f"http://{server.address}/token"
    server.replies = [challenge(reply, realm), reply(body={"token": "abc"}), challenge(reply, realm)]
    with pytest.raises(LoginWanted):
        ask(server)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_is_not_for_everybody_means_a_login(serve, reply, status):
    server = serve()
    server.replies = [challenge(reply, f"http://{server.address}/token"), reply(status)]
    with pytest.raises(LoginWanted):
        ask(server)


@pytest.mark.parametrize("status", [429, 500])
def test_a_token_that_is_not_to_be_had_now_is_no_verdict(serve, reply, status):
    server = serve()
    server.replies = [challenge(reply, f"http://{server.address}/token"), reply(status)]
    with pytest.raises(RegistryError, match=f"did not tell about .*status {status}"):
        ask(server)


def test_what_is_forbidden_wants_a_login(serve, reply):
    with pytest.raises(LoginWanted):
        ask(serve(reply(403)))


@pytest.mark.parametrize(
    "status, words", [(404, "has no .*demo/tiny:v1: check the name"), (412, "newer versions of Ollama")]
)
def test_a_clear_no(serve, reply, status, words):
    with pytest.raises(NotInRegistry, match=words):
        ask(serve(reply(status)))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_no_answer_is_no_verdict(serve, reply, status):
    with pytest.raises(RegistryError, match=f"did not tell about .*status {status}"):
        ask(serve(reply(status)))


def test_nonsense_is_no_verdict(serve, reply):
    with pytest.raises(RegistryError, match="not a model's manifest"):
        ask(serve(reply(body=b"<html>")))


@pytest.mark.parametrize("body", [b" " * (5 << 20) + b"{}", b"[" * 100_000, b'{"config": {"digest": "sha256:../../etc/passwd", "size": 1}, "layers": []}'])
def test_what_is_huge_deep_or_leads_elsewhere_is_no_manifest(serve, reply, body):
    with pytest.raises(RegistryError, match="not a model's manifest"):
        ask(serve(reply(body=body)))


def test_nobody_there():
    with pytest.raises(RegistryError, match="registry 127.0.0.1:1 did not tell about .*[Rr]efused"):
        Registry("0", insecure=True, timeout=1).manifest(ModelName.parse("127.0.0.1:1/demo/tiny"))
