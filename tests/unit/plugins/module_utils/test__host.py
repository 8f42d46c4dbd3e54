# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import random
import shutil

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _host, _host_tools, _record
from ansible_collections.barellama.fleet.plugins.module_utils._drift import report
from ansible_collections.barellama.fleet.plugins.module_utils._drift_desired import check_desired
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.accounts import ELSEWHERE, GID, UID, Accounts
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.key_samples import (
    ENDING,
    ENDING_FINGERPRINT,
    LASTING,
    LASTING_FINGERPRINT,
)


@pytest.fixture
def accounts():
    return Accounts()


@pytest.fixture
def observe(tmp_path, accounts):
    """Observe one thing below tmp_path."""
    host = _host.Host(None, str(tmp_path), accounts, accounts)

    def look(**item):
        check_desired([item])
        return host.observe([item])[0]

    return look


SHOWN = {
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "SubState": "running",
    "NeedDaemonReload": "no",
}
UNITS = {
    None: {"ollama.service": {**SHOWN, "MainPID": "67"}, "ollama.socket": SHOWN},
    "bob": {"ollama.service": {**SHOWN, "MainPID": "68"}},
}
OWNED = {"mode": "0644", "owner": "alice", "group": "staff"}


def test_directory(observe, tmp_path):
    (tmp_path / "d").mkdir(mode=0o700)
    (tmp_path / "d").chmod(0o2751)
    found = {"state": "directory", "mode": "2751", "owner": "alice", "group": "staff", "notes": {}}
    assert observe(**OWNED, kind="directory", path="/d") == found
    assert observe(**OWNED, kind="directory", path="/d/") == found


@pytest.mark.parametrize(("kept", "made", "differs"), [
    (True, [], False), (True, ["/d"], True), (False, [], True),
])
def test_a_directory_that_others_made_keeps_its_mode_where_its_owner_to_be_can_use_it(tmp_path, accounts, kept, made, differs):
    (tmp_path / "d").mkdir()
    (tmp_path / "d").chmod(0o2775)
    tmp_path.chmod(0o755)
    things = [{"kind": "directory", "path": path} for path in made]
    (tmp_path / "record").write_bytes(_record.dump(_record.begun(_record.EMPTY, things)))
    desired = [{**OWNED, "mode": "0755", "owner": "alias", "kind": "directory", "path": "/d", "kept": kept},
               {"kind": "record", "path": "/record"}]
    check_desired(desired)
    observed = _host.Host(None, str(tmp_path), accounts, accounts).observe(desired)
    assert bool(report(desired, observed, everything=False)["differences"]) == differs
    (given,) = report(desired, observed, everything=True)["apply"]["directory"]
    assert given["mode"] == ("0755" if differs else "2775")


