# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import plistlib
import re

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _drift_shown

FILE = {"kind": "file", "path": "/etc/ollama/a.env"}
WANTED = {"state": "file", "content": "A=ü\n".encode(), "mode": "0640", "owner": "root"}


def shown(**found):
    """The entries for the file, found as wanted but for this."""
    observed = {**WANTED, **found}
    return list(_drift_shown.entries(FILE, observed, WANTED, [name for name in found if found[name] != WANTED[name]]))


def test_content_is_text_under_the_path():
    assert shown(content=b"B=1\n") == [
        {"before_header": FILE["path"], "after_header": FILE["path"], "before": "B=1\n", "after": "A=ü\n"}
    ]


def test_other_fields_come_first():
    attributes, content = shown(content=b"B=1\n", mode="0600", owner="ollama")
    assert attributes == {
        "before_header": "file /etc/ollama/a.env",
        "after_header": "file /etc/ollama/a.env",
        "before": "mode: 0600\nowner: ollama\n",
        "after": "mode: 0640\nowner: root\n",
    }
    assert content["before"] == "B=1\n"


def test_content_that_is_as_wanted_is_not_shown():
    assert [entry["before"] for entry in shown(mode="0600")] == ["mode: 0600\n"]


@pytest.mark.parametrize(
    ("state", "before", "after"),
    [
        ("absent", "", "state: file\nmode: 0640\nowner: root\n"),
        ("directory", "state: directory\n", "state: file\n"),
    ],
)
def test_where_there_is_no_file_its_content_is_shown_as_new(state, before, after):
    attributes, content = _drift_shown.entries(FILE, {"state": state}, WANTED, ["state"])
    assert (attributes["before"], attributes["after"]) == (before, after)
    assert (content["before"], content["after"]) == ("", "A=ü\n")


@pytest.mark.parametrize("before", [b"\xff\xfe", b"text\0", b"x" * 100_001])
def test_what_is_no_text_or_too_long_is_size_and_digest(before):
    (entry,) = shown(content=before)
    assert entry["before"] == f"{len(before)} bytes, sha256 {hashlib.sha256(before).hexdigest()}\n"
    assert entry["after"] == f"5 bytes, sha256 {hashlib.sha256(WANTED['content']).hexdigest()}\n"


def hidden(value):
    return f"<hidden, sha256 {hashlib.sha256(value.encode()).hexdigest()[:8]}>"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN=", "abc"),
        ("HF_TOKEN=", "abc"),
        ("API_KEY=", "a=b"),
        ("AWS_SECRET_ACCESS_KEY=", "abc"),
        ("KEY_ID=", "abc"),
        ("db_password=", "'a b'"),
        ("ROOT_PASSWD=", "ü\r"),
        ("  export A_SECRET=", "abc"),
        ("#TOKEN=", "abc"),
        ("TOKEN =", " abc"),
        ("Environment=", '"A=1" "API_KEY=abc"'),
        ("ExecStart=", "/bin/x --api-key=abc"),
        ("HTTPS_PROXY=", "http://user:word@proxy:3128"),
        ("HTTPS_PROXY=", '"http://user:word@proxy:3128/"'),
    ],
)
def test_secrets_are_hidden(name, value):
    (entry,) = shown(content=f"A=1\n{name}{value}\nB=2".encode())
    assert entry["before"] == f"A=1\n{name}{hidden(value)}\nB=2"


@pytest.mark.parametrize(
    "line",
    [
        "OLLAMA_KEEP_ALIVE=5m",
        "KEYBOARD=de",
        "MONKEY=1",
        "TOKENS=1",
        "OLLAMA_HOST=http://127.0.0.1:11434",
        "TOKEN=",
        "[Service]",
        "# the token",
    ],
)
def test_what_is_no_secret_is_shown(line):
    (entry,) = shown(content=f"{line}\n".encode())
    assert entry["before"] == f"{line}\n"


