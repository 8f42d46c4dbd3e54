# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import urllib.request

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._web import Refused, SameOrSafer, Web
from ansible_collections.barellama.fleet.tests.standin.sites import Sites


def test_text_is_asked_for_again(serve, reply):
    server = serve(reply(503), reply(body=b"some words\n"))
    pauses = []
    assert Web(5, pauses.append).text(server.url) == "some words\n"
    assert pauses == [1]


def test_redirect_keeps_the_method(serve, reply):
    last = serve(reply(body=b"x" * 12))
    first = serve(reply(302, headers={"Location": last.url + "/there"}))
    assert Web(5).size(first.url) == 12
    assert [request[:2] for request in last.requests] == [("HEAD", "/there")]


def test_size_that_cannot_be_learned(serve, reply):
    assert Web(5).size(serve(reply(503)).url) is None
    assert Web(5).size(serve(reply(403)).url) is None
    with pytest.raises(Refused):
        Web(5).size(serve(reply(404)).url)


def test_never_from_https_to_http():
    request = urllib.request.Request("https://safe.example/file")
    with pytest.raises(FleetError) as caught:
        SameOrSafer().redirect_request(request, None, 302, "Found", {}, "http://safe.example/file")
    assert str(caught.value) == (
        "https://safe.example/file redirects to a plain http address: refused, use another base_url"
    )
    assert SameOrSafer().redirect_request(request, None, 302, "Found", {}, "https://other.example/file")


OUTSIDE, INSIDE = "https://1.1.1.1/file", ["https://127.0.0.1/", "https://[::1]:5/", "https://10.0.0.7/", "https://169.254.169.254/latest"]


@pytest.mark.parametrize("inside", INSIDE)
def test_never_from_the_outside_to_an_address_within(inside):
    with pytest.raises(FleetError, match=r"redirects to \S+, an address of an internal network: refused"):
        SameOrSafer().redirect_request(urllib.request.Request(OUTSIDE), None, 307, "", {}, inside)
    for start, end in ((OUTSIDE, "https://8.8.8.8/"), (inside, OUTSIDE), (inside, INSIDE[0]), (OUTSIDE, "https://nowhere.invalid/")):
        assert SameOrSafer().redirect_request(urllib.request.Request(start), None, 307, "", {}, end)


def test_certificate_that_nobody_vouches_for(tmp_path):
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
            "-keyout",
            tmp_path / "key",
            "-out",
            tmp_path / "cert",
        ],
        check=True,
        capture_output=True,
    )
    with Sites(tmp_path / "registry", tmp_path, tls=(tmp_path / "cert", tmp_path / "key")) as sites:
        with pytest.raises(FleetError, match="certificate: add the site's CA to the host's trust store$"):
            Web(5).text(f"https://{sites.address}/releases/v1/x")
