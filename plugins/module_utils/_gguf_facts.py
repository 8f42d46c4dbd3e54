# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a GGUF header tells about a model, and how much memory it will need. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

MOST_LAYERS = 4096
# Bytes for one number of keys and values: 32 of them in q8_0 and q4_0 share a scale of two bytes.
KV_TYPES = {"f16": 2, "q8_0": 34 / 32, "q4_0": 18 / 32}
HALF_PRECISION, SINGLE_PRECISION = 2, 4
BATCH = 512  # tokens that Ollama has worked on at once
# Every n-th layer sees the whole context, the others a window of it, which the header does not always say.
GLOBAL_LAYER_EVERY = {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2, "gptoss": 2, "cohere2": 4, "olmo3": 4}
# What Ollama runs with one request at a time, whatever OLLAMA_NUM_PARALLEL says.
ONE_AT_A_TIME = ("mllama", "qwen3vl", "qwen35", "qwen3next", "lfm2", "nemotron_h")
QUANTIZATIONS = dict(enumerate((
    "F32", "F16", "Q4_0", "Q4_1", "MXFP4", None, None, "Q8_0", "Q5_0", "Q5_1", "Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L",
    "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "IQ2_XXS", "IQ2_XS", "Q2_K_S", "IQ3_XS", "IQ3_XXS", "IQ1_S",
    "IQ4_NL", "IQ3_S", "IQ3_M", "IQ2_S", "IQ2_M", "IQ4_XS", "IQ1_M", "BF16", None, None, None, "TQ1_0", "TQ2_0", "MXFP4",
)))


def described(header):
    """The facts about the model itself, as ``ollama show`` has them."""
    file_type = header.keys.get("general.file_type")
    return {
        "architecture": header.architecture,
        "name": header.text("general.name"),
        "parameter_count": header.parameters,
        "context_length": header.number("context_length", None),
        "embedding_length": header.number("embedding_length", None),
        "quantization": QUANTIZATIONS.get(file_type if isinstance(file_type, int) else None) or "unknown",
        "capabilities": list(_capabilities(header)),
    }


def _capabilities(header):
    yield "embedding" if _is_embedding(header) else "completion"
    for sense in ("vision", "audio"):
        if header.own(f"{sense}.block_count") is not None:
            yield sense
    template = header.text("tokenizer.chat_template")
    if "tools" in template:
        yield "tools"
    if "<think>" in template or "enable_thinking" in template:
        yield "thinking"


def _is_embedding(header):
    return header.own("pooling_type") is not None


def estimate(header, context, parallel=1, kv_cache_type="f16", beside=0):
    """Bytes that the model takes once it is loaded: weights, keys and values, and work space.

    ``beside`` are the bytes of files that are loaded with it: a projector, adapters. ``context`` is for each of the
    ``parallel`` requests, as in Ollama's settings; it is cut to what the model was trained for, as Ollama does.
    """
    _refuse_without_shape(header)
    context = min(context, header.number("context_length") or context)
    if _is_embedding(header) or header.architecture.startswith(ONE_AT_A_TIME):
        parallel = 1
    need = {
        "weights": header.weights + beside,
        "kv_cache": int(_kv_cache(header, context, parallel, KV_TYPES[kv_cache_type])),
        "overhead": _work_space(header, context * parallel),
    }
    return {**need, "total": sum(need.values()), "context_length": context, "parallel": parallel,
            "kv_cache_type": kv_cache_type}


def _refuse_without_shape(header):
    if not 0 < header.number("block_count") <= MOST_LAYERS or not header.number("embedding_length"):
        raise FleetError(
            f"memory cannot be estimated: the header, of architecture {shown(header.architecture)}, has no usable block_count "
            f"and embedding_length; give the file of a language model, not that of a projector or an adapter"
        )


def _kv_cache(header, context, parallel, width):
    """Keys and values of every layer, for every token that it remembers."""
    if header.own("attention.causal") is False:
        return 0  # it reads all of its text at once and remembers nothing
    layers = header.number("block_count")
    heads = _each_layer(header, "attention.head_count", layers, 1)
    kv_heads = _each_layer(header, "attention.head_count_kv", layers, max(heads))
    head = header.number("embedding_length") // max(1, *heads)
    length = header.number("attention.key_length", head) + header.number("attention.value_length", head)
    short = _short_layers(header, layers)
    window = min(context, header.number("attention.sliding_window") + BATCH)
    recurrent = _recurrent_layers(header, layers)
    total = 0
    for layer in range(layers - header.number("attention.shared_kv_layers")):
        if layer in recurrent or not heads[layer] or not kv_heads[layer]:
            total += _state(header) * parallel
        else:
            total += (window if layer in short else context) * parallel * kv_heads[layer] * length * width
    return total


def _each_layer(header, name, layers, default):
    """A count for each layer. A header has one for all, or a list."""
    value = header.own(name)
    if isinstance(value, list) and len(value) >= layers and all(isinstance(item, int) and item >= 0 for item in value):
        return value
    return [header.number(name, default)] * layers


def _short_layers(header, layers):
    """The layers that remember no more than their sliding window."""
    if not header.number("attention.sliding_window"):
        return set()
    pattern = header.own("attention.sliding_window_pattern")
    if isinstance(pattern, list):
        return {layer for layer, short in enumerate(pattern) if short}
    every = header.number("attention.sliding_window_pattern") or GLOBAL_LAYER_EVERY.get(header.architecture)
    return {layer for layer in range(layers) if (layer + 1) % every} if every else set()


def _recurrent_layers(header, layers):
    every = header.number("full_attention_interval")
    return {layer for layer in range(layers) if (layer + 1) % every} if every else set()


def _state(header):
    """What a recurrent layer remembers, however long the text."""
    inner, state = header.number("ssm.inner_size"), header.number("ssm.state_size")
    convolution = max(0, header.number("ssm.conv_kernel") - 1) * (inner + 2 * header.number("ssm.group_count") * state)
    return SINGLE_PRECISION * (convolution + state * inner)


def _work_space(header, tokens):
    """Bytes of the largest step of one batch: each word's likelihood, and which of the tokens each may see."""
    vocabulary = header.lengths.get("tokenizer.ggml.tokens") or header.number("vocab_size")
    words = SINGLE_PRECISION * BATCH * (header.number("embedding_length") + vocabulary)
    return words + HALF_PRECISION * BATCH * tokens