def test_another_secret_is_seen_to_be_another():
    wanted = {**WANTED, "content": b"TOKEN=new\n"}
    (entry,) = _drift_shown.entries(FILE, {**WANTED, "content": b"TOKEN=old\n"}, wanted, ["content"])
    assert (entry["before"], entry["after"]) == (f"TOKEN={hidden('old')}\n", f"TOKEN={hidden('new')}\n")


def test_digests_of_definitions_are_not_shown():
    wanted = {**WANTED, "content": b"A=2\nBARELLAMA_DEFINITION=new\n"}
    (entry,) = _drift_shown.entries(FILE, {**WANTED, "content": b"A=1\nBARELLAMA_DEFINITION=old\n"}, wanted, ["content"])
    assert (entry["before"], entry["after"]) == ("A=1\n", "A=2\n")
    same = {**WANTED, "content": b"A=2\nBARELLAMA_DEFINITION=old\n"}
    assert list(_drift_shown.entries(FILE, same, wanted, ["content"])) == []

    found, wanted = {"state": "loaded", "started_from": "another definition"}, {"started_from": "BARELLAMA_DEFINITION=new"}
    (entry,) = _drift_shown.entries({"kind": "unit", "name": "a.service"}, found, wanted, ["started_from"])
    assert (entry["before"], entry["after"]) == ("started_from: another definition\n", "started_from: this definition\n")

    record = {"kind": "record", "path": "/r"}
    assert list(_drift_shown.entries(record, {"state": "present", "definition": "old"}, {"definition": "new"}, ["definition"])) == []


def test_digests_in_a_property_list_are_not_shown():
    before, after = (plistlib.dumps({"E": {"BARELLAMA_DEFINITION": digest, "OLLAMA_HOST": "::1"}}) for digest in ("old", "new"))
    item = {"kind": "file", "path": "/a.plist"}
    assert list(_drift_shown.entries(item, {"state": "file", "content": before}, {"content": after}, ["content"])) == []
    (entry,) = _drift_shown.entries(item, {"state": "file", "content": b""}, {"content": after}, ["content"])
    assert plistlib.loads(entry["after"].encode()) == {"E": {"OLLAMA_HOST": "::1"}}


def test_longest_text_that_is_shown():
    (entry,) = shown(content=b"x" * 100_000)
    assert entry["before"] == "x" * 100_000


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "unknown"),
        (True, "true"),
        (False, "false"),
        (["render", "video"], "render, video"),
        ([], "none"),
        ({"rocm": "c2"}, "rocm"),
        ({}, "none"),
        ("0640", "0640"),
    ],
)
def test_word(value, words):
    assert _drift_shown.word(value) == words


@pytest.mark.parametrize(("content", "text"), [(b"", ""), ("ü\r\n".encode(), "ü\r\n"), (b"\xff", None), (b"a\0", None)])
def test_as_text(content, text):
    assert _drift_shown.as_text(content) == text


def test_secrets_of_a_property_list_are_hidden_too():
    variables = {"API_TOKEN": "abc", "HTTPS_PROXY": "http://me:abc@proxy:3128", "OLLAMA_HOST": "127.0.0.1", "EMPTY_KEY": ""}
    content = plistlib.dumps({"EnvironmentVariables": variables, "Label": "a"})
    item = {"kind": "file", "path": "/a.plist", "content": content.decode()}
    (_fields, entry) = _drift_shown.entries(item, {"state": "absent"}, {"state": "file", "content": content}, ["state"])
    hidden = plistlib.loads(re.sub("<hidden, ([^>]*)>", r"\1", entry["after"]).encode())
    digest = hashlib.sha256(b"abc").hexdigest()[:8]
    assert hidden["EnvironmentVariables"]["API_TOKEN"] == f"sha256 {digest}"
    assert "me:abc" not in entry["after"] and "abc" not in entry["after"].replace(digest, "")
    assert hidden["EnvironmentVariables"]["OLLAMA_HOST"] == "127.0.0.1"
