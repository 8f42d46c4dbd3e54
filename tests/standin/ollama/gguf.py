# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and writing GGUF model files, and rewriting them as the server does on import and quantization.

The format: a header, typed keys, a table of tensors, then the tensors, each aligned to 32 bytes.
"""

from __future__ import annotations

import re
import struct
from collections import namedtuple

from .errors import GoError

Tensor = namedtuple("Tensor", "name type shape offset")
ALIGNMENT = 32
STRING, ARRAY = 8, 9
SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
TYPES = {0: ("F32", 1, 4), 1: ("F16", 1, 2), 8: ("Q8_0", 32, 34), 12: ("Q4_K", 256, 144), 14: ("Q6_K", 256, 210),
         30: ("BF16", 1, 2)}
FILE_TYPES = {0: "F32", 1: "F16", 7: "Q8_0", 14: "Q4_K_S", 15: "Q4_K_M", 32: "BF16"}
VERSION_KEY, FILE_TYPE_KEY = "general.quantization_version", "general.file_type"
COPY_PIECE = 1 << 20


class Model:
    """The header of one GGUF file: ``keys`` (name -> (type, value), in file order) and ``tensors``."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as stream:
            if stream.read(4) != b"GGUF":
                raise GoError("invalid file magic")
            self._reader = stream
            _version, tensor_count, key_count = self._unpack("<IQQ")
            self.keys = dict(self._key() for _ in range(key_count))
            self.tensors = [self._tensor() for _ in range(tensor_count)]
            self.data_start = padded(stream.tell())
            del self._reader

    def value(self, name, default=None):
        return self.keys[name][1] if name in self.keys else default

    @property
    def architecture(self):
        return self.value("general.architecture", "unknown")

    @property
    def parameter_count(self):
        return sum(elements(tensor) for tensor in self.tensors)

    @property
    def file_type(self):
        return FILE_TYPES.get(self.value(FILE_TYPE_KEY), "unknown")

    def of_architecture(self, name, default=0):
        """Return a key that every architecture has under its own prefix, e.g. context_length."""
        return self.value(f"{self.architecture}.{name}", default)

    def _unpack(self, form):
        data = self._reader.read(struct.calcsize(form))
        if len(data) < struct.calcsize(form):
            raise GoError("unexpected EOF")
        return struct.unpack(form, data)

    def _string(self):
        return self._reader.read(self._unpack("<Q")[0]).decode("utf-8", "surrogateescape")

    def _key(self):
        name = self._string()
        kind = self._unpack("<I")[0]
        return name, (kind, self._value(kind))

    def _value(self, kind):
        if kind == STRING:
            return self._string()
        if kind == ARRAY:
            inner, count = self._unpack("<IQ")
            return inner, [self._value(inner) for _ in range(count)]
        value = self._unpack(SCALARS[kind])[0]
        return shortest(value) if kind == 6 else value

    def _tensor(self):
        name = self._string()
        rank = self._unpack("<I")[0]
        shape = self._unpack("<%dQ" % rank)
        kind, offset = self._unpack("<IQ")
        return Tensor(name, kind, list(shape), offset)


def rewrite(model, quantization=None):
    """Yield the bytes of ``model`` as the server stores it: keys completed, tensors in order, perhaps quantized.

    The numbers of a quantized tensor are not computed: its bytes are the first ones of the source, cut to the length
    that the target type has.
    """
    keys = dict(model.keys)
    keys[VERSION_KEY] = (4, 2)
    if quantization:
        keys[FILE_TYPE_KEY] = (4, {name: number for number, name in FILE_TYPES.items()}[quantization])
    tensors = sorted(model.tensors, key=_place)
    types = [_target(tensor, quantization, model.of_architecture("block_count")) for tensor in tensors]
    yield head(keys, tensors, types)
    with open(model.path, "rb") as source:
        for tensor, kind in zip(tensors, types):
            source.seek(model.data_start + tensor.offset)
            yield from _pieces(source, tensor, kind)


def _pieces(source, tensor, kind):
    left = length = size(tensor, kind)
    while left:
        piece = source.read(min(left, COPY_PIECE))
        if not piece:
            raise GoError("unexpected EOF")
        left -= len(piece)
        yield piece
    yield bytes(padded(length) - length)


def head(keys, tensors, types):
    """Return what comes before the weights: keys (name -> (type, value)) and the table of tensors, each in its type."""
    packed = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    for name, (kind, value) in keys.items():
        packed += _packed_string(name) + struct.pack("<I", kind) + _packed(kind, value)
    offset = 0
    for tensor, kind in zip(tensors, types):
        rank = len(tensor.shape)
        packed += _packed_string(tensor.name) + struct.pack("<I%dQIQ" % rank, rank, *tensor.shape, kind, offset)
        offset += padded(size(tensor, kind))
    return packed + bytes(padded(len(packed)) - len(packed))


def _packed(kind, value):
    if kind == STRING:
        return _packed_string(value)
    if kind == ARRAY:
        inner, items = value
        return struct.pack("<IQ", inner, len(items)) + b"".join(_packed(inner, item) for item in items)
    return struct.pack(SCALARS[kind], value)


def _packed_string(text):
    data = text.encode("utf-8", "surrogateescape")
    return struct.pack("<Q", len(data)) + data


def _place(tensor):
    """Sort key: what belongs to no block first, then block by block, each by name."""
    block = re.match(r"blk\.(\d+)\.", tensor.name)
    return int(block.group(1)) if block else -1, tensor.name


def _target(tensor, quantization, blocks):
    """Return the type that a tensor gets; only matrices are quantized, the sensitive ones less."""
    if quantization is None or len(tensor.shape) < 2 or quantization in ("F16", "F32"):
        return tensor.type
    if quantization == "Q8_0":
        return 8
    if tensor.shape[0] % 256:
        return tensor.type
    block = _place(tensor)[0]
    late = block >= 7 * blocks // 8 and block >= 0
    sensitive = quantization == "Q4_K_M" and late and ("attn_v" in tensor.name or "ffn_down" in tensor.name)
    return 14 if sensitive or tensor.name == "output.weight" else 12


def elements(tensor):
    count = 1
    for length in tensor.shape:
        count *= length
    return count


def size(tensor, kind):
    _name, block, length = TYPES[kind]
    return elements(tensor) // block * length


def padded(length):
    return -(-length // ALIGNMENT) * ALIGNMENT


def shortest(value):
    """Return the shortest decimal number that is the same in single precision."""
    for digits in range(1, 10):
        candidate = float("%.*g" % (digits, value))
        if struct.pack("<f", candidate) == struct.pack("<f", value):
            return candidate
    return value
