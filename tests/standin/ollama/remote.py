# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry protocol as a server speaks it: manifests, where blobs are, the token challenge."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from urllib.parse import urlencode, urljoin, urlsplit

from . import keys
from .dial import follow, user_agent
from .errors import GoError

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


class Registry:
    """One registry host; ``insecure`` means plain http, nothing else."""

    def __init__(self, host, insecure):
        self.base = f"{'http' if insecure else 'https'}://{host}"
        self.token = None

    def manifest(self, name):
        """Return the bytes of a model's manifest."""
        url = f"{self.base}/v2/{name.namespace}/{name.model}/manifests/{name.tag}"
        with self._asked("GET", url, {"Accept": MANIFEST_TYPE}) as response:
            return response.read()

    def blob_url(self, name, digest):
        return f"{self.base}/v2/{name.namespace}/{name.model}/blobs/{digest}"

    def blob_size(self, url):
        with self._asked("HEAD", url) as response:
            return int(response.headers.get("Content-Length") or 0)

    def direct_url(self, url):
        """Return where a blob's bytes are: the registry must send us to another host name."""
        with self._asked("GET", url, same_host_only=True) as response:
            if response.status not in (200, 307):
                raise GoError("unexpected status code %d" % response.status)
            location = response.headers.get("Location")
            if not location:
                raise GoError("http: no Location header in response")
            return urljoin(response.url, location)

    def _asked(self, method, url, headers=None, same_host_only=False):
        """Return a good answer, after one round of the token challenge where the registry wants it."""
        for last in (False, True):
            response = follow(method, url, self._headers(headers), same_host_only)
            if response.status != 401:
                break
            challenge = response.headers.get("WWW-Authenticate", "")
            response.close()
            if last:
                raise GoError("unauthorized: access denied")
            self.token = self._token(challenge, urlsplit(url).netloc)
        if response.status == 404:
            response.close()
            raise GoError("file does not exist")
        if response.status >= 400:
            with response:
                raise GoError("%d: %s" % (response.status, response.read().decode("utf-8", "replace")))
        return response

    def _headers(self, extra):
        headers = {"User-Agent": user_agent(), "Accept-Encoding": "identity"}
        headers.update(extra or {})
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        return headers

    def _token(self, challenge, host):
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm = urlsplit(fields.get("realm", ""))
        if realm.netloc != host:
            raise GoError(f'realm host "{realm.netloc}" does not match original host "{host}"')
        query = urlencode({"nonce": secrets.token_urlsafe(16), "scope": fields.get("scope", ""),
                           "service": fields.get("service", ""), "ts": int(time.time())})
        url = realm._replace(query=query).geturl()
        empty = base64.b64encode(hashlib.sha256(b"").hexdigest().encode()).decode()
        signed = keys.signature(f"GET,{url},{empty}")
        with follow("GET", url, {"User-Agent": user_agent(), "Authorization": signed}) as response:
            body = response.read().decode("utf-8", "replace")
            if response.status >= 400:
                raise GoError("%d: %s" % (response.status, body))
        return re.search(r'"token"\s*:\s*"([^"]*)"', body).group(1)
