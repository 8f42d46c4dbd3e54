# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Asking a model registry what a pull would bring, without pulling.

The server itself talks to registries when it pulls; this is for plans and bundles, so it stays anonymous and small.
"""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from urllib.parse import urlencode, urlsplit

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import BadManifest, Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._web import SameOrSafer

LONGEST_ANSWER = 4 * 1024 * 1024
MANIFEST_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class RegistryError(FleetError):
    """The registry did not tell. A pull may work all the same: the server has other means (keys, proxies)."""


class LoginWanted(RegistryError):
    """The registry tells it to those it knows, and not to an anonymous caller. The server may be one: it has a key."""

    def __init__(self, name):
        super().__init__(f"registry {name.host} wants a login for {name} that an anonymous caller cannot give")


class NotInRegistry(FleetError):
    """The registry has no such model or tag, or not for this version: a pull cannot work."""


class Registry:
    """Anonymous questions to whichever registry a name belongs to.

    ``version`` is Ollama's, without "v": registries keep newer models from older servers by it. ``insecure`` means
    plain http, as in a pull. ``timeout`` is in seconds. Proxies from the environment are used.
    """

    def __init__(self, version, insecure=False, timeout=10):
        self.scheme = "http" if insecure else "https"
        self.headers = {"User-Agent": f"ollama/{version}", "Accept": ", ".join(MANIFEST_TYPES)}
        self.timeout = timeout
        self._open = urllib.request.build_opener(SameOrSafer()).open

    def manifest(self, name):
        """The Manifest that the registry holds under ``name`` (a ModelName)."""
        return Manifest.parse(self.body(name))

    def blob_url(self, name, digest):
        """Where the registry has a blob of ``name``, or sends to those who have it."""
        return f"{self.scheme}://{name.host}/v2/{name.namespace}/{name.model}/blobs/sha256:{digest}"

    def open_blob(self, name, digest):
        """The answer that brings a blob, to be read as far as is wanted and closed."""
        try:
            return self._open(urllib.request.Request(self.blob_url(name, digest), headers=self.headers), timeout=self.timeout)
        except urllib.error.HTTPError as error:
            raise _refusal(name, error) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RegistryError(f"registry {name.host} did not tell about {name} ({getattr(error, 'reason', None) or error})") from error

    def body(self, name):
        """The manifest's bytes, which are sure to be one."""
        url = f"{self.scheme}://{name.host}/v2/{name.namespace}/{name.model}/manifests/{name.tag}"
        try:
            try:
                body = self._get(url)
            except urllib.error.HTTPError as error:
                if error.code != 401:
                    raise
                body = self._get(url, self._token(name, error.headers.get("WWW-Authenticate", "")))
            Manifest.parse(body)
            return body
        except urllib.error.HTTPError as error:
            raise _refusal(name, error) from error
        except (OSError, http.client.HTTPException, ValueError, BadManifest) as error:
            reason = getattr(error, "reason", None) or error
            raise RegistryError(f"registry {name.host} did not tell about {name} ({reason})") from error

    def _get(self, url, token=None):
        request = urllib.request.Request(url, headers=self.headers)
        if token:
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        with self._open(request, timeout=self.timeout) as answer:
            return answer.read(LONGEST_ANSWER)

    def _token(self, name, challenge):
        """An anonymous token. The realm must be on the registry's own host: others have no business in this."""
        fields = dict(CHALLENGE.findall(challenge))
        realm = urlsplit(fields.get("realm", ""))
        if realm.scheme not in ("http", "https") or realm.netloc.casefold() != name.host.casefold():
            raise LoginWanted(name)
        query = urlencode({key: fields[key] for key in ("service", "scope") if key in fields})
        try:
            answer = json.loads(self._get(f"{realm.geturl()}?{query}"))
        except urllib.error.HTTPError as error:
            if error.code >= 500 or error.code == 429:
                raise
            raise LoginWanted(name) from error
        token = answer.get("token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token.isprintable():
            raise RegistryError(f"registry {name.host} gave no token for {name}")
        return token


def _refusal(name, error):
    if error.code == 404:
        return NotInRegistry(f"registry {name.host} has no {name}: check the name")
    if error.code == 412:
        return NotInRegistry(f"registry {name.host} keeps {name} for newer versions of Ollama: upgrade it")
    if error.code in (401, 403):
        return LoginWanted(name)
    return RegistryError(f"registry {name.host} did not tell about {name} (status {error.code})")
