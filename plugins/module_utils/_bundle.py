# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What is in a bundle and where: its index, from which every byte that is no blob's follows.

A bundle is a plain tar: index.json, then blobs/sha256-<hex> in the index's order, each once. Manifests are blobs, too, and
so are release archives. Equal content makes equal bytes, and a reader needs no name that a bundle brings.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections import namedtuple

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._names import BadName, ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import SHA256
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

FORMAT, VERSION = "barellama.fleet bundle", 1
INDEX = "index.json"
BLOCK = 512
TRAILER = bytes(2 * BLOCK)
LARGEST_INDEX = 16 << 20
LARGEST_BUNDLE = 1 << 60
ASSET = re.compile(r"ollama-linux-[a-z0-9-]{1,40}\.(tar\.zst|tgz)")


class BadBundle(FleetError):
    """The bytes are no bundle, or none that this version reads."""


class Index(namedtuple("Index", "models archives blobs")):
    """``models`` maps names to their digests, the manifest's first; ``archives`` names of release archives to a digest;
    ``blobs`` digests to sizes, in the order in which they lie in the bundle. Digests are bare hex.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, body):
        try:
            content = json.loads(body)
            if content["format"] != FORMAT:
                raise ValueError("another format")
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise BadBundle("it is no bundle that ollama_bundle wrote") from error
        if content.get("version") != VERSION:
            raise BadBundle(f"it is a bundle of version {shown(content.get('version'))}, and this collection reads version"
                            f" {VERSION}: use the one that wrote it")
        try:
            index = cls(*(dict(content[field]) for field in cls._fields))
            index._check()
        except (ValueError, TypeError, KeyError, AttributeError, BadName) as error:
            raise BadBundle(f"its index makes no sense ({type(error).__name__}: {error})") from error
        return index

    def _check(self):
        for digest, size in self.blobs.items():
            if not SHA256.fullmatch(digest) or not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < LARGEST_BUNDLE:
                raise ValueError(f"blob {shown(digest)} of {shown(size)} bytes")
        if self.length >= LARGEST_BUNDLE:
            raise ValueError("more bytes than there are disks for")
        if len({ModelName.parse(name) for name in self.models}) < len(self.models):
            raise ValueError("two models of one name")
        for name, digests in self.models.items():
            if not isinstance(digests, list) or not digests or not all(digest in self.blobs for digest in digests):
                raise ValueError(f"the blobs of {shown(name)}")
        for asset, digest in self.archives.items():
            if not ASSET.fullmatch(asset) or digest not in self.blobs:
                raise ValueError(f"the archive {shown(asset)}")

    @property
    def head(self):
        """What a bundle with this index begins with."""
        body = json.dumps({"format": FORMAT, "version": VERSION, **self._asdict()}, indent=1).encode() + b"\n"
        return header(INDEX, len(body)) + body + bytes(padding(len(body)))

    @property
    def places(self):
        """Digest -> (offset of its first byte, size), in their order."""
        found, end = {}, len(self.head)
        for digest, size in self.blobs.items():
            found[digest] = (end + BLOCK, size)
            end += BLOCK + size + padding(size)
        return found

    @property
    def length(self):
        """How many bytes the whole bundle has."""
        return len(self.head) + sum(BLOCK + size + padding(size) for size in self.blobs.values()) + len(TRAILER)

    def told(self, path):
        """What a module returns of a bundle."""
        models = {name: digests[0] for name, digests in self.models.items()}
        return {"path": path, "bytes": self.length, "models": models, "archives": self.archives}

    def users(self, digest):
        """The models and archives that need a blob."""
        return [name for name, digests in self.models.items() if digest in digests] + [
            asset for asset, other in self.archives.items() if other == digest]


def header(name, size):
    """The block in front of a member. Nothing in it depends on who writes it, or when."""
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.GNU_FORMAT)


def index_size(block):
    """The size of the index in a bundle that begins with ``block``."""
    try:
        size = tarfile.TarInfo.frombuf(block, "utf-8", "strict").size
    except (tarfile.TarError, ValueError) as error:
        raise BadBundle("it is no bundle that ollama_bundle wrote") from error
    if not 0 <= size <= LARGEST_INDEX or block != header(INDEX, size):
        raise BadBundle("it is no bundle that ollama_bundle wrote")
    return size


def blob_name(digest):
    return f"blobs/sha256-{digest}"


def padding(size):
    return -size % BLOCK
