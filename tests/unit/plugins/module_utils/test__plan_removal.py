# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._plan_removal import removal

UNIT = {"kind": "unit", "name": "ollama.service", "method": "systemd"}
USER = {"kind": "user", "name": "ollama", "group": "ollama"}
MADE = [USER, {"kind": "directory", "path": "/h"}, {"kind": "directory", "path": "/etc/ollama"},
        {"kind": "file", "path": "/etc/ollama/default.env"}, {"kind": "release", "path": "/opt/ollama"}, UNIT]

RELEASE = [f"/opt/ollama/{name}" for name in ("releases", "downloads", "current", "previous", "proven", ".lock")]


def test_programs_and_settings_go_and_models_stay():
    found = removal({"made": MADE}, "/h/models", "/h")
    assert found["paths"] == ["/etc/ollama/default.env", *RELEASE]
    assert (found["running"], found["accounts"]) == ([UNIT], [])
    assert found["plan"][0] == {"kind": "absent", "path": "/etc/ollama/default.env"}


def test_models_go_with_the_account_when_asked_for():
    found = removal({"made": MADE}, "/h/models", "/h", models_too=True)
    assert found["paths"][7:] == ["/h/models/blobs", "/h/models/manifests", "/h"]
    assert found["accounts"] == [USER]


def test_an_account_and_a_home_that_were_there_before_stay():
    found = removal({"made": [UNIT]}, "/h/models", "/h", models_too=True)
    assert found["paths"] == ["/h/models/blobs", "/h/models/manifests"]
    assert found["accounts"] == []


def test_a_host_without_a_record_has_nothing_to_remove():
    assert removal({"state": "absent"}, "/m", "/h")["paths"] == []
