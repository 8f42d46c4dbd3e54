# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two stores, one with two models that share their weights, and the bundle of it."""

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _bundle_content, _bundle_import, _bundle_write
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import Store

WEIGHTS = b"weights" * 300_000  # more than a chunk
TINY, OTHER = ModelName.parse("tiny"), ModelName.parse("other")


class Bed:
    def __init__(self, place):
        self.store = Store(place / "from")
        self.config, self.weights, self.extra = self.store.model("tiny", WEIGHTS, b"extra")
        _config, _weights, self.system = self.store.model("other", WEIGHTS, b"system")
        self.path = place / "bundle.tar"
        self.target = place / "to/models"

    def content(self, names=None):
        content = _bundle_content.Content()
        _bundle_content.add_from_store(content, str(self.store), names)
        return content

    def export(self, names=None, check_mode=False):
        return _bundle_write.export(str(self.path), self.content(names), check_mode)

    def bring(self, names=None, partial=False, check_mode=False, pins=()):
        return _bundle_import.bring(str(self.path), str(self.target), names if names is None else dict.fromkeys(names) | dict(pins), partial, check_mode)

    def place(self, digest):
        return self.content().index.places[digest]

    def damage(self, digest, what=b"X"):
        """Write over the first bytes of a blob in the bundle."""
        with self.path.open("r+b") as stream:
            stream.seek(self.place(digest)[0])
            stream.write(what)

    def cut(self, size):
        with self.path.open("r+b") as stream:
            stream.truncate(size)

    def there(self):
        """The files of the store that was imported into, with their content."""
        files = sorted(path for path in self.target.rglob("*") if path.is_file())
        return {str(path.relative_to(self.target)): path.read_bytes() for path in files}

    def wanted(self):
        return {place: (self.store.path / place).read_bytes() for place in self.store.tree()}


@pytest.fixture
def bed(tmp_path):
    return Bed(tmp_path)
