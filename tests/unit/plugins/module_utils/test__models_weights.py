# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils import _models_weights
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models_definition import read_definition
from ansible_collections.barellama.fleet.plugins.module_utils._models_weights import NoFile, Weights

A, B = "a" * 64, "b" * 64
QUANTIZED = read_definition({"from": "m", "quantize": "q8_0"})
BASE = {"weights": [A]}


@pytest.fixture
def reads(monkeypatch):
    """The paths that are read."""
    found, real = [], _models_weights.sum_of
    monkeypatch.setattr(_models_weights, "sum_of", lambda path, file: found.append(path) or real(path, file))
    return found


def test_a_file_is_read_again_only_when_it_has_changed(tmp_path, reads):
    path, sums = str(tmp_path / "w"), str(tmp_path / "sums.json")
    (tmp_path / "w").write_bytes(b"one")
    for _run in range(2):
        weights = Weights(sums)
        assert weights.sum_of(path) == (hashlib.sha256(b"one").hexdigest(), 3)
        weights.save()
    assert reads == [path] and os.stat(sums).st_mode & 0o777 == 0o600
    (tmp_path / "w").write_bytes(b"two")
    assert Weights(sums).sum_of(path) == (hashlib.sha256(b"two").hexdigest(), 3)


def test_what_is_not_kept_is_read_each_time(tmp_path, reads):
    (tmp_path / "w").write_bytes(b"one")
    for _run in range(2):
        weights = Weights()
        weights.sum_of(str(tmp_path / "w"))
        weights.sum_of(str(tmp_path / "w"))
        weights.save()
    assert len(reads) == 2


def test_nothing_is_read_or_written_without_need(tmp_path):
    weights = Weights(str(tmp_path / "sums.json"))
    assert weights.of(read_definition({"from": "m", "system": "x"}), BASE) == [[A]]
    weights.save()
    assert os.listdir(tmp_path) == []


def test_a_file_that_others_may_write_to_is_not_believed(tmp_path):
    (tmp_path / "sums.json").write_text("{}")
    (tmp_path / "sums.json").chmod(0o666)
    with pytest.raises(FleetError, match="cannot be trusted"):
        Weights(str(tmp_path / "sums.json")).of(QUANTIZED, BASE)


def test_what_the_server_made_is_learnt(tmp_path):
    sums = str(tmp_path / "sums.json")
    weights = Weights(sums)
    assert weights.of(QUANTIZED, BASE) == []
    weights.learn(QUANTIZED, BASE, {"weights": [B]})
    weights.save()
    assert Weights(sums).of(QUANTIZED, BASE) == [[B]]
    assert Weights(sums).of(read_definition({"from": "m", "quantize": "q4_K_M"}), BASE) == []
    assert Weights(sums).of(QUANTIZED, {"weights": [B]}) == []


def test_files_may_be_stored_as_they_are_or_rewritten(tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode())
    definition = read_definition({"gguf": [str(tmp_path / "b"), str(tmp_path / "a")]})
    plain = sorted(hashlib.sha256(name).hexdigest() for name in (b"a", b"b"))
    weights = Weights()
    assert weights.of(definition, {}) == [plain]
    weights.learn(definition, {}, {"weights": plain})
    assert weights.of(definition, {}) == [plain]
    weights.learn(definition, {}, {"weights": [A, B]})
    assert weights.of(definition, {}) == [[A, B], plain]


def test_what_is_not_there_or_cannot_be_read_is_told(tmp_path):
    gone = str(tmp_path / "gone")
    assert Weights().of(read_definition({"gguf": gone}), {}) is None
    with pytest.raises(NoFile, match=f"^{gone} is not there; copy it to the host first$"):
        Weights().sum_of(gone)
    with pytest.raises(FleetError, match=f"^{tmp_path} cannot be read: a directory$"):
        Weights().sum_of(str(tmp_path))
