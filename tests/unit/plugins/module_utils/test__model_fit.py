# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._model_fit import fit, needed_for
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated

GB = 10**9
CARD = 24 * GB  # 22.39 GB of it can be used
USABLE = CARD - (1 << 30) - (1 << 29)


@pytest.mark.parametrize(
    ("need", "vram", "ram", "fits"),
    [
        (8 * GB, [CARD], 0, "gpu"),
        (USABLE, [CARD], 0, "gpu"),
        (USABLE + 1, [CARD], 0, "no"),
        (USABLE + 1, [CARD], 1, "partly"),
        (USABLE + GB + 1, [CARD], GB, "no"),
        (USABLE + GB + 1, [CARD], 50 * GB, "partly"),
        (40 * GB, [CARD, CARD], 0, "gpu"),
        (40 * GB, [CARD, GB], 30 * GB, "partly"),
        (8 * GB, [], 16 * GB, "cpu"),
        (8 * GB, [GB], 16 * GB, "cpu"),
        (17 * GB, [], 16 * GB, "no"),
        (8 * GB, CARD, 0, "gpu"),
        (str(8 * GB), [str(CARD)], "0", "gpu"),
        (8.5 * GB, CARD, 0, "gpu"),
        ({"total": 20 * GB, "overhead": GB}, [CARD], 0, "gpu"),
        ({"total": 44 * GB, "overhead": GB // 2}, [CARD, CARD], 0, "gpu"),
        ({"total": 44 * GB, "overhead": GB}, [CARD, CARD], 0, "no"),
        ({"total": 44 * GB, "overhead": GB}, [CARD, CARD], GB, "partly"),
        ("llama3.2:1b", [CARD], 0, "gpu"),
        ("llama2:7b", [8 * GB], 0, "gpu"),
        ("llama3.3:70b", [CARD], 8 * GB, "no"),
    ],
)
def test_where_a_model_goes(need, vram, ram, fits):
    assert fit(need, vram, ram)["fits"] == fits


def test_the_answer_has_the_figures_and_says_them():
    assert fit(40 * GB, [CARD, CARD], 16 * GB) == {
        "fits": "gpu", "need": 40 * GB, "free": {"vram": 2 * CARD, "vram_usable": 2 * USABLE, "ram": 16 * GB},
        "line": "fits on the GPU: needs about 40.0 GB, there are 44.8 GB usable of 48.0 GB free on 2 GPUs, 16.0 GB of memory",
    }
    assert fit(8 * GB, [], 16 * GB)["line"] == "fits into the host's memory: needs about 8.0 GB, there are 16.0 GB of memory"
    assert fit(GB, [GB], 16 * GB)["line"].startswith("fits into the host's memory only, which is slow: ")
    assert fit(8 * GB)["line"] == "does not fit: needs about 8.0 GB, there are 0.0 GB of memory"


@pytest.mark.parametrize(
    ("name", "need"),
    [
        ("llama2:7b", 8), ("llama2:13b", 16), ("deepseek-coder:33b", 32),
        ("llama3.2:1b", 1.14), ("llama3.1:8b", 9.33), ("llama3.3:70b", 54.57), ("llama3.1:405b", 258.9),
        ("LLAMA2:7B", 8), ("llama2:7b-chat-q4_K_M", 8), ("llama2:7b-chat-q8_0", 11.5), ("llama2:7b-chat-fp16", 18.5),
        ("mixtral:8x7b", 46.03), ("qwen3:30b-a3b", 29.6), ("nomic-embed-text:137m-v1.5-fp16", 0.362),
        ("hf.co/unsloth/Qwen3-0.6B-GGUF:Q4_K_M", 0.686), ("reg.example:5000/7b/team-13b", 16), ("team/llama-7b:latest", 8),
    ],
)
def test_the_guide_goes_by_the_size_in_the_name(name, need):
    assert needed_for(name) / GB == pytest.approx(need, rel=0.01)


@pytest.mark.parametrize("name", ["phi4", "gemma3n:e4b", "llama3.2", "", "7bit", "a:1.2.3b4", "llama2\n7b\x00"])
def test_a_name_without_a_size_is_refused_in_one_line(name):
    with pytest.raises(FleetError, match="does not tell how large the model is; give what ollama_gguf_info returns") as caught:
        needed_for(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ((None,), "cannot take nothing as a need"),
        (({"total": 5},), "cannot take a dictionary as a need"),
        (({"total": "x", "overhead": 0},), "total must be a number of bytes, not 'x'"),
        ((True,), "cannot take true as a need"),
        ((-5,), "the need must be a number of bytes, not -5"),
        ((5, ["24 GB"]), "vram must be a number of bytes, not '24 GB'"),
        ((5, {"a": 1}), "vram must be a number of bytes, not a dictionary"),
        ((5, [], None), "ram must be a number of bytes, not nothing"),
        ((5, [], float("nan")), "ram must be a number of bytes"),
    ],
)
def test_what_is_no_size_is_refused(call, reason):
    with pytest.raises(FleetError, match=reason):
        fit(*call)


def test_strange_values_are_answered_or_refused():
    values = generated(7)
    for turn, value in enumerate(values):
        try:
            assert fit(value, values[turn - 1], values[turn - 2])["fits"] in ("gpu", "partly", "cpu", "no")
        except FleetError as error:
            assert "\n" not in str(error) and len(str(error)) < 400
