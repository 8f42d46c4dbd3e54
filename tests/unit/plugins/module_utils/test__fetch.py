# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import random

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _fetch
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._web import Web
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.release_bed import Site

SIZE = 3_000_000
CONTENT = random.Random(1).randbytes(SIZE)
SUM = hashlib.sha256(CONTENT).hexdigest()


class Download:
    """One file on a site, where it is fetched to, and the pauses that were made."""

    def __init__(self, folder):
        self.site = Site(folder)
        published = folder / "releases" / "v0.34.4" / "asset"
        published.parent.mkdir(parents=True)
        published.write_bytes(CONTENT)
        self.url = f"{self.site.base_url}/v0.34.4/asset"
        self.partial = folder / f"{SUM}.partial"
        self.pauses = []
        self.spaces = []

    def fetch(self, sha256=SUM, idle_timeout=5):
        web = Web(idle_timeout, self.pauses.append)
        _fetch.fetch(web, self.url, str(self.partial), sha256, lambda *sizes: self.spaces.append(sizes))
        assert self.partial.read_bytes() == CONTENT

    def asked(self):
        """(range, status) of each request."""
        return [(span, status) for span, status, _sent in self.site.asked()]


@pytest.fixture
def download(tmp_path):
    download = Download(tmp_path)
    yield download
    download.site.close()


def test_whole_file(download):
    download.fetch()
    assert download.asked() == [(None, 200)]
    assert download.spaces == [(SIZE, SIZE)]
    assert download.pauses == []


def test_resumed_from_what_is_there(download):
    download.partial.write_bytes(CONTENT[:1_000_001])
    download.fetch()
    assert download.site.asked() == [("bytes=1000001-", 206, SIZE - 1_000_001)]
    assert download.spaces == [(SIZE, SIZE - 1_000_001)]


def test_finished_before_is_not_asked_for(download):
    download.partial.write_bytes(CONTENT)
    download.fetch()
    assert download.asked() == []


def test_site_without_ranges_sends_the_whole_file(download):
    download.partial.write_bytes(b"y" * 1000)
    download.site.fail({"ignore_ranges": True})
    download.fetch()
    assert download.asked() == [("bytes=1000-", 200)]


def test_cut_download_goes_on_where_it_stopped(download):
    download.site.fail({"cut_after": 2_000_000, "times": 1})
    download.fetch()
    assert download.asked() == [(None, 200), ("bytes=2000000-", 206)]
    assert download.pauses == [1]


def test_stalled_download_goes_on_where_it_stopped(download):
    download.site.fail({"stall": 30, "stall_after": 2_000_000, "times": 1})
    download.fetch(idle_timeout=0.3)
    assert download.asked() == [(None, 200), ("bytes=2000000-", 206)]


def test_stall_before_the_first_byte(download):
    download.site.fail({"late_ms": 30_000, "times": 1})
    download.fetch(idle_timeout=0.3)
    assert download.pauses == [1]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_troubled_site_is_asked_again(download, status):
    download.site.fail({"status": status, "times": 2})
    download.fetch()
    assert [found for _span, found in download.asked()] == [status, status, 200]
    assert download.pauses == [1, 2]


def test_retry_after_is_honoured_within_reason(download):
    download.site.fail(
        {"status": 429, "headers": {"Retry-After": "7"}, "times": 1},
        {"status": 503, "headers": {"Retry-After": "86400"}, "times": 1},
        {"status": 503, "headers": {"Retry-After": "Sat, 21 Nov 2020 08:00:00 GMT"}, "times": 1},
        {"status": 503, "headers": {"Retry-After": "soon"}, "times": 1},
    )
    download.fetch()
    assert download.pauses == [7, 60, 0, 8]


def test_patience_ends(download):
    download.site.fail({"status": 503})
    with pytest.raises(FleetError) as caught:
        download.fetch()
    assert str(caught.value) == (
        f"{download.url}: the site answers 503, 5 times in a row: see what ails the site, and run again"
    )
    assert download.pauses == [1, 2, 4, 8]


def test_cuts_without_end(download):
    download.site.fail({"cut_after": 1000})
    with pytest.raises(FleetError, match="cut off after 5.0 kB of 3.0 MB, 5 times in a row"):
        download.fetch()
    assert download.partial.stat().st_size == 5000


def test_progress_renews_patience(download):
    download.site.fail(
        *[{"status": 503, "times": 3}, {"cut_after": 1_500_000, "times": 1}, {"status": 503, "times": 3}]
    )
    download.fetch()
    assert download.pauses == [1, 2, 4, 1, 2, 4, 8]


@pytest.mark.parametrize(
    ("status", "cure"),
    [
        (404, "check version and base_url, or give an archive"),
        (410, "check version and base_url, or give an archive"),
        (403, "check base_url and its access"),
        (416, "check base_url and its access"),
    ],
)
def test_a_no_is_told_at_once(download, status, cure):
    download.site.fail({"status": status})
    with pytest.raises(FleetError) as caught:
        download.fetch()
    assert str(caught.value) == f"{download.url}: the site answers {status}: {cure}"
    assert download.pauses == []


def test_nobody_there(download):
    download.site.close()
    with pytest.raises(FleetError, match=r"no answer \(.*Connection refused\), 5 times in a row"):
        download.fetch()


def test_wrong_bytes_once(download):
    download.site.fail({"wrong_bytes": True, "times": 1})
    download.fetch()
    assert download.asked() == [(None, 200), (None, 200)]


def test_wrong_bytes_always(download):
    download.site.fail({"wrong_bytes": True})
    with pytest.raises(FleetError) as caught:
        download.fetch()
    found = hashlib.sha256(bytes([CONTENT[0] ^ 0xFF]) + CONTENT[1:]).hexdigest()
    assert str(caught.value) == (
        f"{download.url} has sha256 {found}, wanted is {SUM}: it was replaced or the site is not to be trusted;"
        " find out which before changing the wanted sum"
    )
    assert download.asked() == [(None, 200), (None, 200)]
    assert not download.partial.exists()


def test_wrong_start_is_fetched_anew(download):
    download.partial.write_bytes(b"y" * 1000)
    download.fetch()
    assert download.asked() == [("bytes=1000-", 206), (None, 200)]


def test_partial_file_longer_than_the_file(download):
    download.partial.write_bytes(CONTENT + b"more")
    download.fetch()
    assert download.asked() == [(f"bytes={SIZE + 4}-", 416), (None, 200)]
    assert download.pauses == [0]


def test_no_space_no_byte(download):
    def refuse(*sizes):
        raise FleetError("no space")

    with pytest.raises(FleetError, match="no space"):
        _fetch.fetch(Web(5), download.url, str(download.partial), SUM, refuse)
    assert not download.partial.exists()
