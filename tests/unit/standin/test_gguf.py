# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The models' bytes: the same everywhere, and of the size that was asked for."""

from __future__ import annotations

import hashlib
import struct

import pytest
from ansible_collections.barellama.fleet.tests.standin.gguf import Model


def test_the_tiny_model_is_the_same_everywhere():
    content = b"".join(Model().chunks())
    assert len(content) == Model().size == 273632
    assert hashlib.sha256(content).hexdigest() == "d59670a4b61bfb37bf4d4e765400caf127c679c0025506b6a40ab40257ba78ce"
    assert b"".join(Model(seed=2).chunks()) != content


def test_every_weight_is_a_small_finite_number():
    content = b"".join(Model().chunks())
    embeddings = struct.unpack("<%de" % (64 * 384), content[-64 * 384 * 2:])
    assert {1 / 32 <= abs(weight) <= 1 / 16 for weight in embeddings} == {True}
    assert any(weight < 0 for weight in embeddings) and len(set(embeddings)) > 1000


@pytest.mark.parametrize("size", [3 << 20, 10**7, 64 << 20])
def test_a_model_of_a_given_size(size):
    model = Model.of_size(size)
    assert 0 <= size - model.size < 100_000
    assert sum(map(len, model.chunks())) == model.size