def test_a_directory_that_others_closed_to_its_owner_to_be_differs(observe, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d").chmod(0o700)
    tmp_path.chmod(0o755)
    item = {"kind": "directory", "path": "/d", "mode": "0755", "owner": "ollama", "group": "ollama", "kept": True}
    found = observe(**item)
    assert found["access"] == "no right to read, write, enter"
    told = report([item], [found], everything=False)
    assert told["differences"][0]["reason"] == "access is no right to read, write, enter, not full"
    assert told["apply"]["directory"][0]["owner"] == "ollama"


def test_names_are_those_that_are_wanted_where_they_fit(observe, tmp_path):
    (tmp_path / "d").mkdir()
    found = observe(kind="directory", path="/d", mode="0755", owner="alias", group="crew")
    assert (found["owner"], found["group"], found["notes"]) == ("alias", "crew", {})
    found = observe(kind="directory", path="/d", mode="0755", owner="bob", group="render")
    assert (found["owner"], found["group"], found["notes"]) == ("alice", "staff", {})


def test_wanted_names_that_do_not_exist_are_noted(observe, tmp_path):
    (tmp_path / "d").mkdir()
    found = observe(kind="directory", path="/d", mode="0755", owner="ollama", group="ollama")
    assert (found["owner"], found["group"]) == ("alice", "staff")
    assert found["notes"] == {"owner": "missing user ollama", "group": "missing group ollama"}


def test_ids_without_a_name_are_numbers(tmp_path, accounts):
    accounts.users = accounts.groups = []
    (tmp_path / "d").mkdir()
    host = _host.Host(None, str(tmp_path), accounts, accounts)
    (found,) = host.observe([{**OWNED, "kind": "directory", "path": "/d"}])
    assert (found["owner"], found["group"]) == (str(UID), str(GID))


def test_each_name_is_looked_up_once(observe, tmp_path, accounts):
    for name in "abc":
        (tmp_path / name).mkdir()
        observe(kind="directory", path=f"/{name}", mode="0755", owner="bob", group="gone")
    assert sorted(accounts.asked, key=str) == sorted(["bob", UID, "gone", GID], key=str)


def test_file(observe, tmp_path):
    (tmp_path / "f").write_bytes(b"\xff\r\n")
    (tmp_path / "f").chmod(0o640)
    found = observe(**OWNED, kind="file", path="/f", content="x")
    assert (found["state"], found["content"], found["mode"], found["ours"]) == ("file", b"\xff\r\n", "0640", False)


@pytest.mark.parametrize("text", ["# Written by the role barellama.fleet.ollama.\n", "HOME=/root\nBARELLAMA_DEFINITION=abc\n"])
def test_a_file_that_names_this_collection_or_a_definition_is_ours(observe, tmp_path, text):
    (tmp_path / "f").write_text(text)
    assert observe(**OWNED, kind="file", path="/f", content="x")["ours"] is True


@pytest.mark.parametrize(("text", "state", "fingerprints"), [
    (LASTING, "file", [LASTING_FINGERPRINT]),
    (ENDING + LASTING, "expired", sorted([LASTING_FINGERPRINT, ENDING_FINGERPRINT])),
    ("gone", "file", []),
])
def test_a_key_is_known_by_its_fingerprint(observe, tmp_path, text, state, fingerprints):
    item = {**OWNED, "kind": "key", "path": "/k.asc", "fingerprints": [LASTING_FINGERPRINT]}
    assert observe(**item)["state"] == "absent"
    (tmp_path / "k.asc").write_text(text)
    found = observe(**item)
    assert (found["state"], found["fingerprints"], found["owner"]) == (state, fingerprints, "alice")


@pytest.mark.parametrize("kind", ["directory", "file", "absent", "link"])
def test_types_are_told_and_links_are_not_followed(observe, tmp_path, kind):
    fields = {"directory": OWNED, "file": {**OWNED, "content": ""}, "absent": {}, "link": {"target": "x"}}[kind]
    (tmp_path / "file").write_text("text")
    (tmp_path / "directory").mkdir()
    (tmp_path / "to-file").symlink_to("file")
    (tmp_path / "to-directory").symlink_to("directory")
    (tmp_path / "to-nothing").symlink_to("nothing")
    os.mkfifo(tmp_path / "fifo")
    states = {
        "/file": "file",
        "/directory": "directory",
        "/to-file": "link",
        "/to-directory": "link",
        "/to-directory/": "link",
        "/to-nothing": "link",
        "/fifo": "special file",
        "/nothing": "absent",
        "/nothing/below": "absent",
        "/file/below": "absent",
    }
    assert {path: observe(kind=kind, path=path, **fields)["state"] for path in states} == states


def test_a_link_that_takes_the_place_of_a_file_is_not_followed(tmp_path):
    (tmp_path / "l").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        _host._content(tmp_path / "l")


def test_link(observe, tmp_path):
    (tmp_path / "l").symlink_to("../opt/x")
    assert observe(kind="link", path="/l", target="y") == {"state": "link", "target": "../opt/x"}


def test_root_itself(accounts):
    host = _host.Host(None, "", accounts, accounts)
    assert host.observe([{**OWNED, "kind": "directory", "path": "/"}])[0]["state"] == "directory"


@pytest.mark.parametrize("call", ["lstat", "open"])
def test_what_may_not_be_read_is_an_error(observe, tmp_path, monkeypatch, call):
    (tmp_path / "f").write_text("secret")
    real = getattr(os, call)

    def refuse(path, *arguments, **options):
        if str(path).endswith("/f"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(FleetError) as caught:
        observe(**OWNED, kind="file", path="/f", content="")
    assert str(caught.value) == "cannot read /f: Permission denied; run this task as root (become: true)"


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ({}, {"state": "loaded", "enabled": True, "active": True, "definition": "current", "started_from": "D=1"}),
        ({"LoadState": "not-found", "UnitFileState": ""}, {"state": "absent", "enabled": False}),
        ({"LoadState": "masked", "UnitFileState": "masked"}, {"state": "masked", "enabled": False}),
        ({"LoadState": "bad-setting"}, {"state": "bad-setting"}),
        ({"UnitFileState": "static"}, {"enabled": True}),
        ({"UnitFileState": "disabled"}, {"enabled": False}),
        ({"UnitFileState": "enabled-runtime"}, {"enabled": False}),
        ({"ActiveState": "activating", "SubState": "start"}, {"active": True}),
        ({"ActiveState": "activating", "SubState": "auto-restart"}, {"active": False}),
        ({"ActiveState": "activating", "SubState": "auto-restart-queued"}, {"active": False}),
        ({"ActiveState": "inactive"}, {"active": False}),
        ({"ActiveState": "failed"}, {"active": False}),
        ({"ActiveState": "deactivating"}, {"active": False}),
        ({"NeedDaemonReload": "yes"}, {"definition": "outdated"}),
        ({"MainPID": "68"}, {"started_from": "another definition"}),
        ({"MainPID": "69"}, {"started_from": "D=1"}),
        ({"MainPID": "0"}, {"started_from": "D=1"}),
    ],
)
def test_unit(tmp_path, shown, found):
    for pid, environment in (("67", b"A=\0D=1\0"), ("68", b"XD=1\0D=10\0")):
        (tmp_path / "proc" / pid).mkdir(parents=True)
        (tmp_path / "proc" / pid / "environ").write_bytes(environment)
    output = "".join(f"{name}={value}\n" for name, value in {**SHOWN, "MainPID": "67", **shown}.items())
    host = _host.Host(lambda *command, **options: (0, output, ""), str(tmp_path))
    unit = {"kind": "unit", "name": "ollama.service", "enabled": True, "active": True, "marker": "D=1"}
    assert host.observe([unit])[0].items() >= found.items()


