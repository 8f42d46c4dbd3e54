# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._client import Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import changes
from ansible_collections.barellama.fleet.plugins.module_utils._models_there import asked, lacking_blobs
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import wanted_models
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import A, Server
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import Store


def test_in_check_mode_a_server_that_is_away_has_what_its_store_holds(tmp_path):
    store, away = Store(tmp_path), Server(away=True)
    store.model("tiny")
    assert [entry["name"] for entry in asked(away.tags, True, str(store))] == ["tiny:latest"]
    assert asked(away.tags, True) == asked(away.tags, True, str(tmp_path / "none")) == []
    with pytest.raises(Unreachable):
        asked(away.tags, False, str(store))


def test_models_that_lack_blobs_are_found(tmp_path):
    store = Store(tmp_path)
    digest = store.model("tiny")[-1]
    store.model("whole", b"other weights")
    there = asked(Server(away=True).tags, True, str(store))
    plan = changes(wanted_models(["tiny", "whole", "gone"]), there)
    assert lacking_blobs(plan, str(store)) == []
    (tmp_path / f"blobs/sha256-{digest}").unlink()
    assert lacking_blobs(plan, str(store)) == plan[:1]
    assert lacking_blobs(plan, None) == []


def test_a_server_that_answers_is_believed():
    assert asked(Server({"m:latest": A}).tags, True)[0]["digest"] == A
