# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in image registry: what Docker and Podman ask to pull an image, from a directory that image.py filled."""

from __future__ import annotations

import json
import re

from .image import Images
from .replies import Reply, file_reply, registry_error

PATH = re.compile(r"/v2/(?P<repository>\w[\w.-]*/\w[\w.-]*)/(?P<kind>manifests|blobs)/(?P<reference>\w[\w.:-]*)")
VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}


class Containers:
    """Answers for the repositories that are in its directory, and for /v2/."""

    def __init__(self, root):
        self.images = Images(root)

    def serves(self, path):
        """Whether a path is this registry's; all others are the model registry's."""
        match = PATH.fullmatch(path)
        return path == "/v2/" or bool(match) and self.images.tag(match["repository"], "").is_dir()

    def answer(self, request):
        """Return the Reply to a request that ``serves`` takes."""
        if request.method not in ("GET", "HEAD"):
            return registry_error(405, "UNSUPPORTED", "this registry is read-only", **VERSION)
        if request.path == "/v2/":
            return Reply(200, {"Content-Type": "application/json", **VERSION}, b"{}")
        match = PATH.fullmatch(request.path)
        if match["kind"] == "blobs":
            path = self.images.blob(match["reference"])
            return file_reply(request, path, '"%s"' % match["reference"]) if path.is_file() else _unknown("BLOB_UNKNOWN")
        return self._manifest(match["repository"], match["reference"])

    def _manifest(self, repository, reference):
        tag = self.images.tag(repository, reference)
        digest = reference if ":" in reference else tag.read_text(encoding="ascii") if tag.is_file() else ""
        path = self.images.blob(digest)
        if not digest or not path.is_file():
            return _unknown("MANIFEST_UNKNOWN")
        body = path.read_bytes()
        headers = {"Content-Type": json.loads(body)["mediaType"], "Docker-Content-Digest": digest, **VERSION}
        return Reply(200, headers, body)


def _unknown(code):
    return registry_error(404, code, "unknown to registry", **VERSION)
