# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all scenes of a run share: registries, weights, and the book of what was replayed."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import shutil
from pathlib import Path

from tests.standin.faults import Fault
from tests.standin.models import Shelf
from tests.standin.replies import Request
from tests.standin.sites import Sites, free_port

from .host import Host, until
from .stage import Stage
from .weights import Weights


class Bed:
    """One run; everything lies below ``directory``."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.weights = Weights(directory)
        self.shelf = Shelf(self.directory / "shelf")
        self.nothing = "127.0.0.1:%d" % free_port()
        self.results = {}
        self.synonyms = {}
        self._numbers = itertools.count()
        self._closing = contextlib.ExitStack()
        self.sites = self._closing.enter_context(Sites(self.shelf.root, self.directory))
        self.plain = self._closing.enter_context(Sites(self.shelf.root, self.directory, plain=True))

    def close(self):
        self._closing.close()

    def publish(self, name, weights, line_end=b"", **layers):
        """Offer a model as its recorded manifest had it: with or without a line's end."""
        self.shelf.publish(name, self.weights.converted(weights), **layers)
        if line_end:
            self.shelf.put_manifest(name, self.shelf.manifest(name).read_bytes() + line_end)

    def publish_big(self):
        """Offer the big model, once: it takes a while."""
        if not self.shelf.manifest("library/big").exists():
            self.publish("library/big", "big")

    def fault(self, **fields):
        """Let the registry do this wrong until the next call; no fields: nothing."""
        self.sites.faults.replace([Fault.parse(fields)] if fields else [])

    def random_bytes(self, length, recorded):
        """Return bytes that stand for those that the recordings know by a digest only."""
        data = hashlib.shake_256(recorded.encode("ascii")).digest(length)
        self.synonyms[hashlib.sha256(data).hexdigest()] = recorded
        return data

    def forget_requests(self):
        self.sites.journal.control(Request("DELETE", "/_requests"))

    def until_asked_for_bytes(self, parts=1):
        """Wait until the registry was asked for so many parts of a blob since forget_requests."""
        until(lambda: self.requests().count('"/direct/') >= parts, "a download")

    def requests(self):
        """Return the journal of the registry as text, one JSON object a line."""
        return self.sites.journal.control(Request("GET", "/_requests")).body.decode("utf-8")

    @contextlib.contextmanager
    def server(self, faults=None, bind="127.0.0.1", launch=True, **environment):
        """Start a server on an empty store of its own; yield the Stage; end it and forget the store."""
        home = self.directory / ("home%d" % next(self._numbers))
        home.mkdir()
        stage = Stage(self, Host(home, bind, free_port(), environment))
        stage.faults(**(faults or {}))
        try:
            if launch:
                stage.host.start()
            yield stage
        finally:
            stage.host.stop()
            shutil.rmtree(home, ignore_errors=True)

    def note(self, name, problems):
        """Write down that a case was replayed; one that is replayed twice must pass twice."""
        self.results.setdefault(name, []).extend(problems)
