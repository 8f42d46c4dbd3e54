# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import random
import struct
import tracemalloc

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._gguf import LONGEST_LIST, BadGguf, read_header
from ansible_collections.barellama.fleet.tests.standin.gguf import Model
from ansible_collections.barellama.fleet.tests.standin.ollama.gguf import ARRAY, STRING, Tensor
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.gguf_samples import BOOL, FLOAT32, INT32, UINT32, header_bytes, language_model

TENSOR = Tensor("token_embd.weight", 0, [4, 8], 0)


def written(tmp_path, content):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    return str(path)


def test_reads_a_model_that_a_real_server_can_run(tmp_path):
    model = Model()
    header = read_header(written(tmp_path, b"".join(model.chunks())))
    assert header.architecture == "llama" and header.parameters == model.parameters == 131392
    assert header.number("context_length") == 512 and header.own("attention.head_count_kv") == 4
    assert header.keys["general.name"] == "tiny-random" and header.keys["tokenizer.ggml.bos_token_id"] == 1
    assert header.lengths == {"tokenizer.ggml.tokens": 384}
    assert 0 < header.weights < model.size


def test_a_large_model_takes_no_memory(tmp_path):
    path = language_model(tmp_path / "8b.gguf")
    tracemalloc.start()
    header = read_header(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert header.parameters == 8030261248 and header.lengths["tokenizer.ggml.tokens"] == 128256
    assert peak < 4 << 20


def test_short_lists_of_numbers_are_kept_and_all_others_counted(tmp_path):
    keys = {"heads": (ARRAY, (INT32, [8, 0])), "pattern": (ARRAY, (BOOL, [True, False])), "words": (ARRAY, (STRING, ["a", "bc"])),
            "scores": (ARRAY, (FLOAT32, [0.5] * (LONGEST_LIST + 1))), "last": (UINT32, 7)}
    header = read_header(written(tmp_path, header_bytes(keys)))
    assert header.own("heads") == [8, 0] and header.own("pattern") == [True, False] and header.number("last") == 7
    assert header.lengths == {"llama.words": 2, "llama.scores": LONGEST_LIST + 1}


def test_a_text_that_is_too_long_is_left_out(tmp_path):
    header = read_header(written(tmp_path, header_bytes({"long": (STRING, "x" * (1 << 20) + "x"), "last": (UINT32, 7)})))
    assert header.own("long") is None and header.number("last") == 7


@pytest.mark.parametrize("value", [(STRING, "8"), (FLOAT32, 8.0), (BOOL, True), (INT32, -8), (ARRAY, (UINT32, [8]))])
def test_what_is_no_count_is_no_number(tmp_path, value):
    assert read_header(written(tmp_path, header_bytes({"block_count": value}))).number("block_count", 3) == 3


def changed(content, position, form, value):
    return content[:position] + struct.pack(form, value) + content[position + struct.calcsize(form):]


WHOLE = header_bytes({"block_count": (UINT32, 2)}, [TENSOR]) + bytes(128)
KEY = 24 + 8 + len("general.architecture")  # where the type of the first key stands


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a GGUF file"),
        (b"GG", "is not a GGUF file"),
        (b"PK\x03\x04" + bytes(40), "is not a GGUF file"),
        (changed(WHOLE, 4, "<I", 1), "is a GGUF file of version 1, not of 2 or 3; convert it with a newer llama.cpp"),
        (changed(WHOLE, 4, ">I", 3), "is a GGUF file of version 50331648, not of 2 or 3"),
        (WHOLE[:20], "ends inside its header, after 20 bytes; fetch it again"),
        (WHOLE[:70], "ends inside its header, after 70 bytes"),
        (WHOLE[:-129], "ends before its last weights, after"),
        (changed(WHOLE, 8, "<Q", 1 << 60), "ends inside its header"),
        (changed(WHOLE, 16, "<Q", 1 << 60), r"is damaged: it has \d+ keys"),
        (changed(WHOLE, 24, "<Q", 1 << 40), "is damaged: it has a name of 1099511627776 bytes"),
        (changed(WHOLE, KEY, "<I", 99), "is damaged: its key 'general.architecture' has the unknown type 99"),
        (changed(WHOLE, KEY + 4, "<Q", 1 << 50), "ends inside its header"),
        (header_bytes({"x": (ARRAY, (ARRAY, []))}), "is damaged: it has a list of the unknown type 9"),
        (header_bytes({"general.alignment": (STRING, "32")}), "is damaged: its general.alignment is no size"),
        (header_bytes({"general.alignment": (UINT32, 0)}), "is damaged: its general.alignment is no size"),
        (header_bytes({}, [Tensor("a", 0, [1] * 9, 0)]), "is damaged: it has a tensor of 9 dimensions"),
    ],
)
def test_what_is_no_whole_model_is_told_in_one_line(tmp_path, content, reason):
    path = written(tmp_path, content)
    with pytest.raises(BadGguf, match=reason) as caught:
        read_header(path)
    assert str(caught.value).startswith(f"{path} ") and "\n" not in str(caught.value)


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, reason in ((tmp_path, "cannot be read .a directory, not a file"), (tmp_path / "pipe", "cannot be read .a named pipe"),
                         (tmp_path / "none", "cannot be read .No such file"), ("a\x00b", "cannot be read .embedded null byte")):
        with pytest.raises(BadGguf, match=reason):
            read_header(str(path))


def test_a_header_of_too_many_keys_is_refused_before_they_are_read(tmp_path):
    with pytest.raises(BadGguf, match="it has 65537 keys"):
        read_header(written(tmp_path, b"GGUF" + struct.pack("<IQQ", 3, 0, (1 << 16) + 1)))


def test_a_header_without_end_is_given_up(tmp_path):
    path = written(tmp_path, header_bytes({"x": (ARRAY, (STRING, ["a"]))}))
    with open(path, "r+b") as stream:
        content = stream.read()
        stream.seek(content.index(struct.pack("<IQ", STRING, 1)))
        stream.write(struct.pack("<IQQ", STRING, 2, 100 << 20))
        stream.truncate(1 << 30)
    with pytest.raises(BadGguf, match="its header is longer than 64 MiB"):
        read_header(path)


@pytest.mark.parametrize("seed", range(200))
def test_damage_anywhere_is_read_or_refused(tmp_path, seed):
    dice = random.Random(seed)
    content = bytearray(b"".join(Model().chunks())[:dice.choice((12000, 300000))])
    for _hit in range(dice.randrange(1, 20)):
        content[dice.randrange(4, min(len(content), dice.choice((60, 2000, 12000))))] = dice.choice((0, 1, 8, 9, 0x7F, 0xFF))
    try:
        read_header(written(tmp_path, bytes(content)))
    except BadGguf as error:
        assert len(str(error)) < 300 and "\n" not in str(error)
