# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _record, _record_store
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._record_files import load
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.test__install_killed import killed

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

NOTHING = dict.fromkeys(_record_store.Event._fields) | {"served": [], "files": [], "to": "proven"}


class Bed:
    """A record below a directory, with one file of an old and one of a new method."""

    def __init__(self, place):
        self.place = place
        self.record = str(place / "lib/ollama.json")
        self.old, self.new = str(place / "etc/old.env"), str(place / "etc/new.yaml")
        (place / "etc").mkdir()

    def say(self, state, check=False, **fields):
        event = _record_store.Event(**{**NOTHING, "state": state, **fields})
        return _record_store.reconcile(self.record, event, check)

    def prove(self, version="0.1.0", method="systemd", path=None, check=False, content="OLLAMA_API_KEY=hush\n"):
        path = path or self.old
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(content)
            os.chmod(path, 0o640)
        made = [{"kind": "file", "path": path}]
        fields = {"definition": version + method, "version": version, "method": method, "served": [{"port": 1}]}
        return self.say("proven", check, **fields, made=made, files=[path])

    def begin(self):
        return self.say("begun", made=[{"kind": "file", "path": self.new}, {"kind": "container", "name": "ollama"}])

    def all(self):
        """Every path below the place with what it holds."""
        return {
            str(path): (oct(path.stat().st_mode), path.read_bytes() if path.is_file() else None)
            for path in sorted(self.place.rglob("*"))
        }


@pytest.fixture
def bed(tmp_path):
    return Bed(tmp_path)


STORY = [
    ("prepared", {"made": [{"kind": "unit", "name": "a.service"}]}, "record: prepared"),
    ("begun", {"made": [{"kind": "unit", "name": "a.service"}]}, "record: begun"),
    ("failed", {"version": "0.2.0", "reason": "no answer"}, "record: failed 0.2.0"),
    ("proven", None, "record: proven systemd 0.1.0"),
    ("begun", {"made": [{"kind": "unit", "name": "b.service"}]}, "record: begun"),
    ("restored", {}, "record: restored systemd 0.1.0"),
    ("forgotten", {}, "remove {record}"),
]


def test_each_event_is_planned_then_done_then_nothing_new(bed):
    for state, fields, action in STORY:
        if fields is None:
            fields = {"definition": "d", "version": "0.1.0", "method": "systemd", "made": []}
        before = bed.all()
        planned = bed.say(state, check=True, **fields)
        assert bed.all() == before, state
        done = bed.say(state, **fields)
        assert (planned["changed"], planned["actions"], planned["diff"]) == (True, done["actions"], done["diff"]), state
        assert done["actions"] == [action.format(record=bed.record)] and len(done["diff"]) == 1, state
        again = bed.say(state, **fields)
        assert (again["changed"], again["actions"], again["diff"]) == (False, [], []), state
        assert again["record"].items() >= done["record"].items(), state


def test_proven_keeps_files_and_shows_them_to_nobody(bed):
    told = bed.prove()
    kept = load(bed.record)["proven"]["files"][bed.old]
    assert (kept["content"], kept["mode"]) == ("OLLAMA_API_KEY=hush\n", "0640")
    assert "hush" not in json.dumps(told)
    assert told["record"]["version"] == "0.1.0" and told["record"]["served"] == [{"port": 1}]


@pytest.mark.parametrize(("make", "state"), [(lambda path: None, "absent"), (os.mkdir, "directory")])
def test_what_is_no_file_cannot_be_kept(bed, make, state):
    make(bed.new)
    with pytest.raises(FleetError, match=f"^cannot keep {bed.new} to go back to: state is {state}, not file; "):
        bed.say("proven", definition="d", version="0.1.0", method="docker", made=[], files=[bed.new])


