# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _host_access


@pytest.fixture
def store(tmp_path):
    (tmp_path / "srv" / "models").mkdir(parents=True)
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(("mode", "expected"), [
    (0o777, "full"), (0o775, "no right to write"), (0o774, "no right to write, enter"), (0o770, "no right to read, write, enter"),
])
def test_what_is_missing_is_named(store, mode, expected):
    (store / "srv" / "models").chmod(mode)
    assert _host_access.access(str(store), "/srv/models", lambda found: found.st_mode & 7) == expected


def test_the_way_to_it_must_be_open_too(store):
    (store / "srv" / "models").chmod(0o777)
    (store / "srv").chmod(0o754)
    assert _host_access.access(str(store), "/srv/models", lambda found: found.st_mode & 7) == "no way through /srv"


def test_an_acl_is_trusted(store, monkeypatch):
    (store / "srv" / "models").chmod(0o770)
    lists = {str(store / "srv" / "models"): ["system.posix_acl_access"]}
    monkeypatch.setattr(os, "listxattr", lambda place: lists.get(place, []), raising=False)
    assert _host_access.access(str(store), "/srv/models", lambda found: found.st_mode & 7) == "full"


def test_a_system_without_such_attributes_goes_by_modes(store, monkeypatch):
    monkeypatch.delattr(os, "listxattr", raising=False)
    (store / "srv" / "models").chmod(0o775)
    assert _host_access.access(str(store), "/srv/models", lambda found: found.st_mode & 7) == "no right to write"
