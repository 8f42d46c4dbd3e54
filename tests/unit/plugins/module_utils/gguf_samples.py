# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GGUF headers for tests, without weights that take room."""

from __future__ import annotations

from ansible_collections.barellama.fleet.tests.standin.ollama.gguf import ARRAY, STRING, Tensor, head, padded, size

UINT32, INT32, FLOAT32, BOOL = 4, 5, 6, 7
Q8_0, F32 = 8, 0


def header_bytes(keys=(), tensors=(), architecture="llama"):
    """A header with ``general.architecture`` and ``keys``: name -> (type, value), names of the architecture's own without its prefix."""
    named = {"general.architecture": (STRING, architecture)}
    named.update({name if "." in name and name.split(".")[0] in ("general", "tokenizer") else f"{architecture}.{name}": value
                  for name, value in dict(keys).items()})
    return head(named, list(tensors), [tensor.type for tensor in tensors])


def language_model(path, blocks=32, width=4096, inner=14336, heads=32, kv_heads=8, head_length=128, vocabulary=128256,
                   architecture="llama", context=131072, tied=False, more=()):
    """Write a sparse file of the shape and length that a real model of 8 bits has; the defaults are those of Llama 3.1 8B."""
    tensors = [Tensor("token_embd.weight", Q8_0, [width, vocabulary], 0)]
    for block in range(blocks):
        tensors += [Tensor(f"blk.{block}.{name}.weight", kind, shape, 0) for name, kind, shape in (
            ("attn_norm", F32, [width]), ("attn_q", Q8_0, [width, heads * head_length]),
            ("attn_k", Q8_0, [width, kv_heads * head_length]), ("attn_v", Q8_0, [width, kv_heads * head_length]),
            ("attn_output", Q8_0, [heads * head_length, width]), ("ffn_norm", F32, [width]), ("ffn_gate", Q8_0, [width, inner]),
            ("ffn_up", Q8_0, [width, inner]), ("ffn_down", Q8_0, [inner, width]))]
        if architecture == "gemma3":
            tensors += [Tensor(f"blk.{block}.{name}.weight", F32, [length], 0) for name, length in (
                ("post_attention_norm", width), ("post_ffw_norm", width), ("attn_q_norm", head_length), ("attn_k_norm", head_length))]
    tensors += [Tensor("output_norm.weight", F32, [width], 0)] + ([] if tied else [Tensor("output.weight", Q8_0, [width, vocabulary], 0)])
    content = header_bytes({
        "general.file_type": (UINT32, 7), "context_length": (UINT32, context), "embedding_length": (UINT32, width),
        "block_count": (UINT32, blocks), "attention.head_count": (UINT32, heads), "attention.head_count_kv": (UINT32, kv_heads),
        "attention.key_length": (UINT32, head_length), "attention.value_length": (UINT32, head_length),
        "tokenizer.ggml.tokens": (ARRAY, (STRING, ["word"] * vocabulary)), **dict(more)}, tensors, architecture)
    with open(path, "wb") as stream:
        stream.write(content)
        stream.truncate(len(content) + sum(padded(size(tensor, tensor.type)) for tensor in tensors))
    return path
