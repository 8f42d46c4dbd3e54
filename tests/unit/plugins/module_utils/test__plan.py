# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._plan import plan

KINDS = ("user", "directory", "file", "link", "release", "unit", "container", "port", "engine", "record")
INSTANCES = [{"name": name, "unit": f"{name}.service", "container": name, "label": f"x.{name}"} for name in ("a", "b")]
UNITS = [{"kind": "unit", "name": each["unit"]} for each in INSTANCES]
RELEASE = {"kind": "release", "root": "/opt/ollama"}
ENV = {"kind": "file", "path": "/etc/ollama/a.env"}
HOME = {"kind": "directory", "path": "/home/o"}
USER = {"kind": "user", "name": "o", "group": "g"}
DESIRED = [USER, HOME, ENV, RELEASE, *UNITS]
PROVEN = {"method": "systemd", "version": "0.34.4", "definition": "d",
          "served": [{"name": "a", "unit": "a.service", "url": "http://127.0.0.1:11434"}]}
MADE = [{"kind": "unit", "name": "a.service", "method": "systemd"}, {"kind": "file", "path": "/etc/ollama/a.env"}]


def probe(differences=(), record=None, **apply):
    return {"differences": list(differences), "apply": {**dict.fromkeys(KINDS, []), **apply}, "record": record or {}, "diff": []}


def differs(kind, name, *fields):
    return {"kind": kind, "name": name, "fields": list(fields), "reason": f"{name} differs"}


def planned(found, desired=DESIRED, method="systemd", version="0.34.4"):
    return plan(desired, found, INSTANCES, method, version)


def rolled(*differences):
    return planned(probe(differences))["roll"]


@pytest.mark.parametrize("differences, names", [
    ([], []),
    ([differs("file", "/etc/ollama/a.env", "mode")], []),
    ([differs("unit", "a.service", "enabled")], []),
    ([differs("unit", "a.service", "started_from")], ["a"]),
    ([differs("unit", "b.service", "state")], ["b"]),
    ([differs("unit", "relay-b.service", "active")], ["b"]),
    ([differs("container", "b", "image")], ["b"]),
    ([differs("launchd", "x.b", "started_from")], ["b"]),
    ([differs("release", "/opt/ollama", "proven")], ["a", "b"]),
    ([differs("release", "/opt/ollama", "version")], ["a", "b"]),
    ([differs("release", "/opt/ollama", "complete"), differs("unit", "a.service", "active")], ["a", "b"]),
])
def test_instances_are_rolled_when_their_process_is_not_the_wanted_one(differences, names):
    assert rolled(*differences) == names


def test_no_plan_has_what_may_be_a_secret():
    instances = [{**each, "env_file": "e", "settings": {"https_proxy": "http://me:geheim@proxy"}} for each in INSTANCES]
    found = plan(DESIRED, probe([differs("release", "/opt/ollama", "version")]), instances, "systemd", "0.34.4")
    assert found["roll"] == ["a", "b"] and "geheim" not in str(found)


def test_accounts_and_directories_are_ours_only_where_they_were_absent_or_are_on_record():
    ours = planned(probe(user=[{**USER, "found": {"state": "absent"}}]))["made"]
    assert {each["kind"] for each in ours} == {"user", "file", "release", "unit"}
    assert {"kind": "user", "name": "o", "group": "g"} in ours
    ours = planned(probe(record={"made": [{"kind": "directory", "path": "/home/o"}]}))["made"]
    assert {each["kind"] for each in ours} == {"directory", "file", "release", "unit"}


def test_a_group_that_was_there_before_the_account_is_not_ours():
    there = {"state": "absent", "gid": 2000}
    assert {"kind": "user", "name": "o"} in planned(probe(user=[{**USER, "found": there}]))["made"]
    # A run that was killed has made both, and the next one finds them.
    ours = planned(probe(record={"made": [USER]}, user=[{**USER, "found": {"state": "present", "gid": 2000}}]))["made"]
    assert [each for each in ours if each["kind"] == "user"] == [USER]
    ours = planned(probe(record={"made": [{"kind": "user", "name": "o"}]}))["made"]
    assert [each for each in ours if each["kind"] == "user"] == [{"kind": "user", "name": "o"}]


def test_an_instance_that_is_no_longer_listed_is_retired_and_its_files_swept():
    old = [{"kind": "unit", "name": "old.service", "method": "systemd"}, {"kind": "file", "path": "/etc/ollama/old.env"}]
    found = planned(probe(record={"made": MADE + old, **PROVEN}))
    assert (found["retire"], found["sweep"]) == ([old[0]], ["/etc/ollama/old.env"])
    assert old[0] in found["begun"] and old[0] not in found["made"]


