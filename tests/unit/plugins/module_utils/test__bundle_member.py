# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._bundle_member import CHUNK, Member, from_bytes, from_file, open_file
from ansible_collections.barellama.fleet.plugins.module_utils._store_files import Unusable

BODY = os.urandom(2 * CHUNK + 7)
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"head")
    with path.open("r+b") as stream:
        yield path, stream


@pytest.mark.parametrize("left, read", [
    (b"", [0]), (BODY[:9], [9]), (BODY[:CHUNK + 1], [CHUNK + 1]), (BODY, [len(BODY)]), (b"x" * 9, [9, 0]), (BODY + b"more", [len(BODY)]),
], ids=["nothing", "little", "much", "all", "wrong", "too much"])
def test_what_was_left_is_gone_on_with_unless_it_is_wrong(file, left, read):
    path, stream = file
    stream.seek(4)
    stream.write(left)
    begun = []

    def source(member):
        begun.append(member.have)
        from_bytes(BODY)(member)

    assert Member(stream, 4, len(BODY)).fill(source, DIGEST)
    stream.flush()
    assert path.read_bytes() == b"head" + BODY and begun == read


@pytest.mark.parametrize("body", [BODY[:-1], b"x" + BODY[1:], b""], ids=["short", "wrong", "nothing"])
def test_another_content_is_told(file, body):
    _path, stream = file
    assert not Member(stream, 4, len(BODY)).fill(from_bytes(body), DIGEST)


def test_no_more_is_written_than_is_wanted(file):
    path, stream = file
    assert Member(stream, 4, len(BODY)).fill(from_bytes(BODY + b"more"), DIGEST)
    stream.flush()
    assert path.stat().st_size == 4 + len(BODY)


def test_a_file_is_read_from_its_offset(file, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"before" + BODY)
    descriptor = open_file(str(source))
    assert Member(file[1], 4, len(BODY)).fill(from_file(descriptor, 6), DIGEST)
    assert not Member(file[1], 4, len(BODY) + 1).fill(from_file(descriptor, 6), DIGEST)
    os.close(descriptor)


def test_only_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "missing"):
        with pytest.raises(Unusable):
            open_file(str(tmp_path / name))
