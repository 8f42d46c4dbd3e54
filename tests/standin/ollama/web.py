# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP surface: which path leads to which route, who may ask from where, what a wrong path or method gets."""

from __future__ import annotations

import http.server
import ipaddress
import posixpath
import re
import socket
import time

from . import envconfig, faults, gojson, log
from .answer import Answer, injected, stall_before
from .errors import Cancelled, GoError
from .routes import ROUTES

ALLOWED_HEADERS = "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta," + ",".join(
    "X-Stainless-" + word for word in (
        "Arch", "Async", "Custom-Poll-Interval", "Helper-Method", "Lang", "Os", "Package-Version", "Poll-Helper",
        "Retry-Count", "Runtime", "Runtime-Version", "Timeout"))
PREFLIGHT = [("Access-Control-Allow-Headers", ALLOWED_HEADERS),
             ("Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS"),
             ("Access-Control-Max-Age", "43200"), ("Vary", "Origin"), ("Vary", "Access-Control-Request-Method"),
             ("Vary", "Access-Control-Request-Headers")]
LOCAL_SUFFIXES = (".localhost", ".local", ".internal")
MOVED = '<a href="%s">%s</a>.\n\n'
PIECE = 1 << 20


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection; ``server`` carries the store, the scheduler and the address it is bound to."""

    protocol_version = "HTTP/1.1"
    timeout = None

    def handle_any(self):
        started = time.monotonic()
        self.cors_headers = []
        self.unread = int(self.headers.get("Content-Length") or 0)
        # Not self.path: the base class takes doubled slashes out of it.
        self.path_only = self.requestline.split()[1].split("?", 1)[0]
        fault = faults.for_request(self.command, self.path_only, self.headers.get("X-Standin-Fault"))
        self.answer = Answer(self, fault)
        try:
            stall_before(fault)
            self._dispatch(injected(fault))
            self._drain()
        except Cancelled:
            self.close_connection = True
        log.request(self.answer.status or 499, time.monotonic() - started, self.client_address[0], self.command,
                    self.path_only)
        try:
            self.answer.complete()
        except Cancelled:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any

    def _dispatch(self, fault):
        if self._refused_origin():
            return
        if not self._host_allowed():
            self.answer.empty(403)
            return
        if fault:
            self.answer.error(fault)
            return
        methods, arguments = _found(self.path_only)
        if self._redirected(methods) or self._wrong_method(methods):
            return
        try:
            methods[self.command](self, *arguments)
        except GoError as error:
            self.answer.error(error)

    def body(self, struct, **fields):
        """Return the JSON body as a dict; see gojson.bind."""
        data = b"".join(self.pieces())
        return gojson.bind(data, struct, fields)

    def pieces(self):
        """Yield the request's body as it comes."""
        while self.unread:
            piece = self.rfile.read(min(PIECE, self.unread))
            if not piece:
                raise Cancelled()
            self.unread -= len(piece)
            yield piece

    def _drain(self):
        if not self.close_connection:
            for _piece in self.pieces():
                pass

    def _wrong_method(self, methods):
        if methods is None:
            self.answer.text(404, "404 page not found")
        elif self.command not in methods:
            self.answer.text(405, "405 method not allowed", headers=[("Allow", ", ".join(methods))])
        else:
            return False
        return True

    def _redirected(self, methods):
        """Answer with a redirect where only the slashes are wrong."""
        clean = posixpath.normpath(re.sub("/+", "/", self.path_only))
        if methods is not None or clean == self.path_only or _found(clean)[0] is None:
            return False
        doubled = "//" in self.path_only
        status, words = (307, "Temporary Redirect") if doubled or self.command != "GET" else (301, "Moved Permanently")
        self.answer.text(status, MOVED % (clean, words), "text/html; charset=utf-8", [("Location", clean)])
        return True

    def _refused_origin(self):
        """Apply the rules for requests from web pages; True when the answer is given."""
        origin = self.headers.get("Origin")
        host = self.headers.get("Host", "")
        if not origin or origin in ("http://" + host, "https://" + host):
            return False
        if not any(_matches(origin, allowed) for allowed in envconfig.origins()):
            self.answer.empty(403)
            return True
        self.cors_headers = [("Access-Control-Allow-Origin", origin)]
        if self.command == "OPTIONS":
            methods = _found(self.path_only)[0]
            allow = [("Allow", ", ".join(methods))] if methods else []
            self.answer.empty(204, PREFLIGHT + allow)
            return True
        self.cors_headers.append(("Vary", "Origin"))
        return False

    def _host_allowed(self):
        if not envconfig.is_loopback(self.server.bound_name):
            return True
        host = self.headers.get("Host", "")
        name = host.rpartition(":")[0] if re.search(r":\d+\Z", host) else host
        name = name.strip("[]").lower()
        try:
            address = ipaddress.ip_address(name)
            return address.is_loopback or address.is_unspecified or _is_private(address)
        except ValueError:
            return name in ("", "localhost", socket.gethostname().lower()) or name.endswith(LOCAL_SUFFIXES)

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Keep the base class quiet: the access line is written by handle_any."""


def _is_private(address):
    """True in the networks that Go calls private (Python counts documentation networks in as well)."""
    networks = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
    return any(address in ipaddress.ip_network(network) for network in networks)


def _found(path):
    """Return (method -> route, arguments) for a path; (None, ()) for an unknown one."""
    if path in ROUTES:
        return ROUTES[path], ()
    head, _, last = path.rpartition("/")
    if last and head + "/:digest" in ROUTES:
        return ROUTES[head + "/:digest"], (last,)
    return None, ()


def _matches(origin, allowed):
    pattern = ".*".join(re.escape(part) for part in allowed.split("*"))
    return re.fullmatch(pattern, origin) is not None