@pytest.mark.parametrize("wanted", [True, False])
def test_a_unit_that_fails_over_and_over_is_never_as_wanted(tmp_path, wanted):
    crashing = {**SHOWN, "ActiveState": "activating", "SubState": "auto-restart", "MainPID": "0"}
    output = "".join(f"{name}={value}\n" for name, value in crashing.items())
    host = _host.Host(lambda *command, **options: (0, output, ""), str(tmp_path))
    unit = {"kind": "unit", "name": "ollama.service", "enabled": True, "active": wanted}
    (difference,) = report([unit], host.observe([unit]), everything=False)["differences"]
    assert difference["fields"] == ["active"]


def test_packages_are_asked_for_together_and_told_apart(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(_host_tools.Tools, "installed", lambda self, names: asked.append(names) or {"zstd"})
    desired = [{"kind": "package", "name": name} for name in ("zstd", "pciutils", "zstd")]
    observed = _host.Host(None, str(tmp_path)).observe(desired)
    assert [found["state"] for found in observed] == ["installed", "absent", "installed"]
    assert asked == [["zstd", "pciutils"]]


def test_release(tmp_path, monkeypatch):
    asked = []
    current = {"id": "0.34.4-c2c2c2c2", "version": "0.34.4", "sha256": "c2" * 32, "complete": True}
    monkeypatch.setattr(_host, "current_release", lambda root: asked.append(root) or current)
    monkeypatch.setattr(_host.platform, "machine", lambda: "aarch64")
    item = {"kind": "release", "root": "/opt/ollama", "version": "0.34.4", "checksums": {}}
    host = _host.Host(None, str(tmp_path))
    assert host.observe([item]) == [{"state": "installed", "machine": "aarch64", **current}]
    assert asked == [f"{tmp_path}/opt/ollama"]
    monkeypatch.setattr(_host, "current_release", lambda root: None)
    assert host.observe([item]) == [{"state": "absent", "machine": "aarch64"}]


def test_record(observe, tmp_path):
    item = {"kind": "record", "path": "/lib/ollama.json", "definition": "d"}
    assert observe(**item)["state"] == "absent"
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/ollama.json").write_bytes(_record.dump(_record.begun(_record.EMPTY, [])))
    assert observe(**item)["state"] == "present"
    (tmp_path / "lib/ollama.json").write_text("{}")
    with pytest.raises(FleetError, match=r"^/lib/ollama\.json is no record of what was made here: move it away"):
        observe(**item)


def test_containers_and_engines(tmp_path):
    shown = '[{"Name": "/a", "State": {"Status": "running"}, "Config": {"Image": "a:1", "Env": []}}]'
    answers = {"container": (0, shown, ""), "version": (0, '{"Version": "26.1.5"}', "")}
    host = _host.Host(lambda command, **options: answers[command[1]], str(tmp_path))
    container = {"kind": "container", "engine": "docker", "name": "a", "image": "a:1", "active": True}
    observed = host.observe([container, {"kind": "engine", "name": "docker", "minimum": "26"}])
    assert [found["state"] for found in observed] == ["running", "running"]
    assert report([container], observed[:1], everything=False)["differences"] == []


def test_port(tmp_path, monkeypatch, accounts):
    seen = []
    monkeypatch.setattr(_host.Listeners, "observe", lambda self, *asked: seen.append(asked) or {"state": "free"})
    asked = []
    monkeypatch.setattr(_host_tools.Tools, "units", lambda self, names, user: asked.append((names, user)) or UNITS[user])
    ports = [{"kind": "port", "unit": name} for name in ("ollama.service", "ollama.socket", "other.service")]
    ports += [{"kind": "port", "unit": "ollama.service", "user": user} for user in ("bob", "gone")]
    units = [{"kind": "unit", "name": name, "enabled": True, "active": True} for name in UNITS[None]]
    units += [{"kind": "unit", "name": "ollama.service", "enabled": True, "active": True, "user": "bob"}]
    observed = _host.Host(None, str(tmp_path), accounts, accounts).observe([*ports, *units])
    assert [found["state"] for found in observed] == ["free"] * 5 + ["loaded", "loaded", "loaded"]
    assert seen == list(zip(ports, ["67", "0", "0", "68", "0"], [None, None, None, ELSEWHERE, None]))
    assert asked == [(["ollama.service", "ollama.socket"], None), (["ollama.service"], "bob")]


def random_tree(dice):
    """Up to 20 desired things below /, without contradictions: every path once, parents before children."""
    desired, parents = [], [""]
    for number in range(dice.randrange(1, 20)):
        path = f"{dice.choice(parents)}/{dice.choice(['a', 'ü', ' b', 'c.d'])}{number}"
        owned = {"mode": f"{dice.randrange(0o10000) | 0o700:04o}", "owner": "alice", "group": "staff"}
        text = "".join(dice.choices("aü€\n\t'\\ ", k=dice.randrange(30)))
        item = dice.choice(
            [
                {"kind": "directory", "path": path, **owned},
                {"kind": "file", "path": path, "content": text, **owned},
                {"kind": "link", "path": path, "target": dice.choice([".", "/nowhere", "../ü x"])},
                {"kind": "absent", "path": path},
            ]
        )
        if item["kind"] == "directory":
            parents.append(path)
        desired.append(item)
    return desired


def apply(desired, root):
    """Make what is desired; what is there already gives way."""
    for item in desired:
        path = root / item["path"].lstrip("/")
        if item["kind"] == "directory":
            path.mkdir(exist_ok=True)
        elif item["kind"] == "file":
            path.write_bytes(item["content"].encode())
        elif item["kind"] == "link":
            path.symlink_to(item["target"])
        if "mode" in item:
            path.chmod(int(item["mode"], 8))


@pytest.mark.parametrize("seed", range(40))
def test_what_was_applied_does_not_differ_and_what_was_taken_away_does(tmp_path, accounts, seed):
    dice = random.Random(seed)
    desired = random_tree(dice)
    check_desired(desired)
    host = _host.Host(None, str(tmp_path), accounts, accounts)

    def differing():
        return [difference["name"] for difference in report(desired, host.observe(desired), False)["differences"]]

    made = [item["path"] for item in desired if item["kind"] != "absent"]
    assert differing() == made
    apply(desired, tmp_path)
    assert differing() == []
    for path in tmp_path.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    assert differing() == made
