# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _drift
from ansible_collections.barellama.fleet.plugins.module_utils._drift_desired import KINDS
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

SUM = "c2" * 32
OTHER = "50" * 32
OWNED = {"mode": "0640", "owner": "root", "group": "ollama"}

USER = {
    "kind": "user",
    "name": "ollama",
    "group": "ollama",
    "home": "/usr/share/ollama",
    "shell": "/bin/false",
    "groups_if_present": ["render", "video"],
}
USER_FOUND = {
    "state": "present",
    "group": "ollama",
    "home": "/usr/share/ollama",
    "shell": "/bin/false",
    "groups": ["video"],
    "groups_present": ["video"],
    "notes": {},
}
DIRECTORY = {"kind": "directory", "path": "/etc/ollama", **OWNED}
DIRECTORY_FOUND = {"state": "directory", **OWNED, "notes": {}}
FILE = {"kind": "file", "path": "/etc/ollama/a.env", "content": "A=ü\n", **OWNED}
FILE_FOUND = {"state": "file", "content": "A=ü\n".encode(), **OWNED, "notes": {}}
KEY = {"kind": "key", "path": "/etc/k.asc", "fingerprints": ["b" * 40, "aa " * 20], **OWNED}
KEY_FOUND = {"state": "file", "fingerprints": ["A" * 40], "content": b"", **OWNED, "notes": {}}
ABSENT = {"kind": "absent", "path": "/etc/ollama/old"}
LINK = {"kind": "link", "path": "/usr/local/bin/ollama", "target": "/opt/ollama/current/bin/ollama"}
LINK_FOUND = {"state": "link", "target": "/opt/ollama/current/bin/ollama"}
PACKAGE = {"kind": "package", "name": "zstd"}
UNIT = {"kind": "unit", "name": "ollama.service", "enabled": True, "active": True, "marker": "D=1"}
UNIT_FOUND = {"state": "loaded", "enabled": True, "active": True, "definition": "current", "started_from": "D=1"}
UNWANTED = {"kind": "unit", "name": "ollama.service", "enabled": False, "active": False}
NOT_FOUND = {"state": "absent", "enabled": False, "active": False, "definition": "current", "started_from": "D=1"}
RELEASE = {"kind": "release", "root": "/opt/ollama", "version": "0.34.4", "checksums": {"amd64": SUM}}
RELEASE_FOUND = {"state": "installed", "machine": "x86_64", "version": "0.34.4", "sha256": SUM, "complete": True}
CONTAINER = {"kind": "container", "engine": "docker", "name": "ollama", "image": "a:1", "active": True, "marker": "D=1"}
CONTAINER_FOUND = {"state": "running", "image": "a:1", "definition": "current", "started_from": "D=1"}
ENGINE = {"kind": "engine", "name": "docker", "compose": "2.18"}
RECORD = {"kind": "record", "path": "/var/lib/barellama/ollama.json", "definition": "d1"}
RECORD_FOUND = {"state": "present", "definition": "d1", "made": [], "failed": {}}
PORT = {"kind": "port", "address": "127.0.0.1", "port": 11434, "unit": "ollama.service"}
NGINX = {"state": "held", "holder": "nginx", "pid": 812}


@pytest.mark.parametrize(
    ("item", "found"),
    [
        (USER, USER_FOUND),
        (USER, {**USER_FOUND, "groups": [], "groups_present": []}),
        ({**USER, "uid": 7, "gid": 8}, {**USER_FOUND, "uid": 7, "gid": 8}),
        (DIRECTORY, DIRECTORY_FOUND),
        (FILE, FILE_FOUND),
        ({**FILE, "content": "\udcff"}, {**FILE_FOUND, "content": b"\xff"}),
        (KEY, KEY_FOUND),
        (KEY, {**KEY_FOUND, "fingerprints": ["A" * 40, "B" * 40]}),
        (ABSENT, {"state": "absent"}),
        (LINK, LINK_FOUND),
        (PACKAGE, {"state": "installed"}),
        (UNIT, UNIT_FOUND),
        (UNWANTED, NOT_FOUND),
        (UNWANTED, {**NOT_FOUND, "state": "masked"}),
        (RELEASE, RELEASE_FOUND),
        ({**RELEASE, "checksums": {}, "own_sums": True}, RELEASE_FOUND),
        ({**RELEASE, "proven": True}, {**RELEASE_FOUND, "proven": True}),
        ({**RELEASE, "checksums": {"arm64": OTHER}, "own_sums": True}, RELEASE_FOUND),
        ({**RELEASE, "checksums": {"amd64": OTHER, "arm64": SUM}}, {**RELEASE_FOUND, "machine": "aarch64"}),
        (CONTAINER, CONTAINER_FOUND),
        ({**CONTAINER, "active": False}, {"state": "absent"}),
        (ENGINE, {"state": "running", "version": "26.1.5", "compose": "2.26.1"}),
        (PORT, {"state": "free"}),
        (PORT, {"state": "held", "holder": "ollama.service", "pid": 67}),
    ],
)
def test_as_desired(item, found):
    assert _drift.report([item], [found], everything=False) == {
        "differences": [],
        "apply": {kind: [] for kind in KINDS},
        "diff": [],
    }


