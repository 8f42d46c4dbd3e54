# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._plan_told import AGAIN, told

INSTANCE = {"name": "a", "unit": "ollama-a.service", "container": "ollama-a", "label": "x.a", "env_file": "/etc/ollama/a.env"}
FORMER = {"method": "systemd", "version": "0.34.4"}


OTHER_ENV = {"before_header": INSTANCE["env_file"], "after_header": INSTANCE["env_file"], "before": "A=1", "after": "A=2"}


def differs(kind, *fields):
    return {"kind": kind, "name": "n", "fields": list(fields)}


def said(*differences, diff=(), roll=(INSTANCE,), retire=(), sweep=(), surplus=(), former=FORMER, method="systemd", version="0.34.4",
         **apply):
    plan = {"retire": list(retire), "sweep": list(sweep), "surplus": surplus, "roll": list(roll), "former": former}
    return told(plan, {"differences": list(differences), "apply": apply, "diff": list(diff)}, method, version)


def unit(**found):
    return [{"kind": "unit", "name": INSTANCE["unit"], "found": {"state": "loaded", "active": True, **found}}]


@pytest.mark.parametrize("line, given", [
    ("restarted: ollama-a (settings)", {"diff": [OTHER_ENV], "unit": unit()}),
    ("restarted: ollama-a (definition)", {"unit": unit()}),
    ("restarted: ollama-a (version 0.34.5, was 0.34.4)", {"version": "0.34.5", "unit": unit()}),
    ("restarted: ollama-a (version 0.34.5, was 0.34.4, settings)", {"version": "0.34.5", "diff": [OTHER_ENV]}),
    ("started: ollama-a (new)", {"former": None, "unit": unit(state="absent", active=False)}),
    ("started: ollama-a (does not run)", {"unit": unit(active=False)}),
    ("started: ollama-a (does not run)", {"container": [{"kind": "container", "name": "ollama-a", "found": {"state": "exited"}}]}),
    ("started: ollama-a (method podman, was systemd)",
     {"method": "podman", "container": [{"kind": "container", "name": "ollama-a", "found": {"state": "absent"}}]}),
])
def test_every_instance_that_is_rolled_is_named_with_the_reason(line, given):
    assert said(differs("unit", "started_from"), **given) == [f"To be {line}"]


@pytest.mark.parametrize("field, reason", [("complete", "files of its release"), ("proven", "release not proven")])
def test_a_release_that_is_damaged_or_was_mended_is_a_reason(field, reason):
    assert said(differs("release", field), unit=unit()) == [f"To be restarted: ollama-a ({reason})"]


def test_what_goes_is_told_first():
    old, image = {"kind": "unit", "name": "old.service"}, {"kind": "image", "name": "i:1", "engine": "docker"}
    assert said(differs("unit", "started_from"), retire=[old], sweep=["/etc/old.env"], surplus=[image]) == [
        "To be stopped and removed: old.service, /etc/old.env, image i:1 of docker", "To be restarted: ollama-a (definition)"]


def test_nothing_is_told_where_nothing_stops_or_starts():
    assert said(differs("file", "mode"), differs("record", "definition"), roll=()) == []
    assert said(roll=()) == []


def test_where_the_record_alone_differs_that_is_told():
    assert said(differs("record", "definition"), roll=()) == [AGAIN]
