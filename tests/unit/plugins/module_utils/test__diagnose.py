# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _diagnose
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen, finding
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

HOST = SimpleNamespace(name="")
A, B = (SimpleNamespace(name=name, running=True, trouble=None) for name in "ab")
DEAD = SimpleNamespace(name="d", running=False, trouble="does not run")
LOOPING = SimpleNamespace(name="l", running=True, trouble="is started again and again")


def sick(look):
    yield finding(f"s{look.name}", "c", "u")


def blind(look):
    yield from sick(look)
    raise Unseen("too dark")


@pytest.fixture(autouse=True)
def checks(monkeypatch):
    monkeypatch.setattr(_diagnose, "OF_THE_HOST", {"house": sick})
    monkeypatch.setattr(_diagnose, "OF_AN_INSTANCE", {"well": lambda look: [], "sick": sick, "blind": blind})
    monkeypatch.setattr(_diagnose, "NAMES", ("house", "well", "sick", "blind"))


def test_every_check_looks_at_what_it_is_about_in_the_order_of_the_table():
    found = _diagnose.diagnose(HOST, [A, B], ["sick", "well", "house"])
    assert [(each["check"], each["instance"], each["symptom"]) for each in found["findings"]] == [
        ("house", "", "s"), ("sick", "a", "sa"), ("sick", "b", "sb")]
    assert found["unseen"] == []


def test_what_could_not_be_looked_at_is_told_beside_what_was_found_before():
    found = _diagnose.diagnose(HOST, [A], ["blind"])
    assert [each["symptom"] for each in found["findings"]] == ["sa"]
    assert found["unseen"] == [{"check": "blind", "instance": "a", "reason": "too dark"}]


def test_of_a_server_in_trouble_only_that_is_told(monkeypatch):
    monkeypatch.setitem(_diagnose.OF_AN_INSTANCE, "service", sick)
    monkeypatch.setattr(_diagnose, "NAMES", ("house", "service", "sick"))
    found = _diagnose.diagnose(HOST, [DEAD, LOOPING, A], ["house", "service", "sick"])
    assert [each["symptom"] for each in found["findings"]] == ["s", "sd", "sl", "sa", "sa"]
    assert found["unseen"] == [{"check": "sick", "instance": name, "reason": "it does not run"} for name in "dl"]


def test_findings_are_an_error_of_one_line_that_carries_them():
    found = _diagnose.diagnose(HOST, [A], ["house", "sick"])
    with pytest.raises(FleetError) as error:
        _diagnose.summary(found, fail=True)
    assert str(error.value) == "s: c; u | a: sa: c; u"
    assert error.value.facts == _diagnose.summary(found, fail=False) == {
        "changed": False, **found, "lines": ["s: c; u", "a: sa: c; u"]}
    nothing = {"findings": [], "unseen": []}
    assert _diagnose.summary(nothing, fail=True) == {"changed": False, **nothing, "lines": []}


@pytest.mark.parametrize(("instances", "method", "problem"), [
    ([], "systemd", "instances is empty"),
    ([{"unit": "ollama.service"}], "systemd", r"instances\[0\] has no name, which method systemd needs"),
    ([{"name": "a", "unit": "a.service"}, {"name": "b"}], "systemd", r"instances\[1\] has no unit"),
    ([{"name": "a", "unit": "a.service"}], "docker", "no container, which method docker needs"),
    ([{"name": "a", "unit": "a.service"}], "podman", "no container"),
    ([{"name": "a", "log": 3}], "launchd", "no log, which method launchd needs; it has 3"),
])
def test_instances_that_cannot_be_looked_at_are_refused(instances, method, problem):
    with pytest.raises(FleetError, match=problem):
        _diagnose.check_instances(instances, method)


def test_instances_need_no_more_than_that():
    _diagnose.check_instances([{"name": "a", "unit": "a.service"}], "systemd")
    _diagnose.check_instances([{"name": "a", "container": "a", "more": 1}], "docker")