@pytest.mark.parametrize(
    ("item", "found", "fields", "reason"),
    [
        (USER, {"state": "absent", "groups_present": []}, ["state"], "state is absent, not present"),
        (
            USER,
            {**USER_FOUND, "group": "users", "notes": {"group": "missing group ollama"}},
            ["group"],
            "group is users, not ollama (missing group ollama)",
        ),
        (USER, {**USER_FOUND, "home": "/home/ollama"}, ["home"], "home is /home/ollama, not /usr/share/ollama"),
        (USER, {**USER_FOUND, "shell": "/bin/sh"}, ["shell"], "shell is /bin/sh, not /bin/false"),
        (USER, {**USER_FOUND, "groups": []}, ["groups"], "groups is none, not video"),
        (
            USER,
            {**USER_FOUND, "groups_present": ["render", "video"]},
            ["groups"],
            "groups is video, not render, video",
        ),
        (DIRECTORY, {"state": "absent"}, ["state"], "state is absent, not directory"),
        (DIRECTORY, {**DIRECTORY_FOUND, "state": "link"}, ["state"], "state is link, not directory"),
        (DIRECTORY, {**DIRECTORY_FOUND, "mode": "0755"}, ["mode"], "mode is 0755, not 0640"),
        (
            DIRECTORY,
            {**DIRECTORY_FOUND, "owner": "1001", "group": "root", "notes": {"group": "missing group ollama"}},
            ["owner", "group"],
            "owner is 1001, not root; group is root, not ollama (missing group ollama)",
        ),
        (
            {**RELEASE, "proven": True},
            {**RELEASE_FOUND, "proven": False},
            ["proven"],
            "proven is false, not true",
        ),
        (FILE, {"state": "absent"}, ["state"], "state is absent, not file"),
        (FILE, {**FILE_FOUND, "state": "special file"}, ["state"], "state is special file, not file"),
        (FILE, {**FILE_FOUND, "content": b""}, ["content"], "content differs"),
        (
            FILE,
            {**FILE_FOUND, "content": "A=ü\r\n".encode(), "mode": "0600"},
            ["content", "mode"],
            "content differs; mode is 0600, not 0640",
        ),
        (KEY, {**KEY_FOUND, "state": "expired"}, ["state"], "state is expired, not file"),
        (KEY, {**KEY_FOUND, "fingerprints": []}, ["fingerprints"], f"fingerprints is none, not {'A' * 40}, {'B' * 40}"),
        (
            {**KEY, "fingerprints": ["B" * 40]},
            {**KEY_FOUND, "fingerprints": ["A" * 40, "B" * 40]},
            ["fingerprints"],
            f"fingerprints is {'A' * 40}, {'B' * 40}, not {'B' * 40}",
        ),
        (ABSENT, {"state": "directory"}, ["state"], "state is directory, not absent"),
        (LINK, {"state": "file"}, ["state"], "state is file, not link"),
        (
            LINK,
            {**LINK_FOUND, "target": "x"},
            ["target"],
            "target is x, not /opt/ollama/current/bin/ollama",
        ),
        (PACKAGE, {"state": "absent"}, ["state"], "state is absent, not installed"),
        (UNIT, NOT_FOUND, ["state"], "state is absent, not loaded"),
        ({**UNWANTED, "enabled": True}, {**NOT_FOUND, "state": "masked"}, ["state"], "state is masked, not loaded"),
        (UNIT, {**UNIT_FOUND, "enabled": False}, ["enabled"], "enabled is false, not true"),
        (UNIT, {**UNIT_FOUND, "active": False}, ["active"], "active is false, not true"),
        (
            UNWANTED,
            UNIT_FOUND,
            ["enabled", "active"],
            "enabled is true, not false; active is true, not false",
        ),
        (UNIT, {**UNIT_FOUND, "definition": "outdated"}, ["definition"], "definition is outdated, not current"),
        (
            UNIT,
            {**UNIT_FOUND, "started_from": "another definition"},
            ["started_from"],
            "started_from is another definition, not D=1",
        ),
        (RELEASE, {"state": "absent", "machine": "x86_64"}, ["state"], "state is absent, not installed"),
        (
            RELEASE,
            {**RELEASE_FOUND, "version": "0.30.0", "sha256": OTHER},
            ["version", "sha256"],
            f"version is 0.30.0, not 0.34.4; sha256 is {OTHER}, not {SUM}",
        ),
        (RELEASE, {**RELEASE_FOUND, "complete": False}, ["complete"], "complete is false, not true"),
        (
            RELEASE,
            {**RELEASE_FOUND, "version": None, "sha256": None, "complete": False},
            ["version", "complete", "sha256"],
            f"version is unknown, not 0.34.4; complete is false, not true; sha256 is unknown, not {SUM}",
        ),
        (
            {**USER, "uid": 7, "gid": 8},
            {**USER_FOUND, "uid": 999, "gid": None},
            ["uid", "gid"],
            "uid is 999, not 7; gid is unknown, not 8",
        ),
        (CONTAINER, {"state": "restarting"}, ["state"], "state is restarting, not running"),
        (
            CONTAINER,
            {**CONTAINER_FOUND, "image": "a:2", "started_from": "another definition"},
            ["image", "started_from"],
            "image is a:2, not a:1; started_from is another definition, not D=1",
        ),
        (
            ENGINE,
            {"state": "stopped", "notes": {"state": "start it"}},
            ["state"],
            "state is stopped, not running (start it)",
        ),
        (RECORD, {**RECORD_FOUND, "definition": None}, ["definition"], "definition is unknown, not d1"),
        (RECORD, {**RECORD_FOUND, "state": "absent"}, ["state"], "state is absent, not present"),
        (PORT, NGINX, ["holder"], "port 11434 is held by nginx (pid 812), not by ollama.service"),
        (
            PORT,
            {"state": "held", "holder": "another process", "pid": None},
            ["holder"],
            "port 11434 is held by another process, not by ollama.service",
        ),
    ],
)
def test_differences(item, found, fields, reason):
    result = _drift.report([PACKAGE, item], [{"state": "installed"}, found], everything=False)
    name = item.get("path") or item.get("name") or item.get("root") or "127.0.0.1:11434"
    assert result["differences"] == [{"kind": item["kind"], "name": name, "fields": fields, "reason": reason}]
    assert [kind for kind, items in result["apply"].items() if items] == [item["kind"]]
    assert list(result["apply"]) == list(KINDS)
    given = {field: value for field, value in item.items() if field != "content"}
    assert result["apply"][item["kind"]][0].items() >= given.items()
    assert bool(result["diff"]) == (item != RECORD or fields != ["definition"])


