# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _diagnose_record as checks
from ansible_collections.barellama.fleet.plugins.module_utils._record import EMPTY

UNIT = "/etc/systemd/system/ollama.service"
PROVEN = {"definition": "ab", "method": "systemd", "version": "0.34.4", "served": [], "made": [], "files": {UNIT: {}}}
ADOPTED = {**PROVEN, "definition": "adopted"}
WHOLE = {"id": "0.34.4-12345678", "damaged": []}


def host(record=None, trouble=None, missing=(), root="/opt/ollama", release=WHOLE):
    return SimpleNamespace(record={**EMPTY, **(record or {})}, record_trouble=trouble, missing_files=list(missing),
                           release_root=root, release=release)


@pytest.mark.parametrize("record", [{}, {"proven": PROVEN}, {"proven": PROVEN, "failed": {"0.34.5": {"reason": "x"}}}])
def test_a_run_that_came_to_its_end_is_not_told(record):
    assert [*checks.record(host(record)), *checks.release(host(record))] == []


@pytest.mark.parametrize(("record", "symptom", "cure"), [
    ({"begun": True, "proven": PROVEN}, "a run was cut off", "run site.yml again"),
    ({"begun": True, "proven": ADOPTED}, "a run was cut off", "run adopt.yml again"),
    ({"begun": True}, "the first run did not come to its end", "run site.yml again"),
])
def test_a_run_that_was_cut_off_is_told_alone(record, symptom, cure):
    (found,) = checks.record(host(record, missing=[UNIT]))
    assert found["symptom"] == symptom and found["cure"].startswith(cure)


def test_a_file_that_is_gone_is_told():
    (found,) = checks.record(host({"proven": PROVEN}, missing=[UNIT]))
    assert found["symptom"] == f"{UNIT} is not there" and "run site.yml" in found["cure"]


def test_a_record_that_cannot_be_read_is_told():
    (found,) = checks.record(host(trouble="/x is no record"))
    assert found["cause"] == "/x is no record"


@pytest.mark.parametrize(("release", "symptom", "cause"), [
    (None, "/opt/ollama/current leads to no release", "somebody removed it"),
    ({**WHOLE, "damaged": ["lib/a"]}, "the release 0.34.4-12345678 is incomplete", "missing or changed: lib/a"),
    ({**WHOLE, "damaged": list("abcd")}, "the release 0.34.4-12345678 is incomplete", "missing or changed: a, b, c, more"),
])
def test_an_incomplete_release_is_told(release, symptom, cause):
    (found,) = checks.release(host({"proven": PROVEN}, release=release))
    assert (found["symptom"], found["cause"], found["cure"][-12:]) == (symptom, cause, "run site.yml")


def test_a_host_without_releases_has_none_to_miss():
    assert list(checks.release(host(root=None, release=None))) == []


@pytest.mark.parametrize(("record", "cause"), [
    ({"proven": PROVEN, "failed": {"0.34.5": {"reason": "no answer"}}}, "the last upgrade to 0.34.5 failed (no answer); 0.34.4 serves"),
    ({"proven": PROVEN, "begun": True}, "a run was cut off before 0.34.5 served"),
    ({"proven": PROVEN}, "site.yml was not run to its end since ollama_version is 0.34.5"),
])
def test_the_record_tells_why_another_version_serves(record, cause):
    assert checks.why_not({**EMPTY, **record}, "0.34.5", "0.34.4")[0] == cause


def test_a_record_that_does_not_know_the_version_tells_nothing():
    assert checks.why_not(EMPTY, "0.34.5", "0.30.1") is None
    assert checks.why_not({**EMPTY, "proven": PROVEN}, "0.34.4", "0.30.1") is None
