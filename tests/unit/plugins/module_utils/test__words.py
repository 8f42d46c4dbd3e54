# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._words import did_you_mean, has_credentials, nearest, shown, text, truth

SHOWN = [
    (True, "", "true"),
    (False, "", "false"),
    (None, "", "nothing"),
    (5, "", "5"),
    (1.5, "", "1.5"),
    (10**20, "", "a number of more than 20 digits"),
    (-(10**5000), "", "a number of more than 20 digits"),
    ("a b", "", "'a b'"),
    ("a\nb\x00\u2028\ud800", "", "'a\\x0ab\\x00\\x2028\\xd800'"),
    ("x" * 61, "", "'" + "x" * 60 + "...'"),
    ("https://user:secret@host/path", "", "'https://***@host/path'"),
    ("https://secret@host", "", "'https://***@host'"),
    ("hunter2", "MY_API_KEY", "'***'"),
    ("hunter2", "db_password", "'***'"),
    (["hunter2"], "tokens", "['***']"),
    ([1, "a", [2]], "", "[1, 'a', a list]"),
    (list(range(100)), "", "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1..."),
    ({"a": 1}, "", "a dictionary"),
    (b"bytes", "", "a bytes"),
]


@pytest.mark.parametrize("value, name, words", SHOWN, ids=range(len(SHOWN)))
def test_a_value_is_shown_short_and_without_secrets(value, name, words):
    assert shown(value, name) == words


@pytest.mark.parametrize("url, answer", [("http://a:b@c", True), ("http://a@c", True), ("http://c/x@y", False)])
def test_credentials_are_seen_in_the_host_part_only(url, answer):
    assert has_credentials(url) is answer


def test_the_nearest_name_is_offered_only_when_it_is_near():
    assert nearest("num_paralel", ["num_parallel", "max_queue"]) == "num_parallel"
    assert nearest("xyzzy", ["num_parallel", "max_queue"]) is None
    assert did_you_mean("num_paralel", ["num_parallel"]) == "; did you mean num_parallel?"
    assert did_you_mean("xyzzy", ["num_parallel"]) == ""


@pytest.mark.parametrize(("value", "means"), [
    (True, True), ("yes", True), ("True", True), (1, True), (False, False), ("no", False), ("OFF", False), (0, False),
    ("ja", None), (2, None), (None, None), ([], None), ("", None),
])
def test_what_ansible_takes_for_true_or_false(value, means):
    assert truth(value) is means


@pytest.mark.parametrize(("value", "written"), [("x", "x"), (580, "580"), (1.5, "1.5"), (-1, "-1"), (10**9, ""), (None, ""), ([1], "")])
def test_a_number_reads_as_it_was_written(value, written):
    assert text(value) == written
