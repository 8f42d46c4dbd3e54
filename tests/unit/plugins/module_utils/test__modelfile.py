# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random
import time

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._modelfile import BadModelfile, definition
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.random_values import generated


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("FROM foo", {"from": "foo"}),
        ("from foo\nSystem be brief\nTeMpLaTe x", {"from": "foo", "system": "be brief", "template": "x"}),
        ("\n\n  # a comment\n\t#another\nFROM foo\n # end", {"from": "foo"}),
        ("\ufeffFROM foo\n", {"from": "foo"}),
        ("FROM foo\r\nSYSTEM a b \r\n\r\nLICENSE MIT\r\n", {"from": "foo", "system": "a b", "license": ["MIT"]}),
        ("FROM foo\rSYSTEM old\r", {"from": "foo", "system": "old"}),
        ("\tFROM \t foo \t", {"from": "foo"}),
        ("SYSTEM first\nFROM foo", {"from": "foo", "system": "first"}),
        ("FROM a\nFROM b:1\nSYSTEM one\nSYSTEM two\nADAPTER ./x\nADAPTER ./y", {"from": "b:1", "system": "two", "adapters": ["./y"]}),
        ("FROM foo\nSYSTEM # no comment", {"from": "foo", "system": "# no comment"}),
        ("FROM foo\nSYSTEM a\u200db\u00a0c", {"from": "foo", "system": "abc"}),
        # Paths and names.
        ("FROM ./m.gguf\nFROM mm.GGUF", {"files": ["./m.gguf", "mm.GGUF"]}),
        ("FROM /srv/a b/m", {"files": ["/srv/a b/m"]}),
        ('FROM "  /srv/m"', None),
        ("FROM ~/m", {"files": ["~/m"]}),
        ("FROM .", {"files": ["."]}),
        ("FROM ..", {"files": [".."]}),
        ("FROM hf.co/Org/Repo-GGUF:Q4_K_M", {"from": "hf.co/Org/Repo-GGUF:Q4_K_M"}),
        ("FROM base\nDRAFT ./d.gguf\nADAPTER a.bin", {"from": "base", "draft": ["./d.gguf"], "adapters": ["a.bin"]}),
        # Quotations.
        ('FROM foo\nSYSTEM "a  "', {"from": "foo", "system": "a  "}),
        ('FROM foo\nSYSTEM ""', {"from": "foo", "system": ""}),
        ('FROM foo\nSYSTEM """"""', {"from": "foo", "system": ""}),
        ('FROM foo\nSYSTEM """\na\n\n"b" # c\n"""  \nLICENSE x', {"from": "foo", "system": '\na\n\n"b" # c\n', "license": ["x"]}),
        ('FROM foo\nSYSTEM """one line"""', {"from": "foo", "system": "one line"}),
        ('FROM foo\nSYSTEM """a""""', {"from": "foo", "system": 'a"'}),
        ('FROM foo\nSYSTEM """a""" b\nc"""', {"from": "foo", "system": 'a""" b\nc'}),
        ('FROM foo\nSYSTEM """a\r\nb"""\r\n', {"from": "foo", "system": "a\r\nb"}),
        ('FROM foo\nSYSTEM "a\nb" c\nd"\nLICENSE x', {"from": "foo", "system": 'a\nb" c\nd', "license": ["x"]}),
        ('FROM foo\nSYSTEM say "hi"', {"from": "foo", "system": 'say "hi"'}),
        ("FROM foo\nSYSTEM 'a'", {"from": "foo", "system": "'a'"}),
        ('FROM foo\nSYSTEM "\'"', {"from": "foo", "system": "'"}),
        ("FROM foo\nSYSTEM \nLICENSE x", {"from": "foo", "system": "", "license": ["x"]}),
        # The others.
        ("FROM foo\nLICENSE a\nLICENSE \"\"\"b\nc\"\"\"", {"from": "foo", "license": ["a", "b\nc"]}),
        ("FROM foo\nMESSAGE user Hey: you\nMESSAGE assistant \"\"\"\nHo\n\"\"\"\nMESSAGE  system x",
         {"from": "foo", "messages": [{"role": "user", "content": "Hey: you"}, {"role": "assistant", "content": "\nHo\n"},
                                      {"role": "system", "content": "x"}]}),
        ("FROM foo\nRENDERER r1\nPARSER p1\nREQUIRES v0.14.0", {"from": "foo", "renderer": "r1", "parser": "p1", "requires": "0.14.0"}),
        ("FROM foo\nREQUIRES 0.30.0-rc1", {"from": "foo", "requires": "0.30.0-rc1"}),
    ],
)
def test_what_a_modelfile_defines(text, wanted):
    if wanted is None:
        with pytest.raises(BadModelfile):
            definition(text)
    else:
        assert definition(text) == wanted


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("num_ctx 4096", 4096), ("num_ctx   4096  ", 4096), ("num_gpu -1", -1), ("seed +7", 7), ("num_thread \"8\"", 8),
        ("draft_num_predict 0", 0), ("num_predict -9223372036854775808", -(1 << 63)),
        ("temperature 0.2", 0.2), ("temperature 1", 1.0), ("top_p .9", 0.9), ("min_p 5e-2", 0.05), ("repeat_penalty 1.", 1.0),
        ("use_mmap true", True), ("use_mmap T", True), ("use_mmap 0", False), ("use_mmap False", False),
        ("stop <|eot_id|>", ["<|eot_id|>"]), ("stop \"### User: \"", ["### User: "]), ("stop ### User: ", ["### User:"]),
        ("stop \"\"\"a\n\"\"\"", ["a\n"]),
        ("stop a\nPARAMETER stop b", ["a", "b"]), ("top_k 1\nparameter top_k 2", 2),
    ],
)
def test_parameters_have_their_types(line, value):
    found = definition(f"FROM foo\nPARAMETER {line}")["parameters"]
    assert list(found.values()) == [value] and type(list(found.values())[0]) is type(value)


