# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _record
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

PATH = "/var/lib/barellama/ollama.json"
UNIT = {"kind": "unit", "name": "ollama.service", "method": "systemd"}
FILE = {"kind": "file", "path": "/etc/systemd/system/ollama.service"}
COMPOSE = {"kind": "file", "path": "/etc/ollama/compose/compose.yaml"}
CONTAINER = {"kind": "container", "name": "ollama", "engine": "docker", "method": "docker"}
USER = {"kind": "user", "name": "ollama", "group": "ollama"}
KEPT = {"content": "[Unit]\n", "mode": "0644", "owner": "root", "group": "root"}
FORMER = {
    "definition": "d1",
    "method": "systemd",
    "version": "0.32.15",
    "release": "0.32.15-aaaaaaaa",
    "served": [{"port": 11434}],
    "made": [FILE, UNIT],
    "files": {FILE["path"]: KEPT},
}
NEXT = {**FORMER, "definition": "d2", "version": "0.34.4", "release": "0.34.4-bbbbbbbb"}
PROVEN = {**_record.EMPTY, "made": FORMER["made"], "proven": FORMER}
REASON = {"reason": "no answer", "when": "2026-11-21T11:20:00Z"}


def test_what_is_begun_is_added_to_what_was_made():
    begun = _record.begun(_record.EMPTY, [FILE, UNIT])
    assert (begun["made"], begun["begun"]) == ([FILE, UNIT], True)
    assert _record.begun(begun, [UNIT, CONTAINER])["made"] == [FILE, UNIT, CONTAINER]
    assert _record.EMPTY["made"] == []


def test_what_is_prepared_is_added_too_and_what_was_proven_still_counts():
    assert _record.prepared(PROVEN, [UNIT, CONTAINER]) == {**PROVEN, "made": [FILE, UNIT, CONTAINER]}
    assert _record.begun(_record.prepared(PROVEN, [CONTAINER]), [CONTAINER]) == _record.begun(PROVEN, [CONTAINER])


@pytest.mark.parametrize(
    ("now", "previous"),
    [
        (NEXT, FORMER),
        ({**FORMER, "method": "docker", "made": [COMPOSE, CONTAINER]}, FORMER),
        ({**FORMER, "release": "0.32.15-aaaaaaaa+rocm-cccccccc"}, FORMER),
        ({**FORMER, "definition": "d3"}, None),
        (FORMER, None),
    ],
)
def test_what_is_proven_keeps_the_one_before_it_where_version_release_or_method_differ(now, previous):
    begun = _record.begun(PROVEN, [CONTAINER])
    record = _record.proven(begun, now)
    assert record == {**_record.EMPTY, "made": now["made"], "proven": now, "previous": previous}
    assert _record.proven(record, now) == record


def test_what_is_proven_before_and_after_what_it_replaced_is_taken_away_leads_back_to_the_same():
    replacing = _record.proven(_record.begun(PROVEN, [CONTAINER]), {**NEXT, "definition": "replacing", "made": [FILE, UNIT, COMPOSE]})
    assert (replacing["previous"], replacing["made"]) == (FORMER, [FILE, UNIT, COMPOSE])
    assert _record.found(replacing)["definition"] == "replacing"
    assert _record.proven(replacing, NEXT) == {**_record.EMPTY, "made": NEXT["made"], "proven": NEXT, "previous": FORMER}


def test_nothing_leads_back_to_what_was_adopted():
    record = _record.proven({**_record.EMPTY, "proven": {**FORMER, "definition": "adopted"}}, {**FORMER, "version": "9.9.9"})
    assert record["previous"] is None


def test_other_settings_of_the_same_keep_the_previous_one():
    record = _record.proven(_record.proven(PROVEN, NEXT), {**NEXT, "definition": "d3"})
    assert (record["proven"]["definition"], record["previous"]) == ("d3", FORMER)


def test_a_version_that_failed_counts_as_failed_until_it_is_proven():
    record = _record.failed(PROVEN, "0.34.4", " no\n answer ", REASON["when"])
    record = _record.failed(record, "0.34.5", "x" * 600, "later")
    assert record["failed"]["0.34.4"] == REASON
    assert len(record["failed"]["0.34.5"]["reason"]) == 500
    assert list(_record.proven(record, NEXT)["failed"]) == ["0.34.5"]