def test_what_a_run_that_was_killed_had_still_to_take_away_goes_with_the_next_and_nothing_is_restarted():
    left = [{"kind": "tree", "path": "/usr/local/lib/ollama"}, {"kind": "directory", "path": "/etc/old"}]
    found = planned(probe([differs("record", "r", "definition")], {"made": MADE + left, **PROVEN, "definition": "replacing"}))
    assert (found["sweep"], found["hollow"], found["roll"]) == (["/usr/local/lib/ollama"], ["/etc/old"], [])
    assert left[0] in found["begun"] and left[0] not in found["made"]


def test_a_volume_is_ours_only_where_it_was_absent():
    volume = {"kind": "volume", "name": "v", "engine": "docker"}
    seen = {"absent": 1, "present": 0, "unknown": 0}
    for state, ours in seen.items():
        made = planned(probe(volume=[{**volume, "found": {"state": state}}]), [*DESIRED, volume])["made"]
        assert made.count(volume) == ours, state
    again = planned(probe(record={"made": [volume], **PROVEN}), DESIRED)
    assert volume in again["made"] and again["retire"] == again["sweep"] == []


@pytest.mark.parametrize("engine, version, release, gone", [
    ("docker", "2", "i:2", ["docker i:1", "podman i:0"]),                 # nothing but settings changed
    ("docker", "3", "i:3", ["docker i:0", "docker i:1", "podman i:0"]),   # an upgrade: what served is the way back now
    ("podman", "2", "i:2", ["docker i:0", "docker i:1", "podman i:0"]),   # another method, as an upgrade
    ("systemd", "2", None, ["docker i:0", "docker i:1", "podman i:0"]),
])
def test_images_go_that_neither_serve_nor_are_the_way_back(engine, version, release, gone):
    images = [{"kind": "image", "engine": "docker", "name": f"i:{each}"} for each in (0, 1, 2)]
    images.append({**images[0], "engine": "podman"})
    record = {"method": "docker", "version": "2", "release": "i:2", "served": [], "made": images,
              "previous": {"method": "docker", "version": "0", "release": "i:0"}}
    desired = [{"kind": "image", "engine": engine, "name": release}] if release else [ENV]
    found = planned(probe(record=record), desired, engine, version)
    assert [f"{each['engine']} {each['name']}" for each in found["surplus"]] == gone
    assert not [each for each in found["surplus"] if each in found["made"]]
    assert all(each in found["begun"] for each in images)
    assert all(each in found["made"] for each in images if each not in found["surplus"])


def test_an_image_that_was_there_before_is_not_ours():
    image = {"kind": "image", "name": "i:1", "engine": "docker"}
    assert image not in planned(probe(), [*DESIRED, image])["made"]
    assert image in planned(probe(image=[{**image, "found": {"state": "absent"}}]), [*DESIRED, image])["made"]


def test_directories_of_another_method_go_where_they_are_empty_and_those_of_models_stay():
    folders = [{"kind": "directory", "path": path} for path in ("/etc/a", "/etc/a/b")]
    store = {"kind": "directory", "path": "/old/models", "kept": True}
    assert planned(probe(record={"made": [*folders, store], **PROVEN}))["hollow"] == ["/etc/a/b", "/etc/a"]
    wanted = {**folders[0], "mode": "0755", "owner": "root", "group": "root"}
    assert planned(probe(record={"made": folders, **PROVEN}), [wanted])["hollow"] == ["/etc/a/b"]


def test_what_a_directory_holds_is_on_record():
    item = {**HOME, "mode": "0755", "owner": "o", "group": "g", "kept": True}
    made = planned(probe(directory=[{**item, "found": {"state": "absent"}}]), [item])["made"]
    assert made == [{"kind": "directory", "path": "/home/o", "kept": True}]


def test_another_method_retires_the_unit_of_the_same_name_and_keeps_the_release():
    made = [*MADE, {"kind": "release", "path": "/opt/ollama"}, {"kind": "link", "path": "/usr/local/bin/ollama"}]
    desired = [ENV, {"kind": "unit", "name": "a.service"}]
    found = planned(probe(record={"made": made, **PROVEN}), desired, method="podman")
    assert found["retire"] == [made[0]]
    assert found["sweep"] == ["/usr/local/bin/ollama"]
    assert {"kind": "release", "path": "/opt/ollama"} in found["made"]
    assert found["running"] == [{"kind": "unit", "name": "a.service", "method": "podman"}]


def test_what_served_before_is_told():
    assert planned(probe(record={"made": MADE, **PROVEN}))["former"] == {name: PROVEN[name] for name in ("method", "version", "served")}


def test_where_nothing_is_proven_there_is_no_way_back():
    found = planned(probe(record={"state": "absent"}))
    assert found["former"] is None
    assert len(found["running"]) == 2
