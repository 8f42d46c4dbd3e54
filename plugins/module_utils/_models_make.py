# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Making models out of others: aliases, and what definitions say. What is there is made anew only where it differs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.barellama.fleet.plugins.module_utils._client import ClientError, Interrupted, Refused, Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_described import described, differences
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name, in_order
from ansible_collections.barellama.fleet.plugins.module_utils._models_space import refuse_to_overfill
from ansible_collections.barellama.fleet.plugins.module_utils._models_weights import Weights

MOST_LOOKS = 8  # at the same time


class Maker:
    """Makes models on one server. What it looked at it knows, until it makes that anew."""

    def __init__(self, client, terms, warn, tell=lambda name, event: None):
        self._client = client
        self._tell = tell
        self._terms = terms
        self._weights = Weights(terms.gguf_sums)
        self._warn = warn
        self._seen = {}

    def foresee(self, plan):
        """Settle what is due, from what is there and what is to come."""
        self._look_at(plan)
        for change in in_order(change for change in plan if not change.failed):
            source = change.source
            if change.wish.definition and change.before and source and source.replaced:
                change.settle_creation({"from": (None, f"{source.name}, which changes")})
            else:
                self._settle_or_warn(change)

    def make(self, plan):
        """Do what is due, each after what it is made from; the failures' words."""
        failures = []
        self._look_at(plan)
        for change in in_order(plan):
            begin = time.monotonic()
            try:
                self._make_one(change)
            except FleetError as error:
                verb = f"copy of {change.source.name} to" if change.wish.copy_of else "creation of"
                failures.append(f"{verb} {change.name}: {error}")
                self._tell(str(change.name), {"status": "failed"})
                change.leave()
            if change.action in ("copy", "create"):
                change.seconds = time.monotonic() - begin
        self._weights.save()
        return failures

    def _make_one(self, change):
        if change.failed or (change.source and change.source.failed):
            change.leave()
            return
        self._settle(change)
        if change.action == "copy":
            self._client.copy(str(change.source.name), str(change.name))
            self._seen.pop(change.name, None)
        elif change.action == "create":
            self._create(change)

    def _settle_or_warn(self, change):
        try:
            self._settle(change)
        except Unreachable:
            self._warn(f"{change.name}: whether it is as defined stays unknown while the server does not answer")
        except Refused:
            if not change.source or change.source.action != "repair":
                raise
            self._warn(f"{change.name}: whether it is as defined stays unknown until {change.source.name} is whole")

    def _settle(self, change):
        if change.wish.copy_of:
            change.settle_copy()
        elif change.wish.definition:
            change.settle_creation(self._differences(change) if change.before and not change.repaired else {})

    def _differences(self, change):
        definition = change.wish.definition
        base = self._described(change.source.name) if definition.base else {}
        try:
            model = self._described(change.name)
        except Refused as error:
            return {"model": (f"not readable ({error.text})", "made anew")}
        weights = self._weights.of(definition, base)
        if weights is None:
            self._warn(f"{change.name}: {definition.origin} is not there: whether the model is made from it stays unknown")
            weights = [model["weights"]]
        return differences(definition, base, model, weights)

    def _create(self, change):
        definition, status = change.wish.definition, None
        digests = self._uploaded(definition, str(change.name))
        for event in self._client.create(str(change.name), definition.request(digests), self._terms.idle_timeout):
            status = event.get("status")
            self._tell(str(change.name), event)
        if status != "success":
            raise Interrupted(f"the server ended it without 'success', its last word was {status!r}")
        self._seen.pop(change.name, None)
        entry = by_name(self._client.tags()).get(change.name)
        change.after = Manifest(entry["digest"]) if entry else None
        base = self._described(change.source.name) if definition.base else {}
        self._weights.learn(definition, base, self._described(change.name))
        left = self._differences(change)
        if left:
            self._warn(f"{change.name} was made, and is still not as defined: the server has its own {', '.join(left)}")

    def _uploaded(self, definition, name):
        """The digests of the files that a model is made of, which the server has now."""
        files = {path: self._weights.sum_of(path) for path in definition.gguf}
        due = {path: size for path, (digest, size) in files.items() if not self._client.has_blob(digest)}
        if files and self._terms.store:
            # How small quantized weights become is known to the server only.
            made = 0 if definition.quantize else sum(size for _digest, size in files.values())
            refuse_to_overfill(name, due, self._weights.of(definition, {}), made, self._terms.store, self._terms.reserve)
        for path, size in due.items():
            digest = files[path][0]
            with open(path, "rb") as stream:
                event = {"status": "sending", "digest": digest, "total": size}
                sent = _Followed(stream, lambda count, event=event: self._tell(name, {**event, "completed": count}))
                self._client.upload(digest, sent, size, self._terms.idle_timeout)
        return [digest for digest, _size in files.values()]

    def _look_at(self, plan):
        """Ask for all that will be compared at once."""
        defined = [change for change in plan if change.wish.definition and change.before]
        due = {change.name for change in defined} | {change.source.name for change in defined if change.source and change.source.before}
        with ThreadPoolExecutor(MOST_LOOKS) as pool:
            for name, seen in zip(due, pool.map(self._look, due)):
                self._seen[name] = seen

    def _look(self, name):
        """What the server tells, or the error."""
        try:
            return described(self._client.show(str(name)))
        except ClientError as error:
            return error

    def _described(self, name):
        if name not in self._seen:
            self._seen[name] = self._look(name)
        if isinstance(self._seen[name], ClientError):
            raise self._seen[name]
        return self._seen[name]


class _Followed:
    """A file that says how much of it was read."""

    def __init__(self, stream, hear):
        self._stream = stream
        self._hear = hear

    def read(self, size=-1):
        piece = self._stream.read(size)
        self._hear(self._stream.tell())
        return piece
