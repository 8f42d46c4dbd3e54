# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""HTTP with one Ollama server: requests, streams, and every shape in which it says no.

Errors come in four kinds, so that callers can tell what may pass from what will not:
``Unreachable`` (nobody answers), ``Interrupted`` (the answer stopped), ``Refused`` (the server says no) and
``NotOllama`` (what answers speaks something else).
"""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

LONGEST_LINE = 4 * 1024 * 1024
LONGEST_BODY = 256 * 1024 * 1024
BLOCK = 1024 * 1024  # of a file that is sent


class ClientError(FleetError):
    """Any failure of a call to the server."""


class Unreachable(ClientError):
    """No connection could be made."""


class Interrupted(ClientError):
    """The connection broke, or stayed silent too long, before the answer was complete."""


class NotOllama(ClientError):
    """The answer is not what an Ollama server says."""


class Refused(ClientError):
    """The server said no. ``status`` is HTTP's (200 when a stream ended in an error), ``text`` the server's words."""

    def __init__(self, message, status, text):
        super().__init__(message)
        self.status = status
        self.text = text


class Transport:
    """Requests to the server at ``url``. ``timeout`` is the longest silence in seconds, not a total.

    Proxies from the environment are never used: the API is on this host or next to it.
    """

    def __init__(self, url, timeout):
        self.url = url.rstrip("/")
        self.timeout = timeout
        self._parts = _split_url(self.url)

    def object(self, method, path, fields=None, timeout=None):
        """The answer as a dict; Refused where it is an error, whatever its status."""
        value = self._parse(path, self.body(method, path, fields, timeout))
        if "error" in value:
            raise self._refusal(path, 200, str(value["error"]))
        return value

    def body(self, method, path, fields=None, timeout=None):
        """The whole answer in bytes."""
        with self._answer(method, path, fields, timeout) as answer:
            body = self._read(path, answer.read, LONGEST_BODY)
            if answer.length:
                raise self._interruption(path, f"{answer.length} bytes are missing")
            return body

    def send(self, path, stream, length, timeout=None):
        """POST the ``length`` bytes of a binary ``stream``."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(length)}
        with self._answer("POST", path, stream, timeout, headers) as answer:
            self._read(path, answer.read, LONGEST_LINE)

    def stream(self, method, path, fields=None, timeout=None):
        """Yield the answer's lines as dicts. Its end proves nothing: a server that is stopped just stops."""
        with self._answer(method, path, fields, timeout) as answer:
            while True:
                line = self._read(path, answer.readline, LONGEST_LINE)
                if not line:
                    return
                event = self._parse(path, line)
                if "error" in event:
                    raise self._refusal(path, 200, str(event["error"]))
                yield event

    def stranger(self, path, what):
        """The error for an answer that no Ollama gives."""
        return NotOllama(f"{self.url}{path} {what}: this is not an Ollama API; check the url")

    def _answer(self, method, path, content, timeout, headers=None):
        """Send the request, ``content`` as JSON unless ``headers`` say what it is; the response (a context manager that
        closes the connection) when its status is 2xx."""
        connection = self._connect()
        try:
            connection.sock.settimeout(timeout or self.timeout)
            body = content if headers or content is None else json.dumps(content)
            headers = {"Connection": "close", **(headers or {"Content-Type": "application/json"})}
            connection.request(method, self._parts.path + path, body, headers)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._interruption(path, error) from error
        if not 200 <= answer.status < 300:
            with answer:
                text = self._read(path, answer.read, LONGEST_LINE)
            raise self._refusal(path, answer.status, _words(text))
        return answer

    def _connect(self):
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.hostname, self._parts.port, timeout=self.timeout, blocksize=BLOCK)
        try:
            connection.connect()
        except (OSError, ValueError) as error:
            connection.close()
            raise Unreachable(
                f"Ollama does not answer at {self.url} ({_cause(error)}): "
                "is the service running, and is this its address?"
            ) from error
        return connection

    def _read(self, path, read, limit):
        try:
            return read(limit)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._interruption(path, error) from error

    def _parse(self, path, text):
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise self.stranger(path, f"answered {text[:60].decode('utf-8', 'replace')!r}")
        return value

    def _interruption(self, path, error):
        return Interrupted(f"Ollama at {self.url} broke off the answer to {path} ({_cause(error)}): see its log")

    def _refusal(self, path, status, text):
        if status == 403 and not text:
            host = self._parts.netloc
            text = f"no reason given, as when it does not accept the Host header {host!r}; call it by its address"
        return Refused(f"Ollama at {self.url} refused {path}: {status} {text or 'with no reason given'}", status, text)


def _split_url(url):
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url or parts.username is not None or parts.query or parts.fragment:
        raise FleetError(f"url {shown(url)} is no API address; write http://host:port, "
                         "for example http://127.0.0.1:11434")
    return parts


def _words(body):
    """The reason in an error answer: JSON's ``error``, else the plain text."""
    text = body.decode("utf-8", "replace").strip()
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return str(value["error"]) if isinstance(value, dict) and "error" in value else text


def _cause(error):
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return "no answer in time"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