def test_restored_brings_back_what_served(bed):
    bed.prove()
    bed.begin()
    os.remove(bed.old)
    with open(bed.new, "w", encoding="utf-8") as stream:
        stream.write("services:\n")
    before = bed.all()
    planned = bed.say("restored", check=True)
    assert bed.all() == before
    done = bed.say("restored")
    assert planned["actions"] == done["actions"]
    assert done["actions"] == [f"write {bed.old}", f"remove {bed.new}", "record: restored systemd 0.1.0"]
    assert "hush" not in json.dumps(done)
    with open(bed.old, encoding="utf-8") as stream:
        assert stream.read() == "OLLAMA_API_KEY=hush\n"
    assert oct(os.stat(bed.old).st_mode & 0o7777) == "0o640" and not os.path.exists(bed.new)
    assert done["record"]["restored"]["version"] == "0.1.0" and done["record"]["restored"]["files"] == [bed.old]
    assert not bed.say("restored")["changed"]


def test_restored_to_the_previous_state_and_back(bed):
    bed.prove()
    bed.prove("0.1.0", "docker", bed.new)
    os.remove(bed.old)
    gone_back = bed.say("restored", to="previous")
    assert gone_back["record"]["restored"]["method"] == "systemd"
    assert os.listdir(bed.place / "etc") == ["old.env"]
    assert bed.say("restored")["actions"] == [f"write {bed.new}", f"remove {bed.old}", "record: restored docker 0.1.0"]


def test_nothing_to_restore(bed):
    with pytest.raises(FleetError, match=f"^{bed.record} holds no proven state to go back to"):
        bed.say("restored")
    assert os.listdir(bed.place) == ["etc"]


def test_forgotten_takes_empty_directories_along(bed):
    inner, full = str(bed.place / "opt/a"), str(bed.place / "etc")
    os.makedirs(inner)
    bed.prove()
    made = [{"kind": "directory", "path": path} for path in (str(bed.place / "opt"), inner, full, "/gone")]
    bed.say("begun", made=made)
    planned = bed.say("forgotten", check=True)
    done = bed.say("forgotten")
    assert planned["actions"] == done["actions"] == [f"remove {path}" for path in (inner, str(bed.place / "opt"), bed.record)]
    assert os.listdir(bed.place) == ["etc"]


def test_forgotten_keeps_on_record_what_it_is_given_and_is_left(bed):
    empty, full, user = str(bed.place / "opt"), str(bed.place / "etc"), {"kind": "user", "name": "ollama"}
    os.mkdir(empty)
    bed.prove()
    made = [user, *({"kind": "directory", "path": path} for path in (empty, full, "/gone"))]
    bed.say("begun", made=made)
    planned = bed.say("forgotten", check=True, made=made)
    done = bed.say("forgotten", made=made)
    assert planned["actions"] == done["actions"] == [f"remove {empty}", "record: kept"]
    assert load(bed.record) == {**_record.EMPTY, "made": [user, {"kind": "directory", "path": full}]}
    assert not bed.say("forgotten", made=made)["changed"]
    assert bed.say("forgotten")["actions"] == [f"remove {bed.record}"]


def test_a_killed_run_leaves_the_old_record_or_the_new_one(bed):
    def prepare():
        bed.say("forgotten")
        bed.prove()

    prepare()
    old = load(bed.record)
    bed.prove("0.2.0")
    new = load(bed.record)
    seen = []
    for number in range(1, 100):
        prepare()
        if not killed(lambda: bed.prove("0.2.0"), number):
            break
        seen.append(load(bed.record))
        assert seen[-1] in (old, new), f"killed before write {number}"
        assert bed.prove("0.2.0")["record"] == _record.found(new), f"killed before write {number}"
        assert os.listdir(os.path.dirname(bed.record)) == ["ollama.json"]
    assert old in seen and number > 3, "the kill points were not met"


def test_a_killed_way_back_is_completed_by_the_next(bed):
    def prepare():
        bed.prove()
        bed.begin()
        for path in (bed.old, bed.new):
            with open(path, "w", encoding="utf-8") as stream:
                stream.write("new\n")

    for number in range(1, 100):
        prepare()
        if not killed(lambda: bed.say("restored"), number):
            break
        with open(bed.old, encoding="utf-8") as stream:
            assert stream.read() in ("new\n", "OLLAMA_API_KEY=hush\n"), f"killed before write {number}"
        bed.say("restored")
        assert os.listdir(bed.place / "etc") == ["old.env"], f"killed before write {number}"
        assert not bed.say("restored")["changed"], f"killed before write {number}"
    assert number > 6, "the kill points were not met"
