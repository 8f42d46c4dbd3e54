# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a survey of a store found, as a module returns it and as a person reads it."""

from __future__ import annotations

import errno
import os

from ansible_collections.barellama.fleet.plugins.module_utils import _store as store
from ansible_collections.barellama.fleet.plugins.module_utils._durable import human_size
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import printable
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import STRAY
from ansible_collections.barellama.fleet.plugins.module_utils._store_partials import ACTIVE, STUCK
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

DENIED, AS_ROOT = os.strerror(errno.EACCES), "run this task as root (become: true)"
PRUNE = "ollama_store_prune removes it"
AGAIN = "pull or create the model again"
CURES = {
    store.MISSING: AGAIN,
    store.TRUNCATED: f"move it aside with ollama_store_prune and quarantine: true, then {AGAIN}",
    store.CORRUPT: f"move it aside with ollama_store_prune and quarantine: true, then {AGAIN}",
    store.UNREADABLE: f"move it away, then {AGAIN}",
}


def report(survey):
    """The result of ollama_store_info, ``changed`` apart."""
    found = {
        "models": [_model(model, survey) for model in survey.models],
        "shared": _shared(survey.models),
        "orphaned": [_orphan(digest, survey) for digest in survey.orphans],
        "partial": [_download(download, survey) for download in survey.downloads],
        "leftover": [{"file": printable(file.name), "size": file.allocated, "age": survey.age(file)} for file in survey.leftovers],
        "unreadable": [entry._asdict() for entry in survey.unreadable],
    }
    return {**found, "totals": _totals(survey, found), "lines": _lines(found)}


def _model(model, survey):
    layers = []
    for layer in model.layers:
        state, reason = survey.state(layer.digest, layer.size)
        layers.append({**layer._asdict(), "state": state, "reason": reason})
    return {
        "name": model.name,
        "digest": model.digest,
        "size": sum(layer.size for layer in model.layers),
        "media_types": sorted({layer.media_type for layer in model.layers}),
        "sound": all(layer["state"] == store.OK for layer in layers),
        "layers": layers,
        "unknown_parts": model.unknown,
    }


def _shared(models):
    owners = {}
    for model in models:
        for layer in model.layers:
            owners.setdefault((layer.digest, layer.size), []).append(model.name)
    return [{"digest": digest, "size": size, "models": names} for (digest, size), names in sorted(owners.items()) if len(names) > 1]


def _orphan(digest, survey):
    file = survey.whole[digest]
    state, reason = survey.state(digest, file.size)
    return {"digest": digest, "size": file.size, "age": survey.age(file), "state": state, "reason": reason}


def _download(download, survey):
    return {
        "digest": download.digest,
        "state": download.state,
        "reason": download.reason,
        "completed": download.completed,
        "total": download.total,
        "size": sum(file.allocated for file in download.files),
        "age": max(0, int(survey.now - download.modified)),
    }


def _totals(survey, found):
    states = {layer["digest"]: layer["state"] for model in found["models"] for layer in model["layers"]}
    return {
        "models": len(found["models"]),
        "blobs": len(survey.whole),
        "bytes": sum(file.size for file in survey.whole.values()),
        "bytes_orphaned": sum(orphan["size"] for orphan in found["orphaned"]),
        "bytes_partial": sum(download["size"] for download in found["partial"]),
        "bytes_saved_by_sharing": sum(entry["size"] * (len(entry["models"]) - 1) for entry in found["shared"]),
        "read": len(survey.sums),
        **{state: list(states.values()).count(state) for state in CURES},
    }


def _lines(found):
    return [
        *(line for model in found["models"] for line in _model_lines(model)),
        *map(_unreadable_line, found["unreadable"]),
        *(line for orphan in found["orphaned"] for line in _orphan_lines(orphan)),
        *map(_download_line, found["partial"]),
        *(f"{shown(entry['file'])} among the blobs is none; remove it if nothing is being written now" for entry in found["leftover"]),
    ]


def _model_lines(model):
    for layer in model["layers"]:
        if layer["state"] != store.OK:
            why = f" ({layer['reason']})" if layer["reason"] else ""
            cure = AS_ROOT if layer["reason"] == DENIED else CURES[layer["state"]]
            yield f"{model['name']}: blob {blob(layer['digest'])} of {human_size(layer['size'])} is {layer['state']}{why}; {cure}"
    if model["unknown_parts"]:
        yield f"{model['name']} is a list of manifests, and {len(model['unknown_parts'])} of them are not in this store; what those name is not known"


def _unreadable_line(entry):
    cure = f"{AGAIN}, or remove the file: the server cleans nothing up while it is there"
    if DENIED in entry["reason"]:
        cure = AS_ROOT
    elif entry["reason"] == STRAY:
        cure = "move it away"
    return f"{shown(entry['path'])} cannot be read: {entry['reason']}; {cure}"


def _orphan_lines(orphan):
    said = f"blob {blob(orphan['digest'])} of {human_size(orphan['size'])} is named by no model, age {_age(orphan['age'])}"
    if orphan["state"] == store.CORRUPT:
        said += ", and corrupt: a pull that wants it would take it as it is"
    yield f"{said}; {PRUNE}"


def _download_line(download):
    name, far = blob(download["digest"]), f"{human_size(download['completed'])} of {human_size(download['total'])}"
    if download["state"] == STUCK:
        return f"the download of {name} is stuck: {download['reason']}; no pull of it ends well, {PRUNE}, then pull again"
    if download["state"] == ACTIVE:
        return f"the download of {name} is going on, {far}; wait for its end"
    return f"the download of {name} stopped at {far}, age {_age(download['age'])}; pull again to go on, or {PRUNE}"


def blob(digest):
    """A blob's name, short enough for a line and long enough to find it."""
    return f"sha256-{digest[:12]}"


def _age(seconds):
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= length * 2:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"
