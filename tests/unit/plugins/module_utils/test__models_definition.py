# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models_definition import Definition, read_definition
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import DEFINITION
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated

M = ModelName.parse("m")
A = "a" * 64

READ = [
    ({}, None),
    ({"from": "M"}, Definition(M)),
    ({"from": "m", "system": "x", "template": "y", "renderer": "r", "parser": "p", "requires": "0.14.0"},
     Definition(M, texts={"system": "x", "template": "y", "renderer": "r", "parser": "p", "requires": "0.14.0"})),
    ({"from": "m", "parameters": {"num_ctx": "64", "temperature": 1, "stop": "x"}},
     Definition(M, parameters={"num_ctx": 64, "temperature": 1.0, "stop": ["x"]})),
    ({"from": "m", "parameters": {"stop": ["a", "b"]}}, Definition(M, parameters={"stop": ["a", "b"]})),
    ({"from": "m", "parameters": {"stop": []}}, Definition(M)),
    ({"from": "m", "license": "MIT"}, Definition(M, license=("MIT",))),
    ({"from": "m", "license": ["MIT", "BSD"]}, Definition(M, license=("MIT", "BSD"))),
    ({"from": "m", "messages": [{"role": "user", "content": "x"}]}, Definition(M, messages=({"role": "user", "content": "x"},))),
    ({"from": "m", "quantize": "q4_K_M"}, Definition(M, quantize="Q4_K_M")),
    ({"gguf": "/srv/a b.gguf"}, Definition(gguf=("/srv/a b.gguf",))),
    ({"gguf": ["/b", "/a"]}, Definition(gguf=("/b", "/a"))),
    ({"modelfile": 'FROM m\nSYSTEM ""\nPARAMETER mirostat 1\nPARAMETER stop x\nLICENSE MIT\nMESSAGE user hi'},
     Definition(M, parameters={"stop": ["x"]}, license=("MIT",), messages=({"role": "user", "content": "hi"},))),
    ({"modelfile": "FROM /w.gguf\nFROM /eyes.gguf\nSYSTEM x"}, Definition(gguf=("/w.gguf", "/eyes.gguf"), texts={"system": "x"})),
]


@pytest.mark.parametrize("said, wanted", READ)
def test_reads_a_definition(said, wanted):
    assert read_definition(said) == wanted


REFUSED = [
    ({"system": "x"}, "a definition has system but neither from nor gguf; name the model, or the file on the host, that it is made from"),
    ({"from": "m", "gguf": "/x"}, "a definition has both from and gguf; name the model, or the file on the host, that it is made from"),
    ({"modelfile": "FROM m", "system": "x"}, "modelfile and system cannot stand together; write all of it in one of the two ways"),
    ({"modelfile": "FROM m\nSISTEM x"}, "Modelfile line 2: 'SISTEM' is no command; did you mean system?; a text of several lines stands in \"\"\""),
    ({"modelfile": "FROM m\nADAPTER /a"}, "Modelfile: adapters are not taken here; merge them into the weights and name these in FROM"),
    ({"modelfile": "FROM m\nFROM /w"}, "a definition has both from and gguf; name the model, or the file on the host, that it is made from"),
    ({"modelfile": "FROM ./w.gguf"}, "gguf ['./w.gguf'] is not the path of a file on the host; write all of it, from / on"),
    ({"modelfile": 5}, "Modelfile: 5 is not a text; give what is in the file"),
    ({"from": 5}, "from 5 is not a model's name; for example 'llama3.2:3b'"),
    ({"from": "m:local"}, "model name 'm:local': Ollama drops ':local' and would act on 'm' instead; use another tag"),
    ({"from": "m", "system": ""}, "system '' is not a text with something in it; leave it out to have what the base has"),
    ({"from": "m", "system": "\ud800"}, "system '\\xd800' has half a character; write it as UTF-8"),
    ({"from": "m", "parameters": [1]}, "parameters [1] is not a dictionary; for example {num_ctx: 8192}"),
    ({"from": "m", "parameters": {"num_ctx": "8k"}}, "parameters: num_ctx is '8k'; it must be a whole number"),
    ({"from": "m", "parameters": {"mirostat": 1}}, "parameters.mirostat has no effect on today's Ollama; leave it out"),
    ({"from": "m", "parameters": {"stop": [["x"]]}}, "parameters: stop is ['x']; it must be a text"),
    ({"from": "m", "messages": "hi"}, "messages 'hi' is not a list"),
    ({"from": "m", "messages": [{"role": "nobody", "content": "x"}]},
     "messages has a dictionary that is no message; write role (system, user, assistant) and content"),
    ({"from": "m", "messages": [{"role": ["user"], "content": "x"}]},
     "messages has a dictionary that is no message; write role (system, user, assistant) and content"),
    ({"from": "m", "license": ["MIT", 5]}, "license 5 is not a text with something in it; leave it out to have what the base has"),
    ({"from": "m", "license": {}}, "license a dictionary is not a list"),
    ({"from": "m", "quantize": 4}, "quantize 4 is not a type of weights; for example q4_K_M"),
    ({"gguf": "w.gguf"}, "gguf 'w.gguf' is not the path of a file on the host; write all of it, from / on"),
    ({"gguf": []}, "gguf [] is not the path of a file on the host; write all of it, from / on"),
    ({"gguf": ["/a/w", "/b/w"]}, "gguf ['/a/w', '/b/w']: the files need names, and not the same one"),
    ({"gguf": "/w\0"}, "gguf '/w\\x00': the files need names, and not the same one"),
    ({"gguf": "/srv/"}, "gguf '/srv/': the files need names, and not the same one"),
]


@pytest.mark.parametrize("said, words", REFUSED)
def test_refuses_in_these_words(said, words):
    with pytest.raises(FleetError) as caught:
        read_definition(said)
    assert str(caught.value) == words


REQUESTS = [
    ({"from": "m", "system": "x"}, {"from": "m:latest", "system": "x"}),
    ({"gguf": ["/b/x.gguf", "/a/y"], "quantize": "q8_0"},
     {"files": {"x.gguf": f"sha256:{A}", "y": "sha256:" + "b" * 64}, "quantize": "Q8_0"}),
    ({"from": "m", "license": "MIT", "parameters": {"seed": 1}, "messages": [{"role": "user", "content": "x"}]},
     {"from": "m:latest", "license": ["MIT"], "parameters": {"seed": 1}, "messages": [{"role": "user", "content": "x"}]}),
]


@pytest.mark.parametrize("said, body", REQUESTS)
def test_says_it_as_the_api_takes_it(said, body):
    assert read_definition(said).request([A, "b" * 64]) == body


@pytest.mark.parametrize("key", DEFINITION)
def test_any_value_is_read_or_refused_in_one_line(key):
    base = {} if key in ("from", "gguf", "modelfile") else {"from": "m"}
    read = 0
    for value in generated(key):
        try:
            read_definition({**base, key: value}).request([A] * 9)
            read += 1
        except FleetError as error:
            assert len(str(error)) < 500 and "\n" not in str(error)
    assert read < 200
