# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The weights behind the recordings: same shapes and sizes, other random numbers, hence other digests."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from tests.standin.gguf import Model
from tests.standin.ollama import gguf

# name: (arguments of Model, {quantization: digest in the recordings}); "source" is the file as it was uploaded,
# None what the server made of it.
RECORDED = {
    "tiny": ({"seed": 1}, {"source": "b46bc277f85a4a3482ee518bcaba76bdd4fc25eae6ffa90e6a94eae667d71a6c",
                           None: "1f5ed37f5e116ba09efccdb4c67a18043f4631c5401fade43a2f84fa6e3401fa",
                           "Q8_0": "3bd0f7904231e8148bebb5beaa3f2667923e3e2cd478eb4518fdd2cbd82b2df7"}),
    "tiny2": ({"seed": 2}, {"source": "9c0274de4fd3a0103b2ee8807b5d55769333480716925927bdbca1d80354ceee",
                            None: "9a68763a974585c30d22a65fa39b61f640e4e718f6b6f1b440defbb127e71854"}),
    "wide": ({"seed": 1, "width": 256}, {
        "source": "b54b3f3a39d3ab57db68b7170d768d02f782eb4ebb0109774ae5b35bb3241f95",
        "Q4_K_M": "8d081eb6bd7a388da3461699c50a1b1f0bab5d226a8eff603ef5380ef640bddd"}),
    "big": ({"seed": 1, "width": 2816}, {
        "source": "6b6865c1632d618bef37ec9705d62b09753b0772cb0e9f3b615891b1f21a48c4",
        None: "f3fe979f42d546b3b3055442726aee8e0d26a144aed89ed090563705ec21f250"}),
    "other": ({"seed": 3}, {}),
}
TAMPERED = "f329a734382f81d57bd1c688ec8103c525d026ec4707bb011ebf48e02a5dfdef"


class Converted:
    """A model as the server has it after import, in the form that tests.standin.models publishes."""

    def __init__(self, path):
        self._header = gguf.Model(str(path))
        self.parameters = self._header.parameter_count

    def chunks(self):
        return gguf.rewrite(self._header)


class Weights:
    """Makes the files when they are first wanted, below ``directory``; knows whose digest stands for whose."""

    def __init__(self, directory):
        self._directory = Path(directory)
        self.pairs = {}

    def source(self, name):
        """Return the path of the uploaded file."""
        path = self._directory / (name + ".gguf")
        if not path.exists():
            arguments, recorded = RECORDED[name]
            _write(path, Model(**arguments).chunks())
            self._learn(path, recorded)
        return path

    def bytes(self, name):
        return self.source(name).read_bytes()

    def long_context(self):
        """Return the tiny model with a training context of 2^27 tokens."""
        field = b"llama.context_length" + (4).to_bytes(4, "little")
        return self.bytes("tiny").replace(field + (512).to_bytes(4, "little"), field + (1 << 27).to_bytes(4, "little"))

    def digest(self, name, form=None):
        """Return the digest, bare hex, of what the server makes of the weights (or of the "source")."""
        self.source(name)
        return next(ours for ours, theirs in self.pairs.items() if theirs == RECORDED[name][1][form])

    def converted(self, name):
        return Converted(self.source(name))

    def _learn(self, path, recorded):
        header = gguf.Model(str(path))
        for form, digest in recorded.items():
            pieces = [path.read_bytes()] if form == "source" else gguf.rewrite(header, form)
            ours = hashlib.sha256()
            for piece in pieces:
                ours.update(piece)
            self.pairs[ours.hexdigest()] = digest
            if digest == RECORDED["tiny2"][1][None]:
                whole = bytearray(b"".join(gguf.rewrite(header)))
                whole[0] ^= 0xFF
                self.pairs[hashlib.sha256(whole).hexdigest()] = TAMPERED


def _write(path, chunks):
    with tempfile.NamedTemporaryFile(dir=str(path.parent), delete=False) as stream:
        for chunk in chunks:
            stream.write(chunk)
    Path(stream.name).replace(path)
