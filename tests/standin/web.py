# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The web server under all sites: it listens, lets faults do their work, and remembers what was asked."""

from __future__ import annotations

import json
import socketserver
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

from .faults import HangUp
from .replies import Reply, Request


class Journal:
    """All requests since the last reset, in the order in which they came; safe to use from many threads."""

    def __init__(self):
        self._entries = []
        self._lock = threading.Lock()

    def open(self, request):
        """Note a request; return its entry, which the server completes while it answers."""
        entry = {
            "time": time.time(),
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "host": request.header("Host"),
            "range": request.header("Range") or None,
            "user_agent": request.header("User-Agent"),
            "authorized": bool(request.header("Authorization")),
            "status": None,
            "sent": 0,
            "fault": False,
        }
        with self._lock:
            self._entries.append(entry)
        return entry

    def control(self, request):
        """Answer /_requests: GET tells, one JSON object a line, DELETE forgets."""
        if request.method == "DELETE":
            with self._lock:
                self._entries = []
        lines = "".join(json.dumps(entry) + "\n" for entry in list(self._entries))
        return Reply(200, {"Content-Type": "application/x-ndjson"}, lines.encode("utf-8"))


class Server(socketserver.ThreadingTCPServer):
    """Listens on (host, port) and answers with ``site(request) -> Reply``; port 0 takes any free one.

    ``tls``: (certificate file, key file) or None.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, site, faults, journal, tls=None):
        super().__init__(address, Handler)
        self.site = site
        self.faults = faults
        self.journal = journal
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            # The handshake is left to the connection's own thread: a silent client must not hold up the others.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request, client_address):
        """Clients that leave early are part of the game; anything else is a defect and shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "standin"
    disable_nagle_algorithm = True

    def do_any(self):
        request = self._read()
        control = {"/_faults": self.server.faults.control, "/_requests": self.server.journal.control}.get(request.path)
        if control:
            self._send(request, control(request), entry={"sent": 0})
            return
        entry = self.server.journal.open(request)
        fault = self.server.faults.take(request)
        entry["fault"] = fault is not None
        reply = fault.answer(request, self.server.site) if fault else self.server.site(request)
        try:
            self._send(request, reply, entry, fault)
        except HangUp:
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any

    def _read(self):
        path, _mark, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Request(self.command, path, query, headers, body, self.server.scheme)

    def _send(self, request, reply, entry, fault=None):
        entry["status"] = reply.status
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header(*("Content-Length", str(len(reply.body))) if reply.sized else ("Transfer-Encoding", "chunked"))
        self.end_headers()
        if request.method == "HEAD":
            return
        for piece in fault.spoil(reply.pieces()) if fault else reply.pieces():
            # Counted before it leaves, so that whoever has the last byte also finds it counted.
            entry["sent"] += len(piece)
            self.wfile.write(piece if reply.sized else b"%x\r\n%s\r\n" % (len(piece), piece))
        if not reply.sized:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_args):
        """The journal is log enough."""