def test_parameters_without_effect_are_left_out():
    assert definition("FROM foo\nPARAMETER mirostat 1\nPARAMETER low_vram true") == {"from": "foo"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Modelfile: it has no FROM; begin with FROM"),
        ("# nothing\nSYSTEM x", "Modelfile: it has no FROM"),
        (None, "Modelfile: nothing is not a text; give what is in the file"),
        (["FROM x"], "Modelfile: .* is not a text"),
        ("FROM foo\n\nSYSTM x", "line 3: 'SYSTM' is no command; did you mean system?"),
        ("FROM foo\r\n\r\nBAD x", "line 3: 'BAD' is no command"),
        ("FROM foo\nSYSTEM a\nsecond line", "line 3: 'second' is no command.*; a text of several lines stands in \"\"\""),
        ("FROM: foo", "line 1: 'FROM:' is no command"),
        ("FROM", "line 1: FROM has no value; write it in the same line"),
        ("FROM\nfoo", "line 1: FROM has no value"),
        ("FROM \nSYSTEM x", "line 1: FROM has no value"),
        ('FROM ""', "line 1: FROM has no value"),
        ("FROM foo\nADAPTER \nSYSTEM x", "line 2: ADAPTER has no value"),
        ("FROM a b c", "line 1: FROM: model name 'a b c': invalid characters in the model .*; a file's path begins with / or ./"),
        ("FROM foo\nPARAMETER num_ctx", "line 2: PARAMETER num_ctx has no value"),
        ("FROM foo\nPARAMETER", "line 2: PARAMETER has no value"),
        ("FROM foo\nPARAMETER num_ctx\nPARAMETER top_k 1", "line 2: PARAMETER num_ctx has no value"),
        ("FROM foo\nPARAMETER num_ctxt 5", "line 2: PARAMETER 'num_ctxt' is not known to Ollama; did you mean num_ctx?"),
        ("FROM foo\nPARAMETER Temperature 5", "line 2: PARAMETER 'Temperature' is not known to Ollama; did you mean temperature?"),
        ("FROM foo\nPARAMETER num_ctx 4k", "line 2: PARAMETER num_ctx is '4k'; it must be a whole number"),
        ("FROM foo\nPARAMETER num_ctx 1.5", "it must be a whole number"),
        ("FROM foo\nPARAMETER num_ctx 9223372036854775808", "it must be a whole number"),
        ("FROM foo\nPARAMETER num_ctx \u0664", "it must be a whole number"),
        ("FROM foo\nPARAMETER temperature hot", "line 2: PARAMETER temperature is 'hot'; it must be a number"),
        ("FROM foo\nPARAMETER temperature nan", "it must be a number"),
        ("FROM foo\nPARAMETER temperature 1e39", "it must be a number"),
        ("FROM foo\nPARAMETER use_mmap yes", "line 2: PARAMETER use_mmap is 'yes'; it must be true or false"),
        ("FROM foo\nMESSAGE User hi", "line 2: MESSAGE has the role 'User'; it is system, user or assistant"),
        ("FROM foo\nMESSAGE user", "line 2: MESSAGE user has no value"),
        ('FROM foo\nSYSTEM """a\nb', 'line 2: the quotation of SYSTEM does not end; close it with """ at the end of a line'),
        ('FROM foo\nSYSTEM """"" \n', "line 2: the quotation of SYSTEM does not end"),
        ('FROM foo\nSYSTEM "a" b', 'line 2: the quotation of SYSTEM does not end; close it with " at the end of a line'),
        ("FROM foo\nREQUIRES new", "line 2: REQUIRES 'new' is not a version; write one such as 0.14.0"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, reason):
    with pytest.raises(BadModelfile, match=reason.replace("?", r"\?")) as caught:
        definition(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_what_ollama_show_prints_can_be_read(recorded):
    """A server gives a Modelfile for each model; what comes back is what was put in."""
    told = recorded("show-derived")["response"]["body"]["modelfile"].replace("<OLLAMA_MODELS>", "/models")
    put_in = recorded("create-derived")["request"]["body"]
    found = definition(told)
    assert {name: found[name] for name in ("system", "template", "parameters", "license", "messages")} == {
        name: put_in[name] for name in ("system", "template", "parameters", "license", "messages")}
    assert found["files"][0].startswith("/models/blobs/sha256-")


PIECES = ["FROM foo\n", "SYSTEM ", "PARAMETER ", "MESSAGE user ", "num_ctx 1", '"', '"""', "\n", "\r\n", " ", "\t", "#", "LICENSE", "x", "\ufeff",
          "\x00", "\ud800", "\u2028", "from ./a", "stop ", "é", "REQUIRES 1.2", "1e400", "\\"]


@pytest.mark.parametrize("seed", range(200))
def test_any_text_is_read_or_refused_in_one_line(seed):
    dice = random.Random(seed)
    for text in ["".join(dice.choice(PIECES) for _piece in range(dice.randrange(30))), generated(11)[seed]]:
        try:
            assert {"from", "files"} & set(definition(text))
        except BadModelfile as error:
            assert "\n" not in str(error) and len(str(error)) < 400


def test_a_long_text_takes_no_long_time():
    text = 'FROM foo\nLICENSE """' + 'a "line"\n' * 100_000 + '"""\n' + "PARAMETER stop x\n" * 20_000
    began = time.process_time()
    assert len(definition(text)["parameters"]["stop"]) == 20_000
    with pytest.raises(BadModelfile, match="does not end"):
        definition(text[:800_000])
    assert time.process_time() - began < 5
