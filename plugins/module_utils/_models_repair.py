# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Blobs that are not what their names say, and downloads that cannot end.

The server takes what it has by its name. So a damaged blob is moved aside, that the next pull fetches it, and only it;
the same with the files of a download that is stuck.
"""

from __future__ import annotations

import os
import time

from ansible_collections.barellama.fleet.plugins.module_utils import _store as state
from ansible_collections.barellama.fleet.plugins.module_utils import _store_prune as prune
from ansible_collections.barellama.fleet.plugins.module_utils._durable import human_size
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_foresight import ask
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name
from ansible_collections.barellama.fleet.plugins.module_utils._models_space import refuse_full_disk
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._store import survey
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import blobs
from ansible_collections.barellama.fleet.plugins.module_utils._store_models import incomplete
from ansible_collections.barellama.fleet.plugins.module_utils._store_partials import STUCK, downloads
from ansible_collections.barellama.fleet.plugins.module_utils._store_report import blob

FETCHED = ("pull", "repair")
REPLACED = (state.TRUNCATED, state.CORRUPT)
NO_LONGER_ACTIVE = float("inf")  # a time at which nothing counts as just written


def plan_repairs(client, plan, terms, check_mode=False):
    """Make a repair of each Change whose model is damaged: with ``verify`` the blobs are read, else some must not be there.

    Returns the Survey that it rests on, and the words of what cannot be repaired.
    """
    wanted = [change for change in plan if change.wish.state == "present" and not change.wish.copy_of]
    suspects = [change for change in wanted if change.before or change.action == "pull"] if terms.verify else _incomplete(wanted, terms.store)
    if not (suspects or terms.verify) or (check_mode and not os.path.isdir(terms.store)):
        return None, []  # a host that is still bare has nothing to read
    found = survey(terms.store, terms.verify, terms.cache, check_mode, lambda models: _needed(suspects, models))
    strangers, damaged = [], []
    for change in suspects:
        layers = _layers(change, found.models)
        if layers is None:
            strangers.append(f"{change.name} is not in {terms.store}; give the store that this server has")
        bad = _bad(found, layers or ())
        if change.action == "pull":
            change.repaired = {digest: was for digest, was in bad.items() if was in REPLACED}
        elif bad:
            damaged.append((change, layers, bad))
    pulled = [change for change, _layers, _bad in damaged if not change.wish.definition]
    answers = dict(zip((change.name for change in pulled), ask(client, pulled, terms))) if pulled else {}
    hindered = [_settle(*each, answers.get(each[0].name)) for each in damaged]
    mended = {digest for change in plan for digest in change.repaired}
    left = [_told(each, why, found, mended) for each, why in zip(damaged, hindered) if why]
    _count(plan, found, terms)
    return found, [*strangers, *filter(None, left)]


def set_aside(client, found, plan, store):
    """Move the damaged blobs out of the way; the names of the models that were in memory with them and no longer are."""
    digests = {digest for change in plan for digest, was in change.repaired.items() if was in REPLACED}
    users = {ModelName.parse(model.name) for model in found.models if digests & {layer.digest for layer in model.layers}}
    unloaded = [entry["name"] for name, entry in by_name(client.ps()).items() if name in users] if users else []
    for name in unloaded:
        client.unload(name)
    _quarantine(store, found, digests)
    return unloaded


def prove(found, plan, terms):
    """Read what the pulls have brought; the words of what is damaged all the same, which is moved aside."""
    fetched = [change for change in plan if change.action in FETCHED and not change.failed]
    if not fetched:
        return []
    good = {digest for digest, content in found.sums.items() if content == digest}
    now = survey(terms.store, True, terms.cache, chosen=lambda models: _needed(fetched, models, afterwards=True) - good)
    words = []
    for change in fetched:
        bad = _bad(now, _layers(change, now.models, afterwards=True) or ())
        _quarantine(terms.store, now, [digest for digest, was in bad.items() if was in REPLACED])
        change.failed = change.failed or bool(bad)
        words += [f"{change.name}: blob {blob(digest)} is {was} right after the pull; see whether its disk is full or failing"
                  for digest, was in bad.items()]
    return words


def unstick(change, store, now=None):
    """Remove what is left of downloads of the model's blobs that no pull could take up; whether there was any.

    What was just written to may be a download that goes on, and is left alone, unless ``now`` says otherwise.
    """
    needed = {digest for digest, _size in (change.after and change.after.blobs) or ()}
    try:
        partial = {digest: files for digest, files in blobs(store).partial.items() if digest in needed} if needed and store else {}
    except FleetError:
        return False  # who may not look there pulls as ever
    stuck = [download for download in downloads(store, partial, now or time.time()) if download.state == STUCK]
    for download in stuck:
        prune.carry_out(store, [prune.Change("blobs", file, prune.PARTIAL, None) for file in download.files if not file.fault])
        change.repaired[download.digest] = STUCK
    return bool(stuck)


def _incomplete(plan, store):
    there = {ModelName.parse(change.listed_as): change.before.digest for change in plan if change.before}
    names = incomplete(store, there) if store else ()
    return [change for change in plan if change.name in names]


def _quarantine(store, found, digests):
    prune.carry_out(store, [prune.Change("blobs", found.whole[digest], prune.CORRUPT, prune.QUARANTINE) for digest in sorted(digests)])


def _layers(change, models, afterwards=False):
    """What the model is made of, or will be: (digest, size) pairs; none where that is not known; None without a model."""
    if change.action in FETCHED and not afterwards:
        return (change.after and change.after.blobs) or ()
    mine = [model for model in models if ModelName.parse(model.name) == change.name]
    if mine:
        return frozenset((layer.digest, layer.size) for layer in mine[0].layers)
    return None


def _needed(plan, models, afterwards=False):
    return {digest for change in plan for digest, _size in _layers(change, models, afterwards) or ()}


def _bad(found, layers):
    """The digests of what is not whole, and what each is."""
    states = {digest: found.state(digest, size)[0] for digest, size in sorted(layers)}
    return {digest: was for digest, was in states.items() if was != state.OK}


def _settle(change, layers, bad, answer):
    """Make it a repair, if what the registry has is the same model; else why it cannot be one."""
    before = Manifest(change.before.digest, layers)
    if state.UNREADABLE in bad.values():
        return "run this task as root (become: true), or see what is wrong with the file"
    if change.wish.definition:
        return "delete the model, and the next run makes it anew"
    if not isinstance(answer, Manifest):
        return f"cannot be fetched again: {answer}"
    if not before.same_content(answer):
        return "cannot be fetched again: the tag has moved in the registry; set update: true to take what is new"
    change.before = change.after = before
    change.action, change.repaired = "repair", bad
    return None


def _told(damaged, why, found, mended):
    """The words of a model that stays damaged; none when others that share its blobs bring them."""
    change, layers, bad = damaged
    sizes = dict(layers)
    left = [f"blob {blob(digest)} of {human_size(sizes[digest])} is {was}" for digest, was in bad.items() if digest not in mended]
    reasons = {found.state(digest, sizes[digest])[1] for digest in bad} - {None}
    return f"{change.name}: {', '.join(left)}{f' ({reasons.pop()})' if reasons else ''}, {why}" if left else None


def _count(plan, found, terms):
    """How many bytes the repairs bring, and whether they fit beside what is moved aside."""
    due = [change for change in plan if change.action in FETCHED]
    for change in due:
        sizes = dict((change.after and change.after.blobs) or ())
        if change.bytes is not None:
            change.bytes += sum(sizes[digest] for digest in change.repaired)
    if any(change.repaired for change in due):
        refuse_full_disk(due, terms.store, terms.reserve)