def test_the_same_failure_again_keeps_its_time():
    record = _record.failed(PROVEN, "0.34.4", "no answer", "first")
    assert _record.failed(record, "0.34.4", "no answer", "second") == record
    assert _record.failed(record, "0.34.4", "another", "second")["failed"]["0.34.4"]["when"] == "second"


def test_what_is_wanted_again():
    record = _record.begun(PROVEN, [COMPOSE, CONTAINER, USER, FILE])
    assert _record.wanted_again(record, FORMER) == [
        {"kind": "file", "path": FILE["path"], **KEPT},
        {"kind": "absent", "path": COMPOSE["path"]},
    ]


def test_a_file_that_was_made_before_the_snapshot_stays_even_where_the_snapshot_does_not_keep_it():
    adopted = {**FORMER, "made": [*FORMER["made"], COMPOSE]}
    wanted = _record.wanted_again({**PROVEN, "made": adopted["made"], "proven": adopted}, adopted)
    assert [item["path"] for item in wanted] == [FILE["path"]]


def test_what_lasts_stays_on_record_when_the_rest_is_restored():
    record = _record.restored(_record.begun(PROVEN, [COMPOSE, CONTAINER, USER]), FORMER)
    assert record == {**PROVEN, "made": [FILE, UNIT, USER]}


def test_there_may_be_nothing_to_go_back_to():
    assert _record.snapshot_of(PROVEN, "proven", PATH) == FORMER
    with pytest.raises(FleetError, match=f"^{PATH} holds no previous state to go back to: mend what failed"):
        _record.snapshot_of(PROVEN, "previous", PATH)


def test_what_is_found_has_no_content_of_files():
    record = _record.failed(_record.proven(PROVEN, NEXT), "0.34.5", **REASON)
    found = {
        "state": "present",
        "definition": "d2",
        "method": "systemd",
        "version": "0.34.4",
        "release": "0.34.4-bbbbbbbb",
        "served": [{"port": 11434}],
        "made": [FILE, UNIT],
        "previous": {"method": "systemd", "version": "0.32.15", "release": "0.32.15-aaaaaaaa"},
        "failed": {"0.34.5": REASON},
    }
    assert _record.found(record) == found
    assert _record.found(_record.begun(record, [])) == {**found, "definition": None}
    assert _record.told(NEXT) == {**NEXT, "files": [FILE["path"]]}


def test_a_host_without_a_record_and_one_with_a_first_attempt():
    nothing = dict.fromkeys(("definition", "method", "version", "release", "served", "previous"))
    assert _record.found(None) == {"state": "absent", **nothing, "made": [], "failed": {}}
    assert _record.found(_record.begun(_record.EMPTY, [UNIT])) == {"state": "present", **nothing, "made": [UNIT], "failed": {}}


def test_text_and_back():
    binary = {**FORMER, "files": {"/x": {**KEPT, "content": b"\xff\0\n".decode("utf-8", "surrogateescape")}}}
    for record in (_record.EMPTY, PROVEN, _record.proven(PROVEN, NEXT), {**PROVEN, "proven": binary}):
        assert _record.parse(_record.dump(record), PATH) == record


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"null",
        _record.dump(PROVEN)[:-3],
        json.dumps({**PROVEN, "made": {}}),
        json.dumps({**PROVEN, "failed": None}),
        json.dumps({**PROVEN, "begun": "no"}),
        json.dumps({**PROVEN, "proven": []}),
        json.dumps({**PROVEN, "previous": {"version": "0.1.0"}}),
    ],
)
def test_what_is_no_record(text):
    with pytest.raises(FleetError, match=f"^{PATH} is no record of what was made here: move it away and run again$"):
        _record.parse(text, PATH)


@pytest.mark.parametrize("item", [UNIT, FILE, CONTAINER, {"kind": "release", "path": "/opt/ollama"}])
def test_what_can_be_found_again(item):
    _record.check_made([item])


@pytest.mark.parametrize("item", [{}, {"kind": "unit"}, {"name": "a"}, {"kind": "file", "name": "a"}, {"kind": "", "path": "/"}])
def test_what_could_not_be_found_again(item):
    with pytest.raises(FleetError, match=r"^made\[1\]: give it a kind, and a name or a path"):
        _record.check_made([UNIT, item])
