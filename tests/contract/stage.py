# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One server with its store, on which a scene replays cases."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from tests.standin.models import Shelf

from . import compare, recordings
from .client import send
from .digests import Manifests
from .host import until

SERVER, REGISTRY, PLAIN_REGISTRY, NOTHING = ("127.0.0.1:%d" % port for port in (11500, 5001, 5000, 5999))


class Stage:
    """One server and the cases that are replayed on it."""

    def __init__(self, bed, host):
        self.bed = bed
        self.host = host
        self.store = host.store
        self.manifests = Manifests()
        self._addresses = {}

    def faults(self, **fields):
        """Set the server's faults (see tests/standin/ollama/README.md); no fields: none."""
        self.host.write_faults(fields)

    def play(self, *names, data=None, watch=None, whole=False):
        """Replay cases one after the other; return the last Answer. The options are those of client.send."""
        answer = None
        for name in names:
            case = recordings.load(name)
            answer = send(self.host.port, self._ours(case["request"]), data, watch, whole)
            translated = self.translated(answer)
            problems = compare.answer(translated, case, self.manifests)
            if "models_dir_after" in case:
                problems += compare.tree(self._tree(), case["models_dir_after"])
            self.bed.note(name, problems)
        return answer

    def play_until(self, name, lines, fetched=0):
        """Replay a pull whose client leaves after so many lines and bytes, until the server has let go of it; return the Answer."""
        ended = self.host.said('"/api/pull"')
        answer = self.play(name, watch=lambda seen: len(seen) >= lines and seen[-1].get("completed", 0) >= fetched)
        until(lambda: self.host.said('"/api/pull"') > ended, "the end of a pull whose client has left")
        return answer

    def expect(self, name, good, words):
        """Note a condition on a case that the recording states in its note."""
        self.bed.note(name, [] if good else [words])

    def tree(self, name):
        """Compare the store's files, and what is in its part files, with a case that is nothing but that."""
        case = recordings.load(name)
        problems = compare.tree(self._tree(), case["models_dir"])
        if "contents_of_part_files" in case:
            problems += compare.parts(self._parts(), case["contents_of_part_files"])
        self.bed.note(name, problems)

    def requests(self, name):
        """Compare what the registry was asked since forget_requests."""
        case = recordings.load(name)
        found = [json.loads(line) for line in self.recorded(self.bed.requests()).splitlines()]
        self.bed.note(name, compare.requests(found, case["requests_seen_by_registry"]))

    def translated(self, answer):
        answer.headers = [(name, self.recorded(value)) for name, value in answer.headers]
        answer.body = self.recorded(answer.body)
        if answer.lines is not None:
            answer.lines = json.loads(self.recorded(json.dumps(answer.lines)))
        return answer

    def _ours(self, request):
        return json.loads(self._replaced(json.dumps(request), reverse=True))

    def recorded(self, text):
        """Return a text of ours with the recordings' addresses, paths and digests."""
        return self._replaced(text, reverse=False)

    def _replaced(self, text, reverse):
        for ours, theirs in self._pairs():
            text = text.replace(theirs, ours) if reverse else text.replace(ours, theirs)
        return text

    def _pairs(self):
        digests = list(self.bed.weights.pairs.items())
        yield from self.bed.synonyms.items()
        yield from digests
        yield from ((ours[:12], theirs[:12]) for ours, theirs in digests)
        yield from self._addresses.items()
        yield "127.0.0.1:%d" % self.host.port, SERVER
        yield self.bed.sites.address, REGISTRY
        yield self.bed.plain.address, PLAIN_REGISTRY
        yield self.bed.nothing, NOTHING
        yield str(self.store), "<OLLAMA_MODELS>"
        yield str(self.store.parent), "<PARENT OF OLLAMA_MODELS>"
        yield str(self.host.home), "<HOME>"

    def _tree(self):
        """Return files, and directories without any, as the recordings list them."""
        entries = []
        for directory, folders, files in os.walk(self.store):
            for name in files:
                path = Path(directory, name)
                entries.append({"path": self._relative(path), "size": path.stat().st_size, "mode": _mode(path)})
            if not folders and not files and Path(directory) != self.store:
                entries.append({"path": self._relative(directory) + "/", "mode": _mode(directory)})
        return sorted(entries, key=lambda entry: entry["path"])

    def _parts(self):
        return {self._relative(path): path.read_text() for path in self.store.glob("blobs/*-partial-*")}

    def _relative(self, path):
        return self.recorded(str(Path(path).relative_to(self.store)))

    def play_start(self, name, second=False):
        """Replay a start that fails; ``second``: while this server runs."""
        case = recordings.load(name)
        host = self.host.twin() if second else self.host
        host.launch()
        status = host.wait()
        lines = self.recorded(host.log.read_text(encoding="utf-8")).splitlines()
        self.bed.note(name, compare.start(status, lines, case))

    def file(self, name, path, key):
        """Compare a JSON file of the store with a case that is nothing but that."""
        found = json.loads(self.recorded((self.store / path).read_text(encoding="utf-8")))
        self.bed.note(name, compare.value(found, recordings.load(name)[key]))

    def end_when_fetching(self, number):
        """Send the server a signal when it asks for a blob's bytes, while the next case is replayed."""
        def end():
            self.bed.until_asked_for_bytes()
            self.host.send_signal(number)
        threading.Thread(target=end, daemon=True).start()

    def also_known(self, ours, recorded):
        """Let an address of ours stand for another one of the recordings."""
        self._addresses[ours] = recorded

    def name(self, model):
        """Return the full name of a model in the registry."""
        return f"{self.bed.sites.address}/{model}"

    def pull(self, model):
        self.ask("POST", "/api/pull", {"model": self.name(model), "insecure": True})

    def link_blob(self, path):
        """Put a large file into the store without copying it."""
        os.link(path, self.store / "blobs" / ("sha256-" + self.bed.weights.digest("big", "source")))

    def clear_blobs(self):
        for path in (self.store / "blobs").iterdir():
            path.unlink()

    def delete_rest(self):
        """Delete all models by unrecorded requests."""
        for model in json.loads(self.ask("GET", "/api/tags").body)["models"]:
            self.ask("DELETE", "/api/delete", {"model": model["name"]})

    def ask(self, method, path, body=None, data=None):
        """Send an unrecorded request that prepares a state; return the Answer."""
        return send(self.host.port, _plain(method, path, body), data)

    def add_blob(self, data):
        """Put a blob into the store that an unrecorded request left there."""
        Shelf(self.store).add_blob([data])


def _plain(method, path, body):
    return {"method": method, "path": path, "headers": {}, "body": body}


def _mode(path):
    return oct(os.stat(path).st_mode & 0o777)
