# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Where a release's archives come from: a download site, or files that are on the host already, or in a bundle there.

Both answer ``place`` (for messages), ``size()``, ``sums()`` (the text of the sha256sum.txt beside the archive) and
``bring(partial, sha256, demand_space)``, which returns the path of an archive with that very sum.
"""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from ansible_collections.barellama.fleet.plugins.module_utils._bundle_file import opened
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_member import Member
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._fetch import fetch
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import SHA256
from ansible_collections.barellama.fleet.plugins.module_utils._release_record import file_sha256
from ansible_collections.barellama.fleet.plugins.module_utils._web import Web
from ansible_collections.barellama.fleet.plugins.module_utils._words import has_credentials

SUMS = "sha256sum.txt"
BUNDLE = ".tar"  # archives of releases are all compressed


def sources(archive, base_url, release, idle_timeout):
    """The source of each of ``release``'s archives: ``archive`` and, beside it, its overlays, or all in the bundle that it
    is; else all below ``base_url`` (http, https or file).
    """
    if archive and archive.endswith(BUNDLE):
        return [Bundled(archive, each.asset) for each in release.archives]
    if archive:
        folder = os.path.dirname(archive)
        return [HostFile(archive), *(HostFile(os.path.join(folder, overlay.asset)) for overlay in release.overlays)]
    parts = demand_base_url(base_url)
    if parts.scheme == "file":
        folder = os.path.join(unquote(parts.path), f"v{release.version}")
        return [HostFile(os.path.join(folder, archive.asset)) for archive in release.archives]
    web, folder = Web(idle_timeout), f"{base_url.rstrip('/')}/v{release.version}"
    return [Site(folder, archive.asset, web) for archive in release.archives]


def demand_base_url(base_url):
    """The parts of an address that may be told, and read from."""
    if has_credentials(base_url):
        raise FleetError("base_url carries a user name or password: take it out, it would show in messages and logs")
    try:
        parts = urlsplit(base_url)
        usable = parts.port != 0 and (parts.hostname if parts.scheme in ("http", "https") else parts.scheme == "file")
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise FleetError(f"base_url {base_url!r} is no address of releases: write https://host/path or file:///path")
    if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
        raise FleetError(f"base_url {base_url!r} is relative: write file:///path, with three slashes")
    return parts


class Site:
    def __init__(self, folder, asset, web):
        self.place = f"{folder}/{asset}"
        self._sums = f"{folder}/{SUMS}"
        self._web = web

    def size(self):
        return self._web.size(self.place)

    def sums(self):
        return self._web.text(self._sums)

    def bring(self, partial, sha256, demand_space):
        fetch(self._web, self.place, partial, sha256, demand_space)
        return partial


class HostFile:
    def __init__(self, path):
        self.place = path

    def size(self):
        if not os.path.isfile(self.place):
            raise FleetError(f"archive {self.place} is not on this host: bring it there, or let it be downloaded")
        return os.path.getsize(self.place)

    def sums(self):
        path = os.path.join(os.path.dirname(self.place), SUMS)
        if not os.path.isfile(path):
            raise FleetError(f"{path} is not on this host: put the release's own sums beside it, or give a sum")
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def bring(self, partial, sha256, demand_space):
        demand_space(self.size(), 0)
        found = file_sha256(self.place)
        if found != sha256:
            raise FleetError(
                f"{self.place} has sha256 {found}, wanted is {sha256}: it is another file or damaged; bring it again"
            )
        return self.place


class Bundled:
    """An archive in a bundle, which ollama_bundle wrote."""

    def __init__(self, path, asset):
        self.place = os.path.join(path, asset)
        self._path, self._asset = path, asset

    def size(self):
        with opened(self._path) as bundle:
            return bundle.index.blobs[self._digest(bundle)]

    def sums(self):
        with opened(self._path) as bundle:
            return f"{self._digest(bundle)}  {self._asset}"

    def bring(self, partial, sha256, demand_space):
        with opened(self._path) as bundle:
            found = self._digest(bundle)
            if found != sha256:
                raise FleetError(f"{self.place} has sha256 {found}, wanted is {sha256}: it is of another version; make the bundle again")
            size = bundle.index.blobs[found]
            demand_space(size, size)
            with open(partial, "ab+") as stream:
                right = Member(stream, 0, size).fill(bundle.source(found), found)
            if not right:
                os.remove(partial)
                raise FleetError(f"blob {found} of bundle {self._path} is not what its digest says: bring the bundle again")
        return partial

    def _digest(self, bundle):
        if self._asset not in bundle.index.archives:
            offered = ", ".join(bundle.index.archives) or "no release"
            raise FleetError(f"bundle {self._path} has no {self._asset}: make it again with that; this one has {offered}")
        return bundle.index.archives[self._asset]


def listed_sha256(sums, asset):
    """The sha256 of ``asset`` in the lines of a sha256sum.txt, whose names may begin with ``./`` or ``*``."""
    for line in sums.splitlines():
        digits, _space, name = line.strip().lower().partition(" ")
        if name.strip(" *") in (asset, f"./{asset}") and SHA256.fullmatch(digits):
            return digits
    raise FleetError(f"the release's {SUMS} has no sha256 of {asset}: give it under checksums (ollama_release_checksums)")
