# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Downloads of blobs: in parts, side by side, resumable, shared by all requests that want the same blob."""

from __future__ import annotations

import concurrent.futures
import errno
import http.client
import os
import threading
import time

from . import disk, faults, log, parts
from .dial import ask, user_agent
from .errors import Cancelled, GoError

RETRIES = 6
STALL_SECONDS = 30
TICK_SECONDS = 0.06
PIECE = 1 << 18

_running = {}
_running_lock = threading.Lock()


class Download:
    """One blob on its way to the store; the files beside it say how far each part is."""

    def __init__(self, path, registry, url):
        self.path = path
        self.partial = path + "-partial"
        self.registry = registry
        self.url = url
        self.parts = []
        self.waiters = 0
        self.disk_full = False
        self.error = None
        self.finished = threading.Event()
        self.cancelled = threading.Event()

    @property
    def total(self):
        return sum(part["Size"] for part in self.parts)

    @property
    def completed(self):
        return sum(part["Completed"] for part in self.parts)

    def prepare(self):
        """Find the parts: those of an earlier try, or new ones for the size that the registry tells."""
        self.parts = parts.found(self.partial) or parts.plan(self.partial, self.registry.blob_size(self.url))
        size = parts.human(self.parts[0]["Size"] if self.parts else 0)
        name = os.path.basename(self.path)[7:19]
        log.info("download.go:181", "downloading %s in %d %s part(s)" % (name, len(self.parts), size))

    def run(self):
        """Fetch all parts, then give the file its name; the outcome is in ``error`` once ``finished`` is set."""
        try:
            with disk.open_for_update(self.partial) as stream:
                stream.truncate(self.total)
                direct = self.registry.direct_url(self.url)
                self._fetch_all(stream, direct)
            for number in range(len(self.parts)):
                disk.remove(parts.path(self.partial, number))
            disk.rename(self.partial, self.path)
        except (GoError, Cancelled) as error:
            self.error = error
        finally:
            with _running_lock:
                _running.pop(self.path, None)
            self.finished.set()

    def _fetch_all(self, stream, direct):
        with concurrent.futures.ThreadPoolExecutor(parts.COUNT) as pool:
            jobs = [pool.submit(self._fetch_with_retries, stream, direct, part)
                    for part in self.parts if part["Completed"] < part["Size"]]
            done, _rest = concurrent.futures.wait(jobs, return_when=concurrent.futures.FIRST_EXCEPTION)
            failed = [job.exception() for job in done if job.exception()]
            if failed:
                self.cancelled.set()
                raise failed[0]

    def _fetch_with_retries(self, stream, direct, part):
        tries, error = 0, None
        while tries < RETRIES:
            try:
                return self._fetch(stream, direct, part)
            except TimeoutError:
                continue
            except GoError as problem:
                if getattr(problem, "number", None) == errno.ENOSPC:
                    self.disk_full = True
                    raise
                error = problem
            self._pause(faults.read().get("retry_seconds", 1.0) * 2 ** tries)
            tries += 1
        raise GoError(f"max retries exceeded: {error}")

    def _fetch(self, stream, direct, part):
        """Fetch what is missing of a part; what arrived counts only where the answer just ended or was cancelled."""
        before = part["Completed"]
        start, end = part["Offset"] + before, part["Offset"] + part["Size"]
        try:
            self._copy(stream, direct, part, start, end)
        except GoError:
            part["Completed"] = before
            raise
        except Cancelled:
            if not self.disk_full:
                parts.write(self.partial, part)
            raise
        parts.write(self.partial, part)
        if part["Completed"] < part["Size"]:
            raise GoError("unexpected EOF")

    def _copy(self, stream, direct, part, start, end):
        headers = {"Range": "bytes=%d-%d" % (start, end - 1), "User-Agent": user_agent()}
        stall = faults.read().get("stall_seconds", STALL_SECONDS)
        with ask("GET", direct, headers, stall) as response:
            position = start
            while position < end:
                if self.cancelled.is_set():
                    raise Cancelled()
                try:
                    piece = response.read(min(PIECE, end - position))
                except (http.client.HTTPException, ConnectionError):
                    return
                if not piece:
                    return
                disk.write_at(stream, self.partial, position, piece)
                position += len(piece)
                part["Completed"] += len(piece)

    def _pause(self, seconds):
        if self.cancelled.wait(seconds):
            raise Cancelled()


def fetch(path, registry, url, report, gone):
    """Bring one blob to ``path``, alone or together with others who wait for it.

    ``report(total, completed)`` is called at every tick; ``gone()`` says that the client has left. The download ends
    with its last waiter.
    """
    download = _joined(path, registry, url)
    if download is None:
        return
    try:
        while not download.finished.wait(TICK_SECONDS):
            report(download.total, download.completed)
            if gone():
                raise Cancelled()
    finally:
        with _running_lock:
            download.waiters -= 1
            if not download.waiters:
                download.cancelled.set()
        if download.cancelled.is_set():
            download.finished.wait()  # so that what the part files say stands when the request is over
    if download.error:
        raise download.error


def _joined(path, registry, url):
    """Return the blob's download with one more waiter, begun here unless it runs; None when it has just ended well.

    Upstream lets a request join a download that is being cancelled, so that it ends with it; here it waits and begins
    anew, because nothing outside tells when that moment is over.
    """
    while True:
        with _running_lock:
            download = _running.get(path)
            if download is None and os.path.exists(path):
                return None
            if download is None:
                download = Download(path, registry, url)
                download.prepare()
                _running[path] = download
                threading.Thread(target=download.run, daemon=True).start()
            if not download.cancelled.is_set():
                download.waiters += 1
                return download
        download.finished.wait()


def stop_all(seconds):
    """Cancel every download and give the part files a moment to be written."""
    with _running_lock:
        running = list(_running.values())
    for download in running:
        download.cancelled.set()
    deadline = time.monotonic() + seconds
    for download in running:
        download.finished.wait(max(0, deadline - time.monotonic()))
