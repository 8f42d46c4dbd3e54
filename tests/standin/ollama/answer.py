# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP answer, written as Go's server writes it, with the faults that the request is to meet."""

from __future__ import annotations

import select
import socket
import time

from . import gojson, log
from .errors import Cancelled, GoError

JSON = "application/json; charset=utf-8"
PLAIN_JSON = "application/json"
LINES = "application/x-ndjson"
BUFFER = 2048
CLOSING_REST = 256 << 10


class Answer:
    """Where a route puts its answer; ``handler`` is the HTTP handler of the connection."""

    def __init__(self, handler, fault):
        self._handler = handler
        self._fault = fault
        self._sent = 0
        self._last = None
        self._headers_sent = False
        self.status = 0

    def empty(self, status, headers=()):
        self._begin(status, None, headers, 0)
        self._last = b""

    def text(self, status, text, content_type="text/plain", headers=()):
        self._whole(status, text.encode("utf-8"), content_type, headers)

    def json(self, status, value, content_type=JSON):
        self._whole(status, gojson.encode(value, ordered=True), content_type, ())

    def error(self, error, content_type=JSON):
        self.json(error.status, {"error": str(error)}, content_type)

    def line(self, value):
        """Send one line of a stream, at once."""
        if not self.status:
            self._begin(200, LINES, (), None)
            self._send_headers()
        self._chunk(gojson.encode(value, ordered=True) + b"\n")

    def fail_stream(self, error):
        """End a stream with an error: as its status where nothing is out yet, as its last line otherwise."""
        if not self.status:
            self._begin(error.status, PLAIN_JSON, (), None)
            self._send_headers()
            self._chunk(gojson.encode({"error": str(error)}))
        else:
            self.line({"error": str(error)})

    def end(self):
        """Finish a chunked answer."""
        self._last = b"0\r\n\r\n" if self._handler.command != "HEAD" else b""

    def complete(self):
        """Send the last bytes, which are held back until the request is in the log, as with Go's server: who has them finds it there."""
        if self._last is not None:
            self._send_headers()
            self._write(self._last)

    def gone(self):
        """True when the client has closed its side."""
        connection = self._handler.connection
        try:
            readable = select.select([connection], [], [], 0)[0]
            return bool(readable) and not connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def _whole(self, status, data, content_type, headers):
        if self._fault.get("body") is not None:
            data = str(self._fault["body"]).encode("utf-8")
        chunked = len(data) > BUFFER
        self._begin(status, content_type, headers, None if chunked else len(data))
        if self._handler.command == "HEAD":
            self._last = b""
            return
        if chunked or self._fault:
            self._send_headers()
        if chunked:
            self._chunk(data)
            self.end()
            return
        data, cut = self._faulty(data)
        if cut:
            self._write(data)
            self._hang_up()
        self._last = data

    def _begin(self, status, content_type, headers, length):
        handler = self._handler
        self.status = status
        handler.send_response_only(status)
        if content_type:
            handler.send_header("Content-Type", content_type)
        for name, value in list(headers) + handler.cors_headers:
            handler.send_header(name, value)
        handler.send_header("Date", handler.date_time_string())
        if length is None:
            handler.send_header("Transfer-Encoding", "chunked")
        elif status != 204 and not (handler.command == "HEAD" and not content_type):
            handler.send_header("Content-Length", str(length))
        if handler.unread > CLOSING_REST:
            handler.send_header("Connection", "close")
            handler.close_connection = True

    def _send_headers(self):
        if self._headers_sent:
            return
        self._headers_sent = True
        try:
            self._handler.end_headers()
        except OSError:
            raise Cancelled() from None

    def _chunk(self, data):
        data, cut = self._faulty(data)
        self._write(b"%x\r\n%s\r\n" % (len(data), data) if data else b"")
        if cut:
            self._hang_up()

    def _faulty(self, data):
        """Apply what shall happen at byte ``at`` of the body; return (data to send, whether to hang up then)."""
        place = self._fault.get("at", 0) - self._sent
        self._sent += len(data)
        if not 0 <= place < len(data):
            return data, False
        if self._fault.get("stall") and self._fault.get("at"):
            time.sleep(self._fault["stall"])
        if self._fault.get("garble"):
            data = data[:place] + bytes(byte ^ 0x55 for byte in data[place:])
        return (data[:place], True) if self._fault.get("cut") else (data, False)

    def _hang_up(self):
        self._handler.close_connection = True
        self._handler.connection.shutdown(socket.SHUT_RDWR)
        raise Cancelled()

    def _write(self, data):
        try:
            self._handler.wfile.write(data)
            self._handler.wfile.flush()
        except OSError:
            raise Cancelled() from None


def progress(answer, request, work):
    """Run ``work`` and send its status lines; without a stream only its end is sent, once it is reached."""
    if request.get("stream", True):
        try:
            work(answer.line)
        except GoError as error:
            answer.fail_stream(error)
        answer.end()
        return
    last = {}
    try:
        work(last.update)
    except GoError as error:
        answer.error(error, PLAIN_JSON)
        return
    answer.json(200, {"status": last["status"]}, PLAIN_JSON)


def injected(fault):
    """Return the error that a fault puts in place of an answer, or None."""
    if "status" not in fault:
        return None
    return GoError(fault.get("error", "injected %d" % fault["status"]), fault["status"])


def stall_before(fault):
    """Wait as the fault says before anything is answered."""
    if fault.get("stall") and not fault.get("at"):
        log.debug("standin", "stalling", seconds=fault["stall"])
        time.sleep(fault["stall"])
