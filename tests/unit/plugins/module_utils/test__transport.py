# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import time

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._client import (
    Client,
    Interrupted,
    NotOllama,
    Refused,
    Unreachable,
)
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError


def test_an_empty_403_is_explained_by_the_host_header(serve, reply):
    server = serve(reply.recorded("host-header-foreign"))
    with pytest.raises(Refused, match=f"does not accept the Host header '{server.address}'; call it by its address"):
        Client(server.url).version()


def test_nobody_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(Unreachable) as caught:
            Client(url).version()
    assert str(caught.value) == (
        f"Ollama does not answer at {url} (connection refused): is the service running, and is this its address?"
    )


def test_a_cut_stream_just_ends(serve, reply):
    server = serve(reply(lines=[{"status": "pulling manifest"}, {"status": "pulling abc"}], cut=True))
    assert [event["status"] for event in Client(server.url).pull("m")] == ["pulling manifest", "pulling abc"]


def test_a_cut_body_is_an_interruption(serve, reply):
    server = serve(reply(body={"models": []}, cut=True))
    with pytest.raises(Interrupted, match="broke off the answer to /api/tags"):
        Client(server.url).tags()


def test_a_stream_may_last_longer_than_the_idle_timeout(serve, reply):
    lines = [{"status": "tick"}, {"status": "success"}]
    server = serve(reply(lines=lines, wait=0.3))
    assert len(list(Client(server.url, timeout=0.1).pull("m", idle_timeout=5))) == 2


def test_silence_beyond_the_idle_timeout_interrupts(serve, reply):
    server = serve(reply(lines=[{"status": "tick"}, {"status": "success"}], wait=60))
    begin = time.monotonic()
    with pytest.raises(Interrupted, match="no answer in time"):
        list(Client(server.url).pull("m", idle_timeout=0.2))
    assert time.monotonic() - begin < 30


def test_proxies_from_the_environment_are_not_used(serve, reply, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server = serve(reply.recorded("version"))
    assert Client(server.url).version() == "0.32.15"


def test_a_path_before_the_api_is_kept(serve, reply):
    server = serve(reply.recorded("version"))
    Client(server.url + "/behind/").version()
    assert server.requests[0][1] == "/behind/api/version"


def test_an_error_with_status_200_is_a_refusal(serve, reply):
    with pytest.raises(Refused, match="refused /api/generate: 200 out of memory"):
        Client(serve(reply(body={"error": "out of memory"})).url).generate("m")


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[]", b"", b"\xff\xfe", b'{"version": 5}', b"{}"])
def test_something_else_answers(serve, reply, body):
    server = serve(reply(body=body))
    with pytest.raises(NotOllama, match="this is not an Ollama API; check the url"):
        Client(server.url).version()


BAD_URLS = [
    "",
    "127.0.0.1:11434",
    "ftp://h",
    "http://",
    "http://h:99999",
    "http://h:x",
    "http://u:p@h",
    "http://h?x=1",
    "http://h h",
    "http://h\n",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_refuses_what_is_no_address(url):
    with pytest.raises(FleetError, match="write http://host:port"):
        Client(url)


@pytest.mark.parametrize("url", ["http://me:hunter2@h:11434", "ftp://me:hunter2@h:11434", "http://me:hunter2@h:x"])
def test_a_password_is_not_told(url):
    with pytest.raises(FleetError) as caught:
        Client(url)
    assert str(caught.value) == (
        f"url '{url.replace('me:hunter2', '***')}' is no API address; write http://host:port, "
        "for example http://127.0.0.1:11434"
    )
