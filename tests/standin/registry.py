# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in registry: version 2 of the protocol, as far as an Ollama server asks, for pulling only.

A blob is not served here: the client is sent (307) to the same process under another host name, as Ollama's registry
does. A plain registry serves it itself (200), which Ollama refuses.
"""

from __future__ import annotations

import hashlib
import json
import re

from . import tokens
from .replies import Reply, file_reply, not_found, registry_error, text

PATH = re.compile(
    r"(?P<direct>/direct(?=.*/blobs/))?/v2/(?P<repository>\w[\w.-]*/\w[\w.-]*)"
    r"/(?P<kind>manifests|blobs)/(?P<reference>\w[\w.:-]*)"
)
AGENT = re.compile(r"ollama/(\d+(?:\.\d+)*)")
TOO_OLD = """

The model you are attempting to pull requires a newer version of Ollama.

Please download the latest version at:

\thttps://ollama.com/download

"""


class Registry:
    """Answers requests from a Shelf (see models.py).

    ``blob_host``: NAME:PORT to send clients to for blobs. ``plain``: serve blobs without that. ``token``: manifests and
    blobs only for those who bring a token.
    """

    def __init__(self, shelf, blob_host, plain=False, token=False):
        self.shelf = shelf
        self.blob_host = blob_host
        self.plain = plain
        self.token = token

    def answer(self, request):
        """Return the Reply, or the 404 of a path that is none of the registry's."""
        if request.path == "/token" and self.token:
            return tokens.issue(request)
        match = PATH.fullmatch(request.path)
        if not match:
            return not_found()
        if request.method not in ("GET", "HEAD"):
            return registry_error(405, "UNSUPPORTED", "this registry is read-only")
        if match["direct"]:
            return self._content(request, match["reference"])
        if self.token and not tokens.permits(request):
            return tokens.refuse(request)
        if match["kind"] == "manifests":
            return self._manifest(request, "%s:%s" % (match["repository"], match["reference"]))
        if request.method == "HEAD" or self.plain:
            return self._content(request, match["reference"])
        return self._redirect(request, match["reference"])

    def _manifest(self, request, name):
        path = self.shelf.manifest(name)
        if not path.is_file():
            return registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown to registry")
        body = path.read_bytes()
        if _too_old(request.header("User-Agent"), self._requires(body)):
            return text(412, TOO_OLD)
        headers = {
            "Content-Type": "text/plain; charset=utf-8",
            "ollama-content-digest": hashlib.sha256(body).hexdigest(),
            "ollama-push-time": "%d" % path.stat().st_mtime,
        }
        return Reply(200, headers, body, sized=False)

    def _requires(self, manifest):
        """Return the Ollama version that the model's configuration asks for; none if there is no reading it."""
        try:
            config = self.shelf.blob(json.loads(manifest.decode("utf-8"))["config"]["digest"])
            return json.loads(config.read_text(encoding="utf-8")).get("requires")
        except (ValueError, KeyError, TypeError, OSError):
            return None

    def _redirect(self, request, digest):
        if not self.shelf.blob(digest).is_file():
            return _blob_unknown()
        location = "%s://%s/direct%s" % (request.scheme, self.blob_host, request.path)
        return text(307, '<a href="%s">Temporary Redirect</a>.\n\n' % location, Location=location)

    def _content(self, request, digest):
        path = self.shelf.blob(digest)
        return file_reply(request, path, '"%s"' % digest) if path.is_file() else _blob_unknown()


def _blob_unknown():
    return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry")


def _too_old(agent, requires):
    """Whether the client is no Ollama, or one older than ``requires`` (a version; None lets everybody pass)."""
    if not requires:
        return False
    match = AGENT.match(agent)
    return not match or _numbers(match[1]) < _numbers(requires)


def _numbers(version):
    return [int(number) for number in version.split(".")]
