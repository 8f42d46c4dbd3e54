# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._gguf import Header, read_header
from ansible_collections.barellama.fleet.plugins.module_utils._gguf_facts import KV_TYPES, described, estimate
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.conftest import recorded_case
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gguf_samples import UINT32, language_model
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated

MIB = 1 << 20
LLAMA_1B = {"blocks": 16, "width": 2048, "inner": 8192, "head_length": 64}
GEMMA_4B = {"blocks": 34, "width": 2560, "inner": 10240, "heads": 8, "kv_heads": 4, "head_length": 256, "vocabulary": 262144,
            "architecture": "gemma3", "tied": True, "more": {"attention.sliding_window": (UINT32, 1024)}}

# What llama.cpp b11549 said of models of these shapes on a CPU with flash attention: MiB of weights, of keys and values, of
# work space and output.
MEASURED = [
    (LLAMA_1B, 4096, 1, "f16", 1518.57, 128.0, 72.51),
    (LLAMA_1B, 32768, 1, "f16", 1518.57, 1024.0, 100.51),
    (LLAMA_1B, 8192, 4, "f16", 1518.57, 1024.0, 77.98),
    (LLAMA_1B, 32768, 1, "q8_0", 1518.57, 544.0, 100.54),
    (LLAMA_1B, 32768, 1, "q4_0", 1518.57, 288.0, 100.54),
    ({}, 4096, 1, "f16", 8137.64, 512.0, 128.51),
    ({}, 32768, 1, "q4_0", 8137.64, 1152.0, 156.59),
    (GEMMA_4B, 4096, 1, "f16", 3932.65, 254.0, 91.53),
    (GEMMA_4B, 32768, 1, "f16", 3932.65, 814.0, 119.53),
    (GEMMA_4B, 8192, 4, "f16", 3932.65, 1336.0, 98.53),
    (GEMMA_4B, 32768, 1, "q8_0", 3932.65, 432.44, 120.06),
]


@pytest.mark.parametrize(("shape", "context", "parallel", "kind", "weights", "cache", "work"), MEASURED)
def test_the_estimate_is_what_the_runner_takes(tmp_path, shape, context, parallel, kind, weights, cache, work):
    need = estimate(read_header(str(language_model(tmp_path / "m.gguf", **shape))), context, parallel, kind)
    assert need["weights"] / MIB == pytest.approx(weights, abs=0.1)
    assert need["kv_cache"] / MIB == pytest.approx(cache, abs=0.1)
    assert 1 < need["overhead"] / MIB / work < 6
    assert 1 < need["total"] / MIB / (weights + cache + work) < 1.12
    assert need["total"] == need["weights"] + need["kv_cache"] + need["overhead"]


def header(architecture="llama", weights=1000, vocabulary=1000, **own):
    keys = {"block_count": 4, "embedding_length": 64, "attention.head_count": 4, "attention.head_count_kv": 2,
            **{name.replace("__", "."): value for name, value in own.items()}}
    named = {name if name.startswith(("general.", "tokenizer.")) else f"{architecture}.{name}": value for name, value in keys.items()}
    return Header({"general.architecture": architecture, **named}, {"tokenizer.ggml.tokens": vocabulary}, 10, weights)


# One layer remembers for one token: 2 heads of 16 keys and 16 values.
TOKEN = 2 * (16 + 16) * 2


@pytest.mark.parametrize(
    ("shape", "context", "parallel", "cache"),
    [
        ({}, 100, 1, 4 * 100 * TOKEN),
        ({}, 100, 3, 4 * 300 * TOKEN),
        ({"context_length": 60}, 100, 2, 4 * 120 * TOKEN),
        ({"attention__key_length": 24, "attention__value_length": 8}, 100, 1, 4 * 100 * TOKEN),
        ({"attention__head_count_kv": [2, 0, 2, 0]}, 100, 1, 2 * 100 * TOKEN),
        ({"attention__head_count_kv": None}, 100, 1, 4 * 100 * 2 * TOKEN),
        ({"attention__head_count_kv": [2, 2]}, 100, 1, 4 * 100 * 2 * TOKEN),
        ({"attention__sliding_window": 10}, 1000, 1, 4 * 1000 * TOKEN),
        ({"attention__sliding_window": 10, "attention__sliding_window_pattern": [True, False, True, True]}, 1000, 2,
         2 * (1000 + 3 * 522) * TOKEN),
        ({"attention__sliding_window": 10, "attention__sliding_window_pattern": 2}, 1000, 1, 2 * (1000 + 522) * TOKEN),
        ({"architecture": "gpt-oss", "attention__sliding_window": 128}, 1000, 1, 2 * (1000 + 640) * TOKEN),
        ({"architecture": "gpt-oss", "attention__sliding_window": 128}, 300, 1, 4 * 300 * TOKEN),
        ({"attention__shared_kv_layers": 3}, 100, 1, 100 * TOKEN),
        ({"attention__shared_kv_layers": 9}, 100, 1, 0),
        ({"architecture": "qwen3next", "full_attention_interval": 4}, 100, 1, 100 * TOKEN),
        ({"architecture": "qwen35moe"}, 100, 4, 4 * 100 * TOKEN),
        ({"architecture": "mamba", "attention__head_count": 0, "ssm__conv_kernel": 4, "ssm__inner_size": 8, "ssm__state_size": 2,
          "ssm__group_count": 1}, 100, 2, 2 * 4 * 4 * (3 * (8 + 4) + 16)),
        ({"architecture": "bert", "pooling_type": 1, "attention__causal": False}, 100, 4, 0),
        ({"pooling_type": 3}, 100, 4, 4 * 100 * TOKEN),
    ],
)
def test_what_each_layer_remembers(shape, context, parallel, cache):
    assert estimate(header(**shape), context, parallel)["kv_cache"] == cache


