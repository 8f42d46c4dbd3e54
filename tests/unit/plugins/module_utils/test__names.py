# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._names import BadName, ModelName

FULL = "registry.ollama.ai/library/llama3.2/latest"

READ = [
    ("llama3.2", FULL, "llama3.2:latest"),
    ("llama3.2:latest", FULL, "llama3.2:latest"),
    ("library/llama3.2", FULL, "llama3.2:latest"),
    ("registry.ollama.ai/library/llama3.2", FULL, "llama3.2:latest"),
    ("https://registry.ollama.ai/library/llama3.2", FULL, "llama3.2:latest"),
    ("user/m:7b", "registry.ollama.ai/user/m/7b", "user/m:7b"),
    ("hf.co/Org/Repo-GGUF:Q4_K_M", "hf.co/Org/Repo-GGUF/Q4_K_M", "hf.co/Org/Repo-GGUF:Q4_K_M"),
    ("huggingface.co/Org/R", "huggingface.co/Org/R/latest", "huggingface.co/Org/R:latest"),
    ("ollama.com/library/x", "ollama.com/library/x/latest", "ollama.com/library/x:latest"),
    ("http://reg:5000/ns/m", "reg:5000/ns/m/latest", "reg:5000/ns/m:latest"),
    ("reg:5000/ns/m:v1.2_3-b", "reg:5000/ns/m/v1.2_3-b", "reg:5000/ns/m:v1.2_3-b"),
    ("_m:_t", "registry.ollama.ai/library/_m/_t", "_m:_t"),
    ("Mixed:Case", "registry.ollama.ai/library/Mixed/Case", "Mixed:Case"),
    ("Registry.Ollama.AI/Library/m", "Registry.Ollama.AI/Library/m/latest", "m:latest"),
    ("m" * 80, "registry.ollama.ai/library/" + "m" * 80 + "/latest", "m" * 80 + ":latest"),
    ("h" * 350 + "/n/m", "h" * 350 + "/n/m/latest", "h" * 350 + "/n/m:latest"),
]

REFUSED = [
    ("", "not empty"),
    ("localhost:5000/m", "write localhost:5000/library/m"),
    ("reg/a/b/c:tag", "4 parts between slashes, at most 3"),
    ("http://reg:5000/m", "a scheme needs host, namespace and model"),
    ("ftp://reg/ns/m", "the host is empty"),
    ("m@sha256:" + "a" * 64, "no digest in a name"),
    ("m:tag@sha256:" + "a" * 64, "no digest in a name"),
    ("a:b:c", "invalid characters in the model 'a:b'"),
    ("x:", "the tag is empty"),
    (":x", "the model is empty"),
    ("ns/", "the model is empty"),
    ("/m", "the namespace is empty"),
    ("-x", "invalid characters in the model '-x'"),
    ("my model", "invalid characters in the model 'my model'"),
    ("m\n", "invalid characters"),
    ("m\u00e9", "invalid characters"),
    ("m\uff11", "invalid characters"),
    ("ns.dot/m", "invalid characters in the namespace 'ns.dot'"),
    ("../../etc/passwd", "invalid characters in the host '..'"),
    ("m:" + "t" * 81, "the tag has 81 characters, at most 80 are allowed"),
    ("m" * 81, "the model has 81 characters"),
    ("n" * 81 + "/m", "the namespace has 81 characters"),
    ("h" * 351 + "/n/m", "the host has 351 characters, at most 350"),
]

NOT_MANAGED = [
    ("m:local", "drops ':local' and would act on 'm' instead"),
    ("m:7b:Local", "would act on 'm:7b' instead"),
    ("m:cloud", "runs on ollama.com"),
    ("m:20b:cloud", "runs on ollama.com"),
    ("m:20b-cloud", "runs on ollama.com"),
    ("user/m:20B-CLOUD", "runs on ollama.com"),
]

SAME = [
    ("llama3.2", "LLAMA3.2:Latest"),
    ("HF.co/org/r:q4_k_m", "hf.co/Org/R:Q4_K_M"),
]

DIFFERENT = [
    ("hf.co/o/r", "huggingface.co/o/r"),
    ("ollama.com/library/x", "x"),
    ("m:1", "m:2"),
    ("a/m", "b/m"),
]


@pytest.mark.parametrize("text, parts, shown", READ)
def test_reads_as_ollama_does(text, parts, shown):
    name = ModelName.parse(text)
    assert ("/".join(dataclasses.astuple(name)), str(name)) == (parts, shown)
    assert ModelName.parse(shown) == name


@pytest.mark.parametrize("text, reason", REFUSED)
def test_refuses_what_ollama_calls_invalid(text, reason):
    with pytest.raises(BadName) as caught:
        ModelName.parse(text)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("value", [None, 5, 3.2, True, ["m"], {"name": "m"}, b"m"])
def test_refuses_what_is_no_text(value):
    with pytest.raises(BadName, match="a name is a text"):
        ModelName.manageable(value)


@pytest.mark.parametrize("text, reason", NOT_MANAGED)
def test_refuses_names_that_mean_something_else(text, reason):
    with pytest.raises(BadName) as caught:
        ModelName.manageable(text)
    assert reason in str(caught.value)


@pytest.mark.parametrize("end", ["", ":local", ":cloud"])
def test_a_password_is_not_told(end):
    with pytest.raises(BadName) as caught:
        ModelName.manageable(f"https://me:hunter2@reg:5000/ns/m{end}")
    assert "hunter2" not in str(caught.value)
    assert str(caught.value).startswith(f"model name 'https://***@reg:5000/ns/m{end}': ")


def test_a_password_in_a_list_is_not_told():
    with pytest.raises(BadName, match=r"^model name \['https://\*\*\*@reg/ns/m'\]: a name is a text"):
        ModelName.manageable(["https://me:hunter2@reg/ns/m"])


@pytest.mark.parametrize("text", ["gpt-oss:120b-cloud", "m:local"])
def test_still_reads_them_where_the_server_lists_them(text):
    assert str(ModelName.parse(text)) == text


@pytest.mark.parametrize("text", ["my-cloud", "user/my-cloud", "m-local", "cloud", "reg:5000/a/b-cloud", "local:1"])
def test_manages_names_that_only_look_like_them(text):
    assert ModelName.manageable(text) == ModelName.parse(text)


@pytest.mark.parametrize("one, other", SAME)
def test_equal_without_regard_to_case(one, other):
    assert ModelName.parse(one) == ModelName.parse(other)
    assert len({ModelName.parse(one), ModelName.parse(other)}) == 1


@pytest.mark.parametrize("one, other", DIFFERENT)
def test_different_models(one, other):
    assert ModelName.parse(one) != ModelName.parse(other)


def test_is_a_frozen_value():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelName.parse("m").tag = "other"
    assert ModelName.parse("m") != "m:latest"
