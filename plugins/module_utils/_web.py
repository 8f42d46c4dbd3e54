# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Reads from web sites with patience: what can pass is tried again after a pause, what cannot is told at once."""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

RETRIES = 4
LONGEST_PAUSE = 60
LONGEST_TEXT = 1 << 20
# A server that fails after every few bytes would otherwise count as progress for ever.
PROGRESS = 1 << 20
CAN_PASS = (408, 425, 429, 500, 502, 503, 504)
GONE = (404, 410)
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class CanPass(Exception):
    """A failure that may be over at the next try, ``pause`` seconds from now if the server named a time."""

    def __init__(self, reason, pause=None):
        super().__init__(reason)
        self.pause = pause


class PastTheEnd(CanPass):
    """The file is not longer than what is there already."""


class Refused(FleetError):
    """The site says no, with HTTP's ``status``."""

    def __init__(self, url, status):
        cure = "check version and base_url, or give an archive" if status in GONE else "check base_url and its access"
        super().__init__(f"{url}: the site answers {status}: {cure}")
        self.status = status


class SameOrSafer(urllib.request.HTTPRedirectHandler):
    """Follows redirects, though never from https to anything less, nor from the outside to addresses within."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if req.type == "https" and not newurl.startswith("https:"):
            raise FleetError(f"{req.full_url} redirects to a plain http address: refused, use another base_url")
        within = urlsplit(newurl).hostname
        if is_within(within) and not is_within(urlsplit(req.full_url).hostname):
            raise FleetError(f"{req.full_url} redirects to {within}, an address of an internal network: refused, do not trust that site")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        # Older Pythons turn a question for the size into a request for the file.
        request.method = req.get_method()
        return request


def is_within(host):
    """Whether a host's name stands for an address that is not one of the internet."""
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False  # who asks will be told, or has a proxy that knows it
    return not all(ipaddress.ip_address(address[0].partition("%")[0]).is_global for *_kind, address in found)


class Web:
    """Reads from web sites. ``idle_timeout`` is the longest silence in seconds, not a total."""

    def __init__(self, idle_timeout, sleep=time.sleep):
        self._idle_timeout = idle_timeout
        self._sleep = sleep
        self._opener = urllib.request.build_opener(SameOrSafer())

    def text(self, url):
        """The small text that ``url`` serves."""

        def read():
            with self.open(url) as answer:
                return read_some(answer.read, LONGEST_TEXT).decode("utf-8", "replace")

        return self.persist(url, read)

    def size(self, url):
        """How many bytes ``url`` would serve, or None where that cannot be learned now. Asks once."""
        try:
            with self.open(url, method="HEAD") as answer:
                return extent(answer)[1]
        except CanPass:
            return None
        except Refused as refusal:
            # Some sites refuse the question itself, and serve the file all the same.
            if refusal.status in GONE:
                raise
            return None

    def persist(self, url, action, progress=lambda: 0):
        """Repeat ``action`` after failures that can pass; give up after RETRIES of them without progress."""
        failures, mark = 0, progress()
        while True:
            try:
                return action()
            except CanPass as problem:
                reached = progress()
                failures = 1 if reached - mark >= PROGRESS else failures + 1
                mark = reached
                if failures > RETRIES:
                    raise FleetError(
                        f"{url}: {problem}, {failures} times in a row: see what ails the site, and run again"
                    ) from None
                pause = 2 ** (failures - 1) if problem.pause is None else problem.pause
            self._sleep(min(pause, LONGEST_PAUSE))

    def open(self, url, start=0, method="GET"):
        headers = {"User-Agent": "barellama.fleet", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            request = urllib.request.Request(url, None, headers, method=method)
            return self._opener.open(request, None, self._idle_timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(url, error, start) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                cure = "add the site's CA to the host's trust store"
                raise FleetError(f"{url}: {reason.verify_message}: {cure}") from None
            raise CanPass(f"no answer ({reason})") from None


def _refusal(url, error, start):
    """The exception that an HTTP status deserves, after a request for the bytes from ``start`` on."""
    if error.code == 416 and start:
        return PastTheEnd("the partial file is too long", pause=0)
    if error.code in CAN_PASS:
        return CanPass(f"the site answers {error.code}", _retry_after(error.headers.get("Retry-After")))
    return Refused(url, error.code)


def _retry_after(text):
    """Seconds that a Retry-After header asks for, as a number or a date; None without one."""
    if not text or text.isdecimal():
        return int(text) if text else None
    try:
        return max(0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def extent(answer):
    """(first byte, size of the whole file or None) of an answer, ranged or not."""
    ranged = CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if answer.status == 206 and ranged:
        return int(ranged.group(1)), int(ranged.group(2))
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def read_some(read, size):
    try:
        return read(size)
    except (OSError, http.client.HTTPException) as error:
        raise CanPass(f"the answer broke off ({error})") from None