def test_the_answer_says_what_it_counted():
    need = estimate(header(context_length=60, pooling_type=1), 100, 4, "q8_0", beside=500)
    assert need["weights"] == 1500
    assert (need["context_length"], need["parallel"], need["kv_cache_type"]) == (60, 1, "q8_0")


def test_the_runner_of_a_real_server_wanted_the_same():
    """It was asked for more than there is, and said how much that was."""
    case = recorded_case("generate-out-of-memory")
    shape = recorded_case("show")["response"]["body"]["model_info"]
    keys = {name: value for name, value in shape.items() if not name.endswith("context_length")}
    need = estimate(Header(keys), case["request"]["body"]["options"]["num_ctx"])
    assert f"attempted to allocate {need['kv_cache'] / MIB:.2f} MB" in case["response"]["body"]["error"]


@pytest.mark.parametrize("without", ["block_count", "embedding_length"])
def test_a_header_without_a_shape_is_refused_in_one_line(without):
    with pytest.raises(FleetError, match="the header, of architecture 'clip', has no usable block_count and embedding_length"):
        estimate(header("clip", **{without: None}), 100)


def test_a_shape_that_cannot_be_is_refused():
    with pytest.raises(FleetError, match="no usable block_count"):
        estimate(header(block_count=1 << 40), 100)


def test_the_facts_are_those_of_ollama_show(tmp_path):
    shown = recorded_case("show")["response"]["body"]
    facts = described(Header(shown["model_info"], {}, 131392))
    assert facts == {
        "architecture": "llama", "name": "", "parameter_count": shown["model_info"]["general.parameter_count"], "context_length": 512,
        "embedding_length": 64, "quantization": shown["details"]["quantization_level"], "capabilities": shown["capabilities"],
    }


@pytest.mark.parametrize(
    ("own", "capabilities"),
    [
        ({}, ["completion"]),
        ({"pooling_type": 1}, ["embedding"]),
        ({"vision__block_count": 3, "audio__block_count": 3}, ["completion", "vision", "audio"]),
        ({"tokenizer__chat_template": "{% if tools %}"}, ["completion", "tools"]),
        ({"tokenizer__chat_template": "{% if enable_thinking %}"}, ["completion", "thinking"]),
    ],
)
def test_capabilities_are_told_as_far_as_the_header_goes(own, capabilities):
    assert described(header(**own))["capabilities"] == capabilities


@pytest.mark.parametrize(("number", "name"), [(0, "F32"), (7, "Q8_0"), (15, "Q4_K_M"), (30, "IQ4_XS"), (32, "BF16"), (38, "MXFP4"),
                                              (5, "unknown"), (99, "unknown"), (None, "unknown"), ("15", "unknown")])
def test_quantizations_have_their_usual_names(number, name):
    assert described(header(general__file_type=number))["quantization"] == name


def test_strange_values_never_end_in_a_traceback():
    names = ("block_count", "embedding_length", "context_length", "attention.head_count", "attention.head_count_kv", "attention.key_length",
             "attention.sliding_window", "attention.sliding_window_pattern", "attention.shared_kv_layers", "full_attention_interval",
             "ssm.state_size", "pooling_type", "attention.causal", "vision.block_count", "general.architecture", "general.file_type")
    dice = random.Random(5)
    # A header holds texts, numbers and lists of numbers.
    values = [value for value in generated(5) if isinstance(value, (str, float, bool)) or isinstance(value, int) and abs(value) < 1 << 64]
    values += [[], [1, -1, 0, 2], [1.5] * 4, [True] * 3, 1 << 63, 4, 64]
    for _turn in range(300):
        strange = Header({**header().keys, **{name if name.startswith("general") else f"llama.{name}": dice.choice(values)
                                              for name in dice.sample(names, 3)}})
        described(strange)
        try:
            need = estimate(strange, dice.choice((1, 4096, 1 << 31)), dice.choice((1, 1 << 31)), dice.choice(list(KV_TYPES)))
            assert need["total"] >= 0
        except FleetError as error:
            assert len(str(error)) < 400
