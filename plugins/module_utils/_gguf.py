# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The header of a GGUF file: what kind of model it is, read without its weights."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import Unusable, regular

# What a header may take: the largest tokenizers in use need about 20 MB.
LONGEST_HEADER = 64 << 20
LONGEST_NAME = 1 << 16
LONGEST_TEXT = 1 << 20
LONGEST_LIST = 4096
MOST_KEYS = 1 << 16
MOST_DIMENSIONS = 8
VERSIONS = (2, 3)
TEXT, LIST = 8, 9
NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}


class BadGguf(FleetError):
    """The file is no GGUF file, or not a whole one."""

    def __init__(self, path, reason):
        super().__init__(f"{path} {reason}")


@dataclass(frozen=True)
class Header:
    """What a GGUF file says about itself.

    ``keys`` are its texts, numbers and short lists of numbers; ``lengths`` is how many items each of its other lists
    has, such as the vocabulary, which are not kept. ``parameters`` is the number of weights, ``weights`` what they
    take in bytes.
    """

    keys: dict = field(default_factory=dict)
    lengths: dict = field(default_factory=dict)
    parameters: int = 0
    weights: int = 0

    @property
    def architecture(self):
        return self.text("general.architecture")

    def text(self, name):
        value = self.keys.get(name)
        return value if isinstance(value, str) else ""

    def own(self, name, default=None):
        """The value of a key that each architecture has under its own name, such as ``context_length``."""
        return self.keys.get(f"{self.architecture}.{name}", default)

    def number(self, name, default=0):
        """As ``own``, for a count; ``default`` where the file has none or something else under that name."""
        value = self.own(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default


def read_header(path):
    """The Header of the file at ``path``; BadGguf when it cannot be had."""
    try:
        with regular(path) as descriptor, open(descriptor, "rb", buffering=1 << 20, closefd=False) as stream:
            return header_of(Reader(path, stream, os.fstat(descriptor).st_size))
    except (Unusable, ValueError) as error:
        raise BadGguf(path, f"cannot be read ({error})") from error


class Reader:
    """Takes a file's bytes in order. Never keeps more than asked for, never goes beyond the end."""

    def __init__(self, path, stream, size):
        self.path = path
        self.size = size
        self.position = 0
        self._stream = stream

    def fail(self, reason):
        raise BadGguf(self.path, reason)

    def skip(self, count):
        self._advance(count)
        self._stream.seek(count, os.SEEK_CUR)

    def take(self, count):
        self._advance(count)
        data = self._stream.read(count)
        if len(data) < count:
            self.fail("became shorter while it was read; try again")
        return data

    def unpack(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def number(self, form="<Q"):
        return self.unpack(form)[0]

    def name(self):
        length = self.number()
        if length > LONGEST_NAME:
            self.fail(f"is damaged: it has a name of {length} bytes; fetch it again")
        return self.take(length).decode("utf-8", "replace")

    def _advance(self, count):
        self.position += count
        if self.position > self.size:
            self.fail(f"ends inside its header, after {self.size} bytes; fetch it again")
        if self.position > LONGEST_HEADER:
            self.fail(f"is damaged: its header is longer than {LONGEST_HEADER >> 20} MiB; fetch it again")


def header_of(reader):
    if reader.size < 4 or reader.take(4) != b"GGUF":
        reader.fail("is not a GGUF file")
    version = reader.number("<I")
    if version not in VERSIONS:
        reader.fail(f"is a GGUF file of version {version}, not of 2 or 3; convert it with a newer llama.cpp")
    tensors, count = reader.unpack("<QQ")
    if count > MOST_KEYS:
        reader.fail(f"is damaged: it has {count} keys; fetch it again")
    keys, lengths = {}, {}
    for _turn in range(count):
        name = reader.name()
        _value(reader, name, reader.number("<I"), keys, lengths)
    parameters, furthest = _tensors(reader, tensors)
    alignment = keys.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20:
        reader.fail("is damaged: its general.alignment is no size; fetch it again")
    start = -(-reader.position // alignment) * alignment
    if tensors and start + furthest >= reader.size:
        reader.fail(f"ends before its last weights, after {reader.size} bytes; fetch it again")
    return Header(keys, lengths, parameters, max(0, reader.size - start))


def _value(reader, name, kind, keys, lengths):
    """Put one value into ``keys``, or into ``lengths`` what is too long to be kept."""
    if kind in NUMBERS:
        keys[name] = reader.number(NUMBERS[kind])
    elif kind == TEXT:
        length = reader.number()
        if length > LONGEST_TEXT:
            reader.skip(length)
        else:
            keys[name] = reader.take(length).decode("utf-8", "replace")
    elif kind == LIST:
        inner, count = reader.unpack("<IQ")
        if inner in NUMBERS and count <= LONGEST_LIST:
            keys[name] = list(reader.unpack(f"<{count}{NUMBERS[inner][1]}"))
        else:
            lengths[name] = count
            _pass_over(reader, inner, count)
    else:
        reader.fail(f"is damaged: its key {name[:60]!r} has the unknown type {kind}; fetch it again")


def _pass_over(reader, kind, count):
    if kind in NUMBERS:
        reader.skip(struct.calcsize(NUMBERS[kind]) * count)
    elif kind == TEXT:
        for _turn in range(count):
            reader.skip(reader.number())
    else:
        reader.fail(f"is damaged: it has a list of the unknown type {kind}; fetch it again")


def _tensors(reader, count):
    """(number of weights, where the last tensor begins) from the table of tensors, which says where each begins."""
    parameters = furthest = 0
    for _turn in range(count):
        reader.name()
        rank = reader.number("<I")
        if rank > MOST_DIMENSIONS:
            reader.fail(f"is damaged: it has a tensor of {rank} dimensions; fetch it again")
        elements = 1
        for length in reader.unpack(f"<{rank}Q"):
            elements *= length
        _type, offset = reader.unpack("<IQ")
        parameters += elements
        furthest = max(furthest, offset)
    return parameters, furthest
