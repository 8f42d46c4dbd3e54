# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Which blobs of the wanted models are not what their names say, and who brings them again: a registry, or whoever made them."""

from __future__ import annotations

import os

from ansible_collections.barellama.fleet.plugins.module_utils import _store as state
from ansible_collections.barellama.fleet.plugins.module_utils._durable import human_size
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import DIGEST, Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_foresight import ask
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import in_order
from ansible_collections.barellama.fleet.plugins.module_utils._models_space import refuse_full_disk
from ansible_collections.barellama.fleet.plugins.module_utils._models_there import lacking_blobs
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._pull import pull
from ansible_collections.barellama.fleet.plugins.module_utils._registry import LoginWanted
from ansible_collections.barellama.fleet.plugins.module_utils._store import survey
from ansible_collections.barellama.fleet.plugins.module_utils._store_report import blob

FETCHED = ("pull", "repair")
REPLACED = (state.TRUNCATED, state.CORRUPT)
MOVED = "the tag has moved in the registry; set update: true to take what is new"


class _Enough(Exception):
    """What the server had to tell is told."""


def plan_repairs(client, plan, terms, check_mode=False):
    """Have each Change made whole whose model is damaged: with ``verify`` the blobs are read, else some must not be there.

    Returns the Survey that it rests on, and the words of what cannot be repaired.
    """
    wanted = [change for change in plan if change.wish.state == "present" and not change.wish.copy_of]
    suspects = [change for change in wanted if change.before or change.action == "pull"] if terms.verify else lacking_blobs(wanted, terms.store)
    if not (suspects or terms.verify) or (check_mode and not os.path.isdir(terms.store)):
        return None, []  # a host that is still bare has nothing to read
    found = survey(terms.store, terms.verify, terms.cache, check_mode, lambda models: needed(suspects, models))
    strangers, fetched, made = [], [], []
    for change in in_order(suspects):
        layers = layers_of(change, found.models)
        if layers is None:
            strangers.append(f"{change.name} is not in {terms.store}; give the store that this server has")
        bad = damaged(found, layers or ())
        if change.action == "pull":
            change.repaired = {digest: was for digest, was in bad.items() if was in REPLACED}
        elif bad:
            (made if change.wish.definition else fetched).append((change, layers, bad))
    answers = ask(client, [change for change, _layers, _bad in fetched], terms) if fetched else []
    # Each after what it is made from: what that one brings need not be brought again.
    hindered = [(each, _have_fetched(client, *each, answer, terms, check_mode)) for each, answer in zip(fetched, answers)]
    hindered += [(each, _have_made(*each, plan, found)) for each in made]
    mended = _mended(plan)
    words = [_told(each, why, found, mended) for each, why in hindered if why]
    _count(plan, terms)
    return found, [*strangers, *filter(None, words)]


def layers_of(change, models, afterwards=False):
    """What the model is made of, or will be: (digest, size) pairs; none where that is not known; None without a model."""
    if change.action in FETCHED and not afterwards:
        return (change.after and change.after.blobs) or ()
    mine = [model for model in models if ModelName.parse(model.name) == change.name]
    if mine:
        return frozenset((layer.digest, layer.size) for layer in mine[0].layers)
    return None


def needed(plan, models, afterwards=False):
    """The digests of all that the models are made of."""
    return {digest for change in plan for digest, _size in layers_of(change, models, afterwards) or ()}


def damaged(found, layers):
    """The digests of what is not whole, and what each is."""
    states = {digest: found.state(digest, size)[0] for digest, size in sorted(layers)}
    return {digest: was for digest, was in states.items() if was != state.OK}


def of_the_same(change, event):
    """The digest that an event of a pull is about, if any; FleetError when the model that is repaired has no such blob."""
    digest = event.get("digest")
    if change.action != "repair" or not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        return None
    if digest[7:] not in {known for known, _size in change.after.blobs}:
        raise FleetError(f"{change.name}: {MOVED}")
    return digest[7:]


def _have_fetched(client, change, layers, bad, answer, terms, check_mode):
    """Make it a repair, if what the registry has is the same model; else why it cannot be one."""
    before = Manifest(change.before.digest, layers)
    if state.UNREADABLE in bad.values():
        return "run this task as root (become: true), or see what is wrong with the file"
    if isinstance(answer, Manifest) and not before.same_content(answer):
        return f"cannot be fetched again: {MOVED}"
    if not isinstance(answer, (Manifest, LoginWanted)):
        return f"cannot be fetched again: {answer}"
    change.before = change.after = before
    change.action, change.repaired = "repair", bad
    if isinstance(answer, LoginWanted) and not check_mode and set(bad.values()) & set(REPLACED):
        refusal = _refusal(client, change, terms)
        if refusal:
            change.action, change.repaired = "none", {}
            return f"cannot be fetched again: {answer}, and Ollama cannot either: {refusal}"
    return None


def _refusal(client, change, terms):
    """Why the server cannot pull the model from a registry with a login, for which it has a key; None when it can.

    A pull of what is there changes nothing, as the server trusts blobs by their names; it ends where one has to come.
    """
    def hear(event):
        if change.repaired.get(of_the_same(change, event)) == state.MISSING:
            raise _Enough

    try:
        pull(client, str(change.name), terms.insecure, terms.idle_timeout, tell=hear)
    except _Enough:
        return None
    except FleetError as error:
        return str(error)
    return None


def _have_made(change, _layers, bad, plan, found):
    """Have the model made again, its own blobs anew; why it cannot be. What it has from another one comes with that."""
    definition, mended = change.wish.definition, _mended(plan)
    inherited = {digest for digest, _size in layers_of(change.source, found.models) or ()} if change.source else set()
    own = {digest: was for digest, was in bad.items() if digest not in inherited}
    if set(bad) - set(own) - mended:
        return f"made from {change.source.name}, which has to be whole first"
    if state.UNREADABLE in own.values():
        return "run this task as root (become: true), or see what is wrong with the file"
    gone = [path for path in definition.gguf if not os.path.exists(path)]
    if own and gone:
        return f"cannot be made again: {gone[0]} is not there; copy it to the host first"
    change.repaired = own
    change.settle_creation({})
    return None


def _mended(plan):
    return {digest for change in plan for digest in change.repaired}


def _told(one, why, found, mended):
    """The words of a model that is left as damaged as it is; none when others that share its blobs bring them."""
    change, layers, bad = one
    if not set(bad) - mended:
        return None
    change.leave()
    sizes = dict(layers)
    left = [f"blob {blob(digest)} of {human_size(sizes[digest])} is {was}" for digest, was in bad.items() if digest not in mended]
    reasons = {found.state(digest, sizes[digest])[1] for digest in bad} - {None}
    return f"{change.name}: {', '.join(left)}{f' ({reasons.pop()})' if reasons else ''}, {why}"


def _count(plan, terms):
    """How many bytes the repairs bring, and whether they fit beside what is moved aside."""
    due = [change for change in plan if change.action in FETCHED]
    for change in due:
        sizes = dict((change.after and change.after.blobs) or ())
        if change.bytes is not None:
            change.bytes += sum(sizes[digest] for digest in change.repaired)
    if any(change.repaired for change in due):
        refuse_full_disk(due, terms.store, terms.reserve)
