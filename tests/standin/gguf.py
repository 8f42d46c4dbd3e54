# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small language models in the GGUF format: real in shape, random in content.

A real Ollama server can import, show, load and run them; what they say means nothing. The same arguments give the
same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import struct

from .ollama.gguf import ARRAY, STRING, Tensor, elements, head, padded, size

VOCABULARY = 384
BLOCKS = 2
HEADS = 4
CONTEXT = 512
WEIGHTS_PERIOD = 1 << 20

F32, F16 = 0, 1
UINT32, INT32, FLOAT32 = 4, 5, 6
UNKNOWN, CONTROL, NORMAL, BYTE = 2, 3, 1, 6


class Model:
    """One llama-shaped model.

    ``width`` is the length of an embedding: 64 gives 270 KB, 256 gives 3 MB and allows every quantization;
    ``feed_forward`` (default: twice the width) is what makes larger models larger. One that ``embeds`` makes vectors only.
    """

    def __init__(self, seed=1, width=64, feed_forward=None, embeds=False):
        self.seed = seed
        self.width = width
        self.feed_forward = feed_forward or 2 * width
        self.embeds = embeds
        self.tensors = [Tensor(name, kind, shape, None) for name, kind, shape in _tensors(self.width, self.feed_forward)]

    @classmethod
    def of_size(cls, size, seed=1):
        """Return the model whose file comes closest to ``size`` bytes from below (from 3 MB upwards)."""
        width = 256
        growth = 32 * width * 3 * 2 * BLOCKS  # bytes for 32 more rows in the three feed-forward matrices of each block
        smallest = cls(seed, width, 32)
        steps = max(0, size - smallest.size) // growth
        return cls(seed, width, 32 + 32 * steps)

    @property
    def parameters(self):
        return sum(elements(tensor) for tensor in self.tensors)

    @property
    def size(self):
        """Length of the file in bytes."""
        return len(self._head()) + sum(padded(size(tensor, tensor.type)) for tensor in self.tensors)

    def chunks(self):
        """Yield the file's bytes, piece by piece."""
        yield self._head()
        weights = _Weights(self.seed)
        for tensor in self.tensors:
            length = size(tensor, tensor.type)
            if tensor.type == F32:
                yield struct.pack("<f", 1.0) * elements(tensor)
            else:
                yield from weights.take(length)
            yield bytes(padded(length) - length)

    def _head(self):
        keys = {name: (kind, value) for name, kind, value in _keys(self.width, self.feed_forward)}
        if self.embeds:
            keys["llama.pooling_type"] = (UINT32, 1)
        return head(keys, self.tensors, [tensor.type for tensor in self.tensors])


class _Weights:
    """An endless run of half-precision numbers, their magnitude between 1/32 and 1/16, of either sign."""

    def __init__(self, seed):
        noise = int.from_bytes(hashlib.shake_256(b"weights %d" % seed).digest(WEIGHTS_PERIOD), "little")
        halves = WEIGHTS_PERIOD // 2
        sign_and_fraction = int.from_bytes(struct.pack("<H", 0x83FF) * halves, "little")
        exponent = int.from_bytes(struct.pack("<H", 0x2800) * halves, "little")
        self.period = (noise & sign_and_fraction | exponent).to_bytes(WEIGHTS_PERIOD, "little")
        self.position = 0

    def take(self, length):
        while length:
            piece = self.period[self.position:self.position + length]
            self.position = (self.position + len(piece)) % WEIGHTS_PERIOD
            length -= len(piece)
            yield piece


def _tensors(width, feed_forward):
    """Yield (name, kind, shape); the first number of a shape is the length of a row, as GGUF has it."""
    yield "token_embd.weight", F16, (width, VOCABULARY)
    for block in range(BLOCKS):
        prefix = "blk.%d." % block
        yield prefix + "attn_norm.weight", F32, (width,)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield prefix + part + ".weight", F16, (width, width)
        yield prefix + "ffn_norm.weight", F32, (width,)
        yield prefix + "ffn_gate.weight", F16, (width, feed_forward)
        yield prefix + "ffn_up.weight", F16, (width, feed_forward)
        yield prefix + "ffn_down.weight", F16, (feed_forward, width)
    yield "output_norm.weight", F32, (width,)
    yield "output.weight", F16, (width, VOCABULARY)


def _keys(width, feed_forward):
    """Yield (name, type, value) for every key of the header."""
    tokens = list(_tokens())
    yield "general.architecture", STRING, "llama"
    yield "general.name", STRING, "tiny-random"
    yield "general.description", STRING, "random weights, for tests only"
    yield "general.license", STRING, "cc0-1.0"
    yield "general.file_type", UINT32, 1
    yield "llama.context_length", UINT32, CONTEXT
    yield "llama.embedding_length", UINT32, width
    yield "llama.block_count", UINT32, BLOCKS
    yield "llama.feed_forward_length", UINT32, feed_forward
    yield "llama.attention.head_count", UINT32, HEADS
    yield "llama.attention.head_count_kv", UINT32, HEADS
    yield "llama.rope.dimension_count", UINT32, width // HEADS
    yield "llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5
    yield "llama.vocab_size", UINT32, VOCABULARY
    yield "tokenizer.ggml.model", STRING, "llama"
    yield "tokenizer.ggml.pre", STRING, "default"
    yield "tokenizer.ggml.tokens", ARRAY, (STRING, [text for text, _kind in tokens])
    scores = [-float(number) if kind == NORMAL else 0.0 for number, (_text, kind) in enumerate(tokens)]
    yield "tokenizer.ggml.scores", ARRAY, (FLOAT32, scores)
    yield "tokenizer.ggml.token_type", ARRAY, (INT32, [kind for _text, kind in tokens])
    yield "tokenizer.ggml.bos_token_id", UINT32, 1
    yield "tokenizer.ggml.eos_token_id", UINT32, 2
    yield "tokenizer.ggml.unknown_token_id", UINT32, 0


def _tokens():
    """Yield (text, kind): control tokens, every byte, printable ASCII and some words with SentencePiece's space."""
    space = "\u2581"
    yield from [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)]
    for byte in range(256):
        yield "<0x%02X>" % byte, BYTE
    words = [space] + [chr(code) for code in range(33, 127)]
    words += [space + word for word in "the a to of and in is it hello world".split()]
    while 3 + 256 + len(words) < VOCABULARY:
        words.append("%sw%d" % (space, len(words)))
    for word in words:
        yield word, NORMAL
