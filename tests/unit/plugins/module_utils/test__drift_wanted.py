# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._drift_desired import KINDS
from ansible_collections.barellama.fleet.plugins.module_utils._drift_wanted import WANTED

CONTAINER = {"kind": "container", "image": "a:1", "active": True}
RUNNING = {"state": "running", "image": "a:1", "definition": "current"}


def test_every_kind_says_what_is_wanted():
    assert list(WANTED) == list(KINDS)


@pytest.mark.parametrize(
    ("item", "found", "wanted"),
    [
        ({"kind": "record", "definition": "d1"}, {}, {"state": "present", "definition": "d1"}),
        ({"kind": "record", "definition": ""}, {}, {}),
        ({"kind": "record"}, {}, {}),
        (CONTAINER, {"state": "absent"}, RUNNING),
        ({**CONTAINER, "marker": "D=1"}, {"state": "absent"}, {**RUNNING, "started_from": "D=1"}),
        ({**CONTAINER, "active": False}, {"state": "paused"}, {"state": "exited"}),
        ({**CONTAINER, "active": False}, {"state": "exited"}, {}),
        ({**CONTAINER, "active": False}, {"state": "absent"}, {}),
        ({"kind": "volume"}, {"state": "absent"}, {"state": "present"}),
        ({"kind": "image"}, {"state": "absent"}, {"state": "present"}),
        ({"kind": "engine"}, {"state": "absent"}, {"state": "running"}),
        ({"kind": "engine", "minimum": "4.4"}, {"state": "absent"}, {"state": "running", "version": "4.4 or newer"}),
        ({"kind": "engine", "minimum": "4.4"}, {"version": "4.10"}, {"state": "running", "version": "4.10"}),
        ({"kind": "engine", "minimum": "4.4"}, {"version": "4.4"}, {"state": "running", "version": "4.4"}),
        ({"kind": "engine", "minimum": "4.4"}, {"version": "3.9.9"}, {"state": "running", "version": "4.4 or newer"}),
        ({"kind": "engine", "compose": "2.18"}, {"compose": "absent"}, {"state": "running", "compose": "2.18 or newer"}),
    ],
)
def test_wanted(item, found, wanted):
    assert WANTED[item["kind"]](item, found) == wanted
