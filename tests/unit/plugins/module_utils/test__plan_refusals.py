# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._plan_refusals import refusals

PORT = {"kind": "port", "name": "127.0.0.1:11434", "fields": ["holder"], "reason": "port 11434 is held by nginx"}
ENGINE = {"kind": "engine", "name": "docker", "fields": ["compose"], "reason": "compose is 1.29.2, not 2.18.0 or newer"}
FAILED = {"failed": {"0.34.5": {"reason": "it exits", "when": "2026-11-21T10:00:00Z"}}}
SERVED = {"served": [{"name": "a", "url": "http://127.0.0.1:11434"}]}


def told(differences=(), recorded=None, version="0.34.4", retry=False, **apply):
    kinds = dict.fromkeys(("link", "file", "directory", "user", "port"), ())
    return refusals({"apply": {**kinds, **apply}, "differences": differences}, recorded or {}, version, retry)


def there(path, **found):
    return [{"path": path, "found": {"state": "file", **found}}]


@pytest.mark.parametrize("apply, named", [
    ({"file": there("/x", ours=False)}, "/x"),
    ({"file": there("/x", state="directory")}, "/x"),
    ({"link": there("/l")}, "/l"),
    ({"link": there("/l", state="link", target="/bin/true")}, "/l"),
])
def test_what_others_made_is_refused(apply, named):
    assert told(**apply) == [f"{named} was not made by this role (the install script leaves such things); "
                             "adopt.yml takes such a host over"]
    assert told(recorded={"made": [{"kind": "file", "path": named}]}, **apply) == []


@pytest.mark.parametrize("apply", [
    {"file": there("/x", state="absent")},
    {"file": there("/x", ours=True)},
    {"link": there("/l", state="absent")},
    {"link": there("/l", state="link", target="/opt/ollama/current/bin/ollama")},
])
def test_nothing_and_what_this_role_made_are_not_refused(apply):
    assert told(**apply) == []


def test_a_container_of_others_is_refused():
    there = [{"name": "ollama", "found": {"state": "running"}}]
    assert told(container=there)[0].startswith("container ollama was not made by this role")
    assert told(recorded={"made": [{"kind": "user", "name": "ollama"}]}, container=there) == told(container=there)
    assert told(recorded={"made": [{"kind": "container", "name": "ollama"}]}, container=there) == []
    assert told(container=[{"name": "ollama", "found": {"state": "absent"}}]) == []


def test_where_the_record_is_lost_what_carries_a_definition_is_known_for_ours():
    assert told(container=[{"name": "ollama", "found": {"state": "running", "ours": True}}]) == []
    assert told(container=[{"name": "ollama", "found": {"state": "running", "ours": False}}]) != []


def test_a_directory_of_others_that_the_account_cannot_use_is_refused_and_one_that_it_can_is_not():
    item = {"path": "/srv/models", "owner": "ollama"}
    found = {"state": "directory", "mode": "0750", "owner": "alice", "group": "ai", "access": "no right to write"}
    assert told(directory=[{**item, "found": found}]) == [
        "/srv/models was there before this role and keeps its owner and mode (alice:ai 0750), but there ollama has no right "
        "to write; give it that, by its group or by an ACL, or choose another ollama_home or ollama_models_dir"]
    assert told(directory=[{**item, "found": {**found, "access": "full"}}, {**item, "found": {"state": "absent"}}]) == []


def test_a_number_that_another_account_has_is_refused_with_its_name():
    found = {"state": "absent", "taken": {"uid": "backup", "gid": "staff"}}
    assert told(user=[{"name": "ollama", "uid": 34, "gid": 50, "found": found}]) == [
        "ollama_uid: 34 is that of backup on this host; choose a number that is free on every host of the fleet",
        "ollama_gid: 50 is that of staff on this host; choose a number that is free on every host of the fleet"]


def test_a_directory_that_is_a_link_is_refused():
    assert "is a link" in told(directory=there("/d", state="link"))[0]


@pytest.mark.parametrize("found, words", [
    ({"uid": 998, "gid": 11434}, ["o has uid 998 on this host, not 11434, and files belong to numbers; set ollama_uid: 998"]),
    ({"uid": 11434, "gid": 11434}, []),
    ({"state": "absent"}, []),
])
def test_the_numbers_of_an_account_that_exists_are_not_changed(found, words):
    assert told(user=[{"name": "o", "uid": 11434, "gid": 11434, "found": found}]) == words


def test_a_port_that_others_hold_is_refused_and_ones_own_is_not():
    held = [{"port": 11434}]
    assert told([PORT], port=held) == ["port 11434 is held by nginx; stop that process, or choose another ollama_port"]
    assert told([PORT], SERVED, port=held) == []


def test_an_engine_says_itself_what_is_wrong():
    assert told([ENGINE]) == ["ollama_method: docker compose is 1.29.2, not 2.18.0 or newer"]


def test_a_version_that_failed_here_is_not_tried_again_unless_asked():
    assert told(recorded=FAILED) == told(recorded=FAILED, version="0.34.5", retry=True) == []
    assert told(recorded=FAILED, version="0.34.5") == [
        "Ollama 0.34.5 failed on this host at 2026-11-21T10:00:00Z (it exits); choose another ollama_version, "
        "or set ollama_retry_failed_version: true to try it again"]
