# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What goes into a bundle, and where its bytes are: in a store, at registries, at the site of the releases."""

from __future__ import annotations

import os

from ansible_collections.barellama.fleet.plugins.module_utils._bundle import Index
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_member import from_bytes, from_file, open_file
from ansible_collections.barellama.fleet.plugins.module_utils._durable import human_size
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import asset_name, checked_sha256
from ansible_collections.barellama.fleet.plugins.module_utils._release_source import demand_base_url
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import Unusable, blobs, demand_store, read_text
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import manifest_path, models
from ansible_collections.barellama.fleet.plugins.module_utils._web import CanPass, Refused, extent, read_some

CHUNK = 1 << 20


class Content:
    """An Index in the making, and for each of its blobs what Member.fill takes it from."""

    def __init__(self):
        self.index = Index({}, {}, {})
        self.sources = {}

    def add(self, digest, size, source):
        self.index.blobs[digest] = size
        self.sources[digest] = source
        return digest


def add_archives(content, web, base_url, version, checksums):
    """The archives of a release; ``checksums`` maps keys of theirs to a sha256."""
    demand_base_url(base_url)
    for key, sha256 in sorted(checksums.items()):
        asset = asset_name(version, key)
        url = f"{base_url.rstrip('/')}/v{version}/{asset}"
        if sha256 is None:
            raise FleetError(f"no sha256 is known for {asset} of version {version}: put it under checksums.{key}")
        size = web.size(url)
        if size is None:
            raise FleetError(f"{url}: its size cannot be learned: the site is not reached from here, or does not say it; check base_url and the way")
        content.index.archives[asset] = content.add(checked_sha256(sha256, f"checksums.{key}"), size, _remote(web, url))


def add_from_store(content, store, names):
    """The models of ``names``, or all, of the store's."""
    demand_store(store)
    whole = blobs(store).whole
    there = {ModelName.parse(model.name): model for model in models(store, whole)[0]}
    for name in sorted(there if names is None else names, key=str):
        if name not in there:
            raise FleetError(f"{name} is not in the store {store}, or cannot be read there: pull it, or check name and store")
        model = there[name]
        _demand_blobs(model, whole, store)
        body = _text(manifest_path(store, ModelName.parse(model.name)))
        content.index.models[model.name] = [content.add(model.digest, len(body), from_bytes(body))] + [
            content.add(layer.digest, whole[layer.digest].size, _file(os.path.join(store, "blobs", whole[layer.digest].name)))
            for layer in model.layers]


def add_from_registries(content, registry, web, names):
    """The models of ``names``, each from the registry that its name says; ``registry`` is a Registry, ``web`` a Web."""
    for name in sorted(names, key=str):
        body = registry.body(name)
        manifest = Manifest.parse(body)
        if manifest.blobs is None:
            raise FleetError(f"{name} is a list of manifests at its registry: pull it with a server, and export it from that one's store")
        content.index.models[str(name)] = [content.add(manifest.digest, len(body), from_bytes(body))] + [
            content.add(digest, size, _blob(web, registry.blob_url(name, digest), name)) for digest, size in sorted(manifest.blobs)]


def refuse_moved(content, pins):
    """FleetError where a model is not the one that is pinned; ``pins`` maps ModelNames to digests, or None."""
    for name, digests in content.index.models.items():
        pin = pins.get(ModelName.parse(name))
        if pin and pin != digests[0]:
            raise FleetError(f"{name} is {digests[0]} where it comes from, and its digest shall be {pin}: nothing was written; pin the new"
                             " content once you know it, or take the model from a store that has the old one")


def _demand_blobs(model, whole, store):
    for layer in model.layers:
        file = whole.get(layer.digest)
        if file is None or file.fault or file.size != layer.size:
            state = "is missing" if file is None else file.fault or f"has {human_size(file.size)} instead of {human_size(layer.size)}"
            raise FleetError(f"blob {layer.digest} of {model.name} in {store} {state}: pull the model again")


def _text(path):
    try:
        return read_text(path)
    except Unusable as error:
        raise FleetError(f"{path} cannot be read ({error}): run this task as root (become: true)") from error


def _file(path):
    """A source that opens ``path`` only when it is its turn."""

    def copy(member):
        try:
            descriptor = open_file(path)
        except Unusable as error:
            raise FleetError(f"{path} cannot be read ({error}): run this task as root (become: true)") from error
        try:
            from_file(descriptor)(member)
        finally:
            os.close(descriptor)

    return copy


def _blob(web, url, name):
    """A blob of ``name`` at its registry."""
    fetch = _remote(web, url)

    def copy(member):
        try:
            fetch(member)
        except Refused as error:
            raise FleetError(f"registry {name.host} refuses a blob of {name} (status {error.status}): pull the model with a server,"
                             " and export it from that one's store") from error

    return copy


def _remote(web, url):
    """A source that goes on where the member ends."""

    def read(member):
        with web.open(url, start=member.have) as answer:
            first, _total = extent(answer)
            if first != member.have:  # not everyone honours a range
                member.restart()
            while member.have < member.size:
                chunk = read_some(answer.read1, CHUNK)
                if not chunk:
                    raise CanPass(f"cut off after {human_size(member.have)} of {human_size(member.size)}")
                member.write(chunk)

    def copy(member):
        if member.have < member.size:
            web.persist(url, lambda: read(member), lambda: member.have)

    return copy