@pytest.mark.parametrize("own_sums", [{}, {"own_sums": False}])
@pytest.mark.parametrize("found", [RELEASE_FOUND, {"state": "absent", "machine": "x86_64"}])
def test_a_release_without_a_sum_for_the_host_is_an_error(own_sums, found):
    release = {**RELEASE, "checksums": {"arm64": OTHER}, **own_sums}
    with pytest.raises(FleetError, match=r"^no sha256 is known for ollama-linux-amd64\.tar\.zst of version 0\.34\.4"):
        _drift.report([release], [found], everything=False)


def test_a_running_process_of_an_unwanted_unit_may_be_from_anything():
    found = {**UNIT_FOUND, "active": True, "started_from": "another definition"}
    result = _drift.report([{**UNIT, "active": False}], [found], everything=False)
    assert result["differences"][0]["fields"] == ["active"]


def test_order_is_that_of_the_input_and_everything_is_applied_when_asked():
    desired = [LINK, FILE, PACKAGE, {**FILE, "path": "/b"}]
    observed = [{"state": "absent"}, FILE_FOUND, {"state": "absent"}, {"state": "absent"}]
    result = _drift.report(desired, observed, everything=True)
    assert [difference["name"] for difference in result["differences"]] == [LINK["path"], "zstd", "/b"]
    assert [item["path"] for item in result["apply"]["file"]] == [FILE["path"], "/b"]
    assert result["apply"]["link"] == [{**LINK, "found": {"state": "absent"}}]


