# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The models of a store: what each manifest names, and the manifests that do not say."""

from __future__ import annotations

import json
import os
from collections import namedtuple

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import DIGEST, BadManifest, Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._names import BadName, ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import Unusable, names_in, printable, read_text

DEPTH = 4  # host, namespace, model, tag
LARGEST_SIZE = 1 << 63
STRAY = "no manifest lies here: they are at host/namespace/model/tag"
LONGEST_TOLD = 200

# ``unknown`` are the digests of a manifest list's parts that are not in the store: what they name is not known.
Model = namedtuple("Model", "name digest layers unknown")
Layer = namedtuple("Layer", "digest size media_type")
Unreadable = namedtuple("Unreadable", "path reason")


def models(store, whole):
    """The models and the unreadable manifests of ``store``, whose blobs are ``whole``."""
    found, unreadable = [], []
    directory = os.path.join(store, "manifests")
    if os.path.lexists(directory) and not os.path.isdir(directory):
        raise FleetError(f"{directory} is not a directory: what lies there hides all models; move it away and run again")
    for place in _places(directory, DEPTH, unreadable):
        try:
            found.append(_model(place, directory, store, whole))
        except (Unusable, BadManifest, BadName) as error:
            unreadable.append(Unreadable(place, str(error)[:LONGEST_TOLD]))
    relative = [entry._replace(path=printable(os.path.relpath(entry.path, store))) for entry in unreadable]
    return sorted(found, key=lambda model: model.name), sorted(relative)


def manifest_path(store, name):
    """Where the manifest of ``name``, a ModelName, lies or is to lie."""
    return os.path.join(store, "manifests", name.host, name.namespace, name.model, name.tag)


def incomplete(store, digests):
    """The ModelNames of ``digests``, which has the digests of their manifests, of whose blobs some are not there. None is read."""
    try:
        there = {name.replace(":", "-") for name in names_in(os.path.join(store, "blobs"))}
    except Unusable:
        return set()
    # With no blob at all it is a disk that is not mounted.
    return {name for name, digest in digests.items() if there and not _files(manifest_path(store, name), digest) <= there}


def _files(path, digest):
    """The files that a manifest names; none where it is another, or cannot be read."""
    try:
        manifest = Manifest.parse(read_text(path))
    except (Unusable, BadManifest):
        return set()
    return {f"sha256-{blob}" for blob, _size in manifest.blobs or ()} if manifest.digest == digest else set()


def _places(directory, depth, unreadable):
    """The paths that the server takes for manifests: all that lie ``depth`` levels down, links followed."""
    try:
        names = names_in(directory)
    except Unusable as error:
        unreadable.append(Unreadable(directory, f"cannot be listed ({error})"))
        return
    for name in names:
        path = os.path.join(directory, name)
        if depth == 1:
            yield path
        elif os.path.isdir(path):
            yield from _places(path, depth - 1, unreadable)
        else:
            unreadable.append(Unreadable(path, STRAY))


def _model(path, directory, store, whole):
    host, namespace, model, tag = printable(os.path.relpath(path, directory)).split(os.sep)
    name = ModelName.parse(f"{host}/{namespace}/{model}:{tag}")
    manifest, parts = parsed(read_text(path))
    if manifest.blobs is not None:
        return Model(str(name), manifest.digest, _layers(parts), [])
    layers, unknown = [], []
    for child in parts:
        try:
            inner, named = parsed(read_text(os.path.join(store, "blobs", whole[child.digest].name)))
        except (KeyError, Unusable, BadManifest):
            inner, named = None, []
        # A part that is not here is one for other machines: it is not missing.
        layers += ([child] if child.digest in whole else []) + named
        if inner is None or inner.blobs is None:
            unknown.append(child.digest)
    return Model(str(name), manifest.digest, _layers(layers), unknown)


def parsed(body):
    """The Manifest in ``body`` and all that it names, in its order."""
    try:
        manifest, content = Manifest.parse(body), json.loads(body)
        parts = content["manifests"] if manifest.blobs is None else [content["config"], *content["layers"]]
        return manifest, [_layer(part) for part in parts]
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise BadManifest(f"not a model's manifest ({type(error).__name__}: {error})") from error


def _layer(part):
    """One entry, read with distrust: in a list of manifests nobody has looked at it yet."""
    digest, size, media_type = part["digest"], part.get("size", 0), str(part.get("mediaType", ""))
    if not DIGEST.fullmatch(digest) or not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < LARGEST_SIZE:
        raise ValueError("a digest or a size that is none")
    return Layer(digest[7:], size, printable(media_type[:LONGEST_TOLD]))


def _layers(layers):
    """Each blob once."""
    return list({layer.digest: layer for layer in layers}.values())
