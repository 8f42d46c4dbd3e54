# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends a recorded request to a server and writes down the answer in the recordings' form."""

from __future__ import annotations

import http.client
import json

TIMEOUT = 60
COMPUTED = ("Content-Length", "Accept-Encoding")


class Answer:
    """What came back: status, headers (a list of pairs), body; ``lines`` of a stream; or the name of an error."""

    def __init__(self):
        self.status = None
        self.headers = []
        self.body = ""
        self.lines = None
        self.error = None


def send(port, request, data=None, watch=None, whole=False):
    """Send a recording's ``request`` (already translated) and return the Answer.

    ``data`` replaces the body. ``watch(lines)`` is called after each line of a stream; True means that the client
    leaves. ``whole`` reads the body of a stream in one go.
    """
    answer = Answer()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        try:
            _ask(connection, request, _body(request) if data is None else data)
        except (BrokenPipeError, ConnectionResetError) as error:
            answer.error = type(error).__name__
        _read(connection, answer, watch, whole)
    except (OSError, http.client.HTTPException) as error:
        answer.error = type(error).__name__
    finally:
        connection.close()
    return answer


def _ask(connection, request, body):
    headers = {name: value for name, value in request.get("headers", {}).items() if name not in COMPUTED}
    headers["Accept-Encoding"] = "identity"
    connection.request(request["method"], request["path"], body, headers)


def _body(request):
    body = request["body"]
    if body is None or isinstance(body, str):
        return body.encode("utf-8") if body else None
    return json.dumps(body).encode("utf-8")


def _read(connection, answer, watch, whole):
    response = connection.getresponse() if not answer.error else _left_over(connection)
    answer.status = response.status
    answer.headers = response.getheaders()
    if response.getheader("Content-Type", "").startswith("application/x-ndjson") and not whole:
        answer.lines = []
        for line in response:
            answer.lines.append(json.loads(line))
            if watch and watch(answer.lines):
                return
        return
    answer.body = response.read().decode("utf-8", "replace")


def _left_over(connection):
    """Return the answer that came although the request could not be sent to its end."""
    response = http.client.HTTPResponse(connection.sock)
    response.begin()
    return response