def test_what_is_applied_carries_what_was_found():
    (applied,) = _drift.report([DIRECTORY], [{**DIRECTORY_FOUND, "mode": "0755"}], everything=False)["apply"]["directory"]
    assert applied == {**DIRECTORY, "found": {**DIRECTORY_FOUND, "mode": "0755"}}


def test_what_is_in_a_file_is_in_no_result():
    (applied,) = _drift.report([FILE], [{**FILE_FOUND, "content": b"B=1\n"}], everything=False)["apply"]["file"]
    assert applied == {"kind": "file", "path": FILE["path"], **OWNED, "found": {"state": "file", **OWNED, "notes": {}}}


def test_a_port_is_applied_with_its_holder():
    assert _drift.report([PORT], [NGINX], everything=False)["apply"]["port"] == [{**PORT, "found": NGINX}]


def test_a_user_is_applied_with_the_groups_that_the_host_has():
    for found in ({"state": "absent", "groups_present": ["video"]}, {**USER_FOUND, "groups": []}):
        assert _drift.report([USER], [found], everything=False)["apply"]["user"][0]["groups"] == ["video"]


@pytest.mark.parametrize(
    ("item", "found", "after"),
    [
        (
            USER,
            {"state": "absent", "groups_present": ["video"]},
            "state: present\ngroup: ollama\nhome: /usr/share/ollama\nshell: /bin/false\ngroups: video\n",
        ),
        (DIRECTORY, {"state": "absent"}, "state: directory\nmode: 0640\nowner: root\ngroup: ollama\n"),
        (LINK, {"state": "absent"}, "state: link\ntarget: /opt/ollama/current/bin/ollama\n"),
        (PACKAGE, {"state": "absent"}, "state: installed\n"),
        (UNIT, NOT_FOUND, "state: loaded\nenabled: true\nactive: true\n"),
        (
            RELEASE,
            {"state": "absent", "machine": "x86_64"},
            f"state: installed\nversion: 0.34.4\ncomplete: true\nsha256: {SUM}\n",
        ),
    ],
)
def test_diff_of_what_is_absent_is_all_that_is_wanted(item, found, after):
    (entry,) = _drift.report([item], [found], everything=False)["diff"]
    assert (entry["before"], entry["after"]) == ("", after)


def test_diff_of_a_unit_that_runs_without_a_definition_is_not_that_of_an_absent_one():
    (entry,) = _drift.report([UNWANTED], [{**NOT_FOUND, "active": True}], everything=False)["diff"]
    assert (entry["before"], entry["after"]) == ("active: true\n", "active: false\n")


def test_diff_of_a_port_is_its_holder():
    assert _drift.report([PORT], [NGINX], everything=False)["diff"] == [
        {
            "before_header": "port 127.0.0.1:11434",
            "after_header": "port 127.0.0.1:11434",
            "before": "holder: nginx\n",
            "after": "holder: ollama.service\n",
        }
    ]


@pytest.mark.parametrize(
    ("found", "definition"),
    [
        (FILE_FOUND, None),
        ({**FILE_FOUND, "mode": "0600"}, None),
        ({**FILE_FOUND, "content": b"other"}, "made from another /etc/ollama/a.env"),
        ({"state": "absent"}, "made from another /etc/ollama/a.env"),
    ],
)
@pytest.mark.parametrize(("item", "current"), [(UNIT, UNIT_FOUND), (CONTAINER, CONTAINER_FOUND)])
def test_what_runs_differs_with_what_its_files_say(found, definition, item, current):
    runs = {**item, "files": ["/etc/systemd/system/ollama.service", FILE["path"]]}
    report = _drift.report([FILE, runs], [found, current], everything=False)
    reasons = [told["reason"] for told in report["differences"] if told["kind"] == item["kind"]]
    assert reasons == ([f"definition is {definition}, not current"] if definition else [])


@pytest.mark.parametrize("definition", ["d1", "d2", ""])
def test_a_record_is_told_whether_it_differs_or_not(definition):
    result = _drift.report([PACKAGE, {**RECORD, "definition": definition}], [{"state": "installed"}, RECORD_FOUND], False)
    assert result["record"] == RECORD_FOUND
    assert bool(result["differences"]) is (definition == "d2")
    assert "record" not in _drift.report([PACKAGE], [{"state": "installed"}], False)
