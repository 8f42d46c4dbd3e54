# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault does what its name says, to whom it names, as often as it says. Resuming downloads is tested beside it."""

from __future__ import annotations

import json
import threading
import time

import pytest

CONTENT = bytes(range(256)) * 40
ASSET = "/releases/v1.2.3/ollama-linux-amd64.tar.zst"


@pytest.fixture
def site(client, tmp_path):
    folder = tmp_path / "releases" / "v1.2.3"
    folder.mkdir(parents=True)
    (folder / "ollama-linux-amd64.tar.zst").write_bytes(CONTENT)
    return client


@pytest.mark.parametrize("headers, status, content", [
    ({}, 200, CONTENT),
    ({"Range": "bytes=0-9"}, 206, CONTENT[:10]),
    ({"Range": "bytes=10000-"}, 206, CONTENT[10000:]),
    ({"Range": "bytes=10000-99999"}, 206, CONTENT[10000:]),
    ({"Range": "bytes=-5"}, 206, CONTENT[-5:]),
    ({"Range": "bytes=10240-"}, 416, b""),
    ({"Range": "bytes=0-1,4-5"}, 200, CONTENT),
    ({"Range": "bytes=9-", "If_Range": '"another"'}, 200, CONTENT),
])
def test_ranges(site, headers, status, content):
    answer = site.ask(ASSET, **headers)
    assert (answer[0], answer[2]) == (status, content)


def test_a_download_resumes_only_while_the_file_is_the_same(site, tmp_path):
    etag = site.ask(ASSET, "HEAD")[1]["ETag"]
    assert site.ask(ASSET, Range="bytes=9-", If_Range=etag)[0] == 206
    (tmp_path / "releases" / "v1.2.3" / "ollama-linux-amd64.tar.zst").write_bytes(CONTENT + b"more")
    assert site.ask(ASSET, Range="bytes=9-", If_Range=etag)[0] == 200


@pytest.mark.parametrize("fault, status, content", [
    ({"cut_after": 700}, 200, CONTENT[:700]),
    ({"cut_after": 0}, 200, b""),
    ({"wrong_bytes": True}, 200, b"\xff" + CONTENT[1:]),
    ({"status": 503}, 503, b'{"errors":[{"code":"TEST","message":"injected 503"}]}'),
    ({"rate": 100000}, 200, CONTENT),
])
def test_what_a_fault_does_to_an_answer(site, fault, status, content):
    site.fault({"path": ASSET, **fault})
    answer = site.ask(ASSET)
    assert (answer[0], answer[2]) == (status, content)
    assert site.asked()[-1]["sent"] == len(content)


def test_ignored_ranges_and_extra_headers(site):
    site.fault({"path": "/releases/*", "ignore_ranges": True, "headers": {"X-Cache": "stale"}})
    status, headers, body = site.ask(ASSET, Range="bytes=5-")
    assert (status, headers["X-Cache"], len(body)) == (200, "stale", len(CONTENT))


def test_faults_come_in_order_and_run_out(site):
    site.fault({"path": "*", "status": 429, "headers": {"Retry-After": "1"}, "times": 1},
               {"path": "/releases/*", "method": "GET", "status": 500, "times": 2})
    assert site.ask(ASSET)[1]["Retry-After"] == "1"
    assert [site.ask(ASSET, method)[0] for method in ("GET", "HEAD", "GET", "GET")] == [500, 200, 500, 200]


def test_an_injected_401_sends_to_a_token_that_is_not_given_out(site):
    site.fault({"path": "/v2/*", "status": 401})
    status, headers, _body = site.ask("/v2/demo/tiny/manifests/latest")
    assert status == 401 and 'realm="http://%s/token"' % site.address in headers["WWW-Authenticate"]
    assert site.ask("/token")[2] == b"404 page not found\n"


@pytest.mark.parametrize("fault, seconds", [({"late_ms": 300}, 0.3), ({"stall": 0.3, "stall_after": 700}, 0.3),
                                            ({"rate": 20480}, 0.5)])
def test_slow_answers_take_their_time(site, fault, seconds):
    site.fault({"path": ASSET, **fault})
    start = time.monotonic()
    assert site.ask(ASSET)[2] == CONTENT
    assert seconds * 0.9 < time.monotonic() - start < 20


def test_clearing_the_faults_ends_a_stall(site):
    site.fault({"path": ASSET, "stall": 60})
    threading.Timer(0.2, site.ask, ["/_faults", "DELETE"]).start()
    assert site.ask(ASSET)[2] == CONTENT
    assert json.loads(site.ask("/_faults")[2]) == []


@pytest.mark.parametrize("body, told", [
    ('{"path": "*", "stal": 1}', "a fault has no field stal; it has: path, method, times"), ("{", "Expecting"),
    ('{"status": 500}', "at least 'path'"), ("[1]", "a fault is an object"),
])
def test_a_fault_that_is_not_understood_is_refused(site, body, told):
    status, _headers, answer = site.ask("/_faults", "PUT", body)
    assert status == 400 and told in json.loads(answer)["error"]
