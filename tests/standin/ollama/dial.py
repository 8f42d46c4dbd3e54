# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP requests to other machines, with connection errors in Go's words."""

from __future__ import annotations

import http.client
import os
import platform
import re
import socket
import ssl
from urllib.parse import urljoin, urlsplit

from . import faults
from .errors import GoError
from .version import version

PORTS = {"http": 80, "https": 443}
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE", "PACKET_LENGTH")
MAX_REDIRECTS = 10


class Response:
    """An open HTTP answer."""

    def __init__(self, url, connection, response):
        self.url = url
        self.status = response.status
        self.headers = response.headers
        self.read = response.read
        self._connection = connection

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        self.close()

    def close(self):
        self._connection.close()


def follow(method, url, headers, same_host_only=False):
    """Return the answer behind all redirects, or (``same_host_only``) the first that leads to another host name."""
    first = urlsplit(url).hostname
    for _count in range(MAX_REDIRECTS):
        response = ask(method, url, headers)
        location = response.headers.get("Location")
        if response.status not in (301, 302, 303, 307, 308) or not location:
            return response
        target = urljoin(url, location)
        if same_host_only and urlsplit(target).hostname != first:
            return response
        response.close()
        url = target
    raise GoError("maximum redirects exceeded (10) for directURL")


def ask(method, url, headers, timeout=30):
    """Send one request and return its Response; nothing is followed."""
    parts = urlsplit(url)
    what = f'{method.capitalize()} "{url}": '
    connection = http.client.HTTPConnection(parts.hostname, parts.port or PORTS[parts.scheme], timeout=timeout)
    try:
        connection.sock = _dial(parts, timeout)
        path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        connection.request(method, path, headers=dict(headers, Host=parts.netloc))
        return Response(url, connection, connection.getresponse())
    except GoError as error:
        raise GoError(what + str(error)) from None
    except (http.client.HTTPException, ConnectionError):
        connection.close()
        raise GoError(what + "EOF") from None
    except OSError:
        connection.close()
        raise GoError(what + "net/http: timeout awaiting response headers") from None


def _dial(parts, timeout):
    port = parts.port or PORTS[parts.scheme]
    ip, port = _looked_up(parts.hostname, port)
    try:
        plain = socket.create_connection((ip, port), timeout)
    except OSError as error:
        words = "connect: " + os.strerror(error.errno).lower() if error.errno else "i/o timeout"
        raise GoError("dial tcp %s:%d: %s" % (ip, port, words)) from None
    if parts.scheme == "http":
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)
    except ssl.SSLCertVerificationError:
        raise GoError("tls: failed to verify certificate: x509: certificate signed by unknown authority") from None
    except ssl.SSLError as error:
        if any(word in (error.reason or "") for word in NOT_TLS):
            raise GoError("tls: first record does not look like a TLS handshake") from None
        raise GoError(f"remote error: tls: {error.reason}") from None


def _looked_up(name, port):
    """Return (ip, port) for a host name; the fault key `hosts` may say that it is elsewhere, or (null) nowhere."""
    known = faults.read().get("hosts", {})
    place = known.get("%s:%d" % (name, port), known.get(name, ""))
    try:
        if place is None:
            raise socket.gaierror(socket.EAI_NONAME, "")
        if place:
            ip, _, own_port = place.partition(":")
            return ip, int(own_port or port)
        found = socket.getaddrinfo(name, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
        return min(found, key=lambda entry: entry[0] != socket.AF_INET)[4][0], port
    except socket.gaierror as error:
        words = "server misbehaving" if error.errno == socket.EAI_AGAIN else "no such host"
        raise GoError(f"dial tcp: lookup {name} on {_name_server()}:53: {words}") from None


def _name_server():
    try:
        with open("/etc/resolv.conf", encoding="utf-8") as stream:
            return re.search(r"^nameserver\s+(\S+)", stream.read(), re.M).group(1)
    except (OSError, AttributeError):
        return "127.0.0.1"


def user_agent():
    machine = ARCHITECTURES.get(platform.machine(), platform.machine())
    return f"ollama/{version()} ({machine} linux) Go/go1.26.0"
