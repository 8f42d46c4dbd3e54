# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sites are asked and what they answer, before any socket is involved."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping, Union

PIECE = 256 * 1024


@dataclass(frozen=True)
class Request:
    """One request. ``path`` is without the query; the keys of ``headers`` are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    scheme: str = "http"

    def header(self, name):
        return self.headers.get(name.lower(), "")

    def without(self, name):
        """Return the same request as if that header had not been sent."""
        kept = {key: value for key, value in self.headers.items() if key != name.lower()}
        return Request(self.method, self.path, self.query, kept, self.body, self.scheme)


@dataclass(frozen=True)
class Span:
    """The bytes from ``start`` up to, not including, ``stop`` of a file."""

    path: Path
    start: int
    stop: int

    def __len__(self):
        return self.stop - self.start

    def pieces(self):
        with open(str(self.path), "rb") as file:
            file.seek(self.start)
            left = len(self)
            while left:
                piece = file.read(min(PIECE, left))
                if not piece:
                    return
                left -= len(piece)
                yield piece


@dataclass(frozen=True)
class Reply:
    """One answer; with ``sized=False`` its length is not told beforehand (chunked)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Union[bytes, Span] = b""
    sized: bool = True

    def pieces(self):
        if isinstance(self.body, Span):
            return self.body.pieces()
        return iter([self.body] if self.body else [])


def text(status, message, **headers):
    return Reply(status, {"Content-Type": "text/plain; charset=utf-8", **headers}, message.encode("utf-8"))


def document(status, content, **headers):
    body = json.dumps(content, separators=(",", ":"))
    return Reply(status, {"Content-Type": "application/json", **headers}, body.encode("utf-8"))


def registry_error(status, code, message, **headers):
    """An error in the registries' shape."""
    return document(status, {"errors": [{"code": code, "message": message}]}, **headers)


def not_found():
    return text(404, "404 page not found\n")


def file_reply(request, path, etag):
    """Answer with a file: all of it, or the range that was asked for (unless If-Range names another content)."""
    size = path.stat().st_size
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", "ETag": etag}
    wanted = _range(request, size, etag)
    if wanted is None:
        return Reply(200, headers, Span(path, 0, size))
    start, stop = wanted
    if start >= stop:
        return Reply(416, {**headers, "Content-Range": "bytes */%d" % size})
    return Reply(206, {**headers, "Content-Range": "bytes %d-%d/%d" % (start, stop - 1, size)}, Span(path, start, stop))


def _range(request, size, etag):
    """Return (start, stop) of the one range asked for, or None when the whole file is meant."""
    match = re.match(r"bytes=(\d*)-(\d*)$", request.header("Range"))
    if not match or match.groups() == ("", "") or request.header("If-Range") not in ("", etag):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1 if last else size)
