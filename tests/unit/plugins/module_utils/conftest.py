# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that says what a test tells it to, recordings of what a real Ollama said, and beds for releases."""

from __future__ import annotations

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.release_bed import Bed, Site

RECORDINGS = Path(__file__).parents[3] / "contract" / "recordings"


class Reply:
    """One answer: ``lines`` make a chunked stream, else ``body`` is sent whole.

    ``cut`` drops the connection in place of the end, ``wait`` is a silence in seconds before the last line.
    """

    def __init__(self, status=200, body=b"", lines=None, headers=(), cut=False, wait=0):
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.lines = None if lines is None else [json.dumps(line).encode() + b"\n" for line in lines]
        self.headers = dict(headers)
        self.cut = cut
        self.wait = wait

    @classmethod
    def recorded(cls, case):
        """The answer of a recorded case, byte for byte apart from the headers."""
        response = recorded_case(case)["response"]
        if "ndjson" in response:
            lines = [json.loads(line) if isinstance(line, str) else line for line in response["ndjson"]]
            return cls(response["status"], lines=lines)
        body = response["body"]
        return cls(response["status"], body.encode() if isinstance(body, str) else body)


def recorded_case(case):
    return json.loads((RECORDINGS / f"{case}.json").read_text())


class ScriptedServer:
    """Answers ``replies`` (a list, used up in order; the last one for ever) and notes ``requests``."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.requests = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.http.daemon_threads = True
        self.address = f"127.0.0.1:{self.http.server_port}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def handler(script):
    """The class of handlers that answer from ``script``, a ScriptedServer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_words):
            pass

        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = (json.loads(body) if "json" in self.headers["Content-Type"] else body) if body else None
            script.requests.append((self.command, self.path, asked, dict(self.headers)))
            reply = script.replies.pop(0) if len(script.replies) > 1 else script.replies[0]
            self.send_response(reply.status)
            for field, value in reply.headers.items():
                self.send_header(field, value)
            if reply.lines is None:
                self.send_header("Content-Length", str(len(reply.body) + (10 if reply.cut else 0)))
                self.end_headers()
                self.wfile.write(reply.body)
            else:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self._send_lines(reply)
            self.close_connection = True

        def _send_lines(self, reply):
            for position, line in enumerate(reply.lines):
                if position == len(reply.lines) - 1:
                    time.sleep(reply.wait)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
            if not reply.cut:
                self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_DELETE = do_HEAD = handle_any

    return Handler


@pytest.fixture
def serve():
    """Start scripted servers; they end with the test."""
    servers = []

    def start(*replies):
        servers.append(ScriptedServer(*replies))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def reply():
    return Reply


@pytest.fixture
def recorded():
    return recorded_case


@pytest.fixture
def bed(tmp_path):
    """A root for releases, and the archives they come from."""
    return Bed(tmp_path)


@pytest.fixture
def site(tmp_path):
    """A download site with those archives."""
    site = Site(tmp_path)
    yield site
    site.close()


@pytest.fixture
def strict_umask():
    """The umask of a hardened host."""
    former = os.umask(0o077)
    yield
    os.umask(former)
