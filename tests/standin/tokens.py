# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token dance of a registry that asks who one is.

A signed request for a token is recognised by its form only: the standard library cannot verify Ed25519.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qs

from .replies import document, registry_error, text


def challenge(request):
    """Return the WWW-Authenticate header that sends the client to /token on the host it already speaks to."""
    host = request.header("Host")
    return 'Bearer realm="%s://%s/token",service="%s",scope="%s"' % (request.scheme, host, host, _scope(request.path))


def refuse(request):
    return registry_error(401, "UNAUTHORIZED", "authentication required", **{"WWW-Authenticate": challenge(request)})


def permits(request):
    """Whether the request carries the token that was given out for its model."""
    return request.header("Authorization") == "Bearer " + _token(_scope(request.path))


def issue(request):
    """Answer GET /token?service=…&scope=…, signed by the caller: ``<public key>:<signature>``, both in base64."""
    key, _colon, signature = request.header("Authorization").partition(":")
    if not _is_base64(key) or not _is_base64(signature):
        return text(401, "unauthorized")
    scope = parse_qs(request.query).get("scope", [""])[0]
    return document(200, {"token": _token(scope)})


def _scope(path):
    return "repository:%s:pull" % "/".join(path.split("/")[2:4])


def _token(scope):
    return base64.b64encode(scope.encode("utf-8")).decode("ascii")


def _is_base64(value):
    try:
        return bool(base64.b64decode(value, validate=True))
    except binascii.Error:
        return False
