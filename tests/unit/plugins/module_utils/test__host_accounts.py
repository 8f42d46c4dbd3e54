# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _host_accounts
from ansible_collections.barellama.fleet.plugins.module_utils._drift import report
from ansible_collections.barellama.fleet.plugins.module_utils._drift_desired import check_desired
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.accounts import ELSEWHERE, GID, UID, Accounts


@pytest.fixture
def accounts():
    return Accounts()


@pytest.fixture
def observe(accounts):
    host = _host_accounts.Accounts(accounts, accounts)

    def look(**item):
        check_desired([item])
        return host.observe(item)

    return look


OTHER = 34  # no number of this process
USER = {"kind": "user", "group": "staff", "home": "/home/alice", "shell": "/bin/sh"}


def test_user(observe):
    assert observe(**USER, name="alice", groups_if_present=["render", "video", "staff", "gone"]) == {
        "state": "present",
        "uid": UID,
        "gid": GID,
        "group": "staff",
        "home": "/home/alice",
        "shell": "/bin/sh",
        "groups": ["video", "staff"],
        "groups_present": ["render", "video", "staff"],
        "taken": {},
        "notes": {},
    }


def test_user_with_another_primary_group(observe):
    assert observe(**{**USER, "group": "video"}, name="alice")["group"] == "staff"
    unknown = observe(**{**USER, "group": "ollama"}, name="alias")
    assert (unknown["group"], unknown["notes"]) == (str(ELSEWHERE), {"group": "missing group ollama"})


def test_user_that_does_not_exist(observe):
    found = observe(**USER, name="ollama", groups_if_present=["video", "gone"])
    assert found == {"state": "absent", "groups_present": ["video"], "gid": GID, "taken": {}, "notes": {}}


@pytest.mark.parametrize(
    ("item", "fields", "reason"),
    [
        ({"name": "alice", "uid": UID, "gid": GID}, [], None),
        ({"name": "alice", "uid": 11434, "gid": 7}, ["uid", "gid"], f"uid is {UID}, not 11434; gid is {GID}, not 7"),
        ({"name": "ollama", "uid": UID}, ["state"], f"state is absent, not present (uid {UID} is that of alice)"),
        ({"name": "ollama", "uid": 11434}, ["state"], "state is absent, not present"),
    ],
)
def test_numbers(observe, item, fields, reason):
    item = {**USER, **item}
    differences = report([item], [observe(**item)], everything=False)["differences"]
    assert [(each["fields"], each["reason"]) for each in differences] == ([(fields, reason)] if fields else [])


def test_the_number_of_a_group_is_known_without_the_user(observe):
    assert observe(**{**USER, "group": "video"}, name="ollama")["gid"] == 44
    assert observe(**{**USER, "group": "gone"}, name="ollama")["gid"] is None


@pytest.mark.parametrize(("item", "taken"), [
    ({"uid": UID, "gid": 44}, {"uid": "alice", "gid": "video"}),
    ({"uid": 11434, "gid": 11434}, {}),
    ({"group": "staff", "uid": UID, "gid": 44}, {"uid": "alice"}),
    ({"name": "alice", "uid": 11434, "gid": 44}, {"gid": "video"}),
])
def test_who_has_a_number_that_is_still_to_be_given_away(observe, item, taken):
    assert observe(**{**USER, "name": "ollama", "group": "ollama", **item})["taken"] == taken


@pytest.mark.parametrize(("name", "future", "mode", "uid", "gid", "bits"), [
    ("alice", {}, 0o750, UID, OTHER, 7),
    ("alice", {}, 0o050, UID, GID, 0),  # the owner's bits count, even where the group's say more
    ("alice", {}, 0o2775, OTHER, GID, 7),
    ("alice", {}, 0o2775, OTHER, 44, 7),
    ("alice", {}, 0o2775, OTHER, 45, 5),
    ("ollama", {"uid": 11434, "gid": 11434}, 0o700, 11434, OTHER, 7),
    ("ollama", {"uid": 11434, "gid": 11434}, 0o070, OTHER, 11434, 7),
    ("ollama", {"uid": 11434, "gid": 11434}, 0o074, OTHER, OTHER, 4),
    ("ollama", {}, 0o074, OTHER, OTHER, 4),
])
def test_what_an_account_may_do(accounts, name, future, mode, uid, gid, bits):
    found = SimpleNamespace(st_mode=mode, st_uid=uid, st_gid=gid)
    assert _host_accounts.Accounts(accounts, accounts).rights(found, name, "ollama", future) == bits


def test_the_groups_of_a_user(accounts):
    host = _host_accounts.Accounts(accounts, accounts)
    assert host.membership("alice", lambda name, gid: [gid, 44, 44]) == ("alice", UID, {GID, 44})
    assert host.membership("gone") is None


def test_each_is_looked_up_once(accounts, observe):
    for _time in range(3):
        observe(**USER, name="ollama", uid=11434, groups_if_present=["gone"])
    assert sorted(accounts.asked, key=str) == sorted(["ollama", 11434, "staff", "gone"], key=str)
