# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._models_local import remove
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import changes
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import wanted_models

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import A, Server, absent


def plan_of(server, *models):
    return changes(wanted_models(list(models)), server.tags())


def test_what_is_refused_stays_and_is_told():
    server = Server({"m:latest": A, "old:1": A}, refuses=["old:1"])
    _model, old = plan_of(server, "m", absent("old:1"))
    assert remove(server, [old]) == ["delete of old:1: old:1 refused"]
    assert (old.failed, old.after) == (True, old.before)


def test_nobody_is_asked_without_need():
    server = Server()
    assert remove(server, []) == server.calls == []
