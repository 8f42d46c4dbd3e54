# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._plan_removal import removal

UNIT = {"kind": "unit", "name": "ollama.service", "method": "systemd"}
USER = {"kind": "user", "name": "ollama", "group": "ollama"}
HOME, STATE, STORE, DISK = ({"kind": "directory", "path": path, "kept": True}
                            for path in ("/h", "/h/.ollama", "/h/.ollama/models", "/disk/models"))
IMAGE = {"kind": "image", "name": "i:1", "engine": "docker"}
VOLUME = {"kind": "volume", "name": "v", "engine": "docker"}
MADE = [USER, HOME, STATE, STORE, {"kind": "directory", "path": "/etc/ollama"}, {"kind": "link", "path": "/bin/ollama"},
        {"kind": "file", "path": "/etc/ollama/default.env"}, {"kind": "release", "path": "/opt/ollama"}, UNIT]

RELEASE = [f"/opt/ollama/{name}" for name in ("releases", "downloads", "current", "previous", "proven", ".lock")]
PROGRAMS = ["/bin/ollama", "/etc/ollama/default.env", *RELEASE]


def removed(made, models_dir=STORE["path"], volume="", models_too=False):
    return removal({"made": made}, models_dir, volume, models_too)


def test_programs_and_settings_go_and_models_stay_on_record():
    found = removed(MADE)
    assert found["paths"] == PROGRAMS
    assert (found["running"], found["accounts"], found["discard"]) == ([UNIT], [], [])
    assert found["kept"] == [USER, HOME, STATE, STORE]
    assert found["plan"][0] == {"kind": "absent", "path": "/bin/ollama"}
    assert found["goes"] == [
        "To be stopped and removed: ollama.service",
        "To be removed: /bin/ollama, /etc/ollama/default.env, all releases in /opt/ollama",
        "To be removed if nothing else is in them: /etc/ollama"]
    assert found["stays"] == ["Models stay in /h, and the account ollama; "
                              "ollama_remove_models: true removes them, now or later."]


def test_models_go_with_the_account_when_asked_for():
    found = removed(MADE, models_too=True)
    assert found["paths"] == [*PROGRAMS, "/h"]
    assert (found["accounts"], found["kept"], found["stays"]) == ([USER], [], [])
    assert found["goes"][3:] == ["To be removed with all models: /h", "Accounts to be removed: ollama"]


def test_models_that_an_earlier_removal_kept_go_when_asked_for():
    left = removed([*MADE, DISK, VOLUME], DISK["path"])["kept"]
    assert removed(left, DISK["path"])["goes"] == []
    found = removed(left, DISK["path"], models_too=True)
    assert (found["paths"], found["accounts"], found["discard"], found["kept"]) == (["/h", "/disk/models"], [USER], [VOLUME], [])


def test_an_account_and_a_store_that_were_there_before_stay_whatever_is_asked():
    for models_too in (False, True):
        found = removed([UNIT], models_too=models_too)
        assert (found["paths"], found["accounts"], found["kept"]) == ([], [], [])
        assert found["stays"] == ["Models that are in /h/.ollama/models stay in any case: "
                                  "it was there before this role came, so remove it by hand."]


def test_a_home_of_ours_goes_and_a_store_of_others_elsewhere_stays():
    found = removed(MADE, "/data/models", models_too=True)
    assert found["paths"][-1] == "/h" and "/data/models" in found["stays"][0]


def test_a_store_that_was_moved_is_not_forgotten():
    inside, outside = [*MADE, DISK], [DISK, {**DISK, "path": "/new/models"}, UNIT]
    for made, store, named in ((inside, DISK["path"], "/h, /disk/models"), (outside, "/new/models", "/disk/models, /new/models")):
        found = removed(made, store)
        assert found["stays"][0].startswith(f"Models stay in {named}")
        assert DISK in found["kept"] and DISK["path"] not in found["paths"]
        assert f"To be removed with all models: {named}" in removed(made, store, models_too=True)["goes"]
        assert set(named.split(", ")) <= set(removed(made, store, models_too=True)["paths"])


def test_the_account_is_named_that_a_store_of_others_keeps():
    found = removed([USER, UNIT], "/data/models")
    assert found["stays"][0] == ("The account ollama stays, as models that stay may be its files; "
                                 "ollama_remove_models: true removes it, now or later.")
    assert found["kept"] == [USER] and "/data/models stay in any case" in found["stays"][1]
    assert "account" not in removed([USER, UNIT], "/data/models", models_too=True)["stays"][0]


def test_images_of_ours_go_whatever_is_asked():
    for models_too in (False, True):
        found = removed([UNIT, IMAGE], models_too=models_too)
        assert (found["discard"], found["kept"]) == ([IMAGE], [])
        assert "To be removed: image i:1 of docker" in found["goes"]


def test_a_volume_of_ours_goes_when_asked_for():
    found = removed([UNIT, VOLUME], volume="v")
    assert (found["discard"], found["kept"]) == ([], [VOLUME])
    assert found["stays"] == ["Models stay in volume v of docker; ollama_remove_models: true removes them, now or later."]
    found = removed([UNIT, VOLUME], volume="v", models_too=True)
    assert (found["discard"], found["kept"], found["stays"]) == ([VOLUME], [], [])
    assert "To be removed with all models: volume v of docker" in found["goes"]


def test_a_volume_of_others_stays():
    found = removed([UNIT, {**VOLUME, "name": "w"}], volume="v", models_too=True)
    assert found["stays"] == ["Models that are in the volume v stay in any case: "
                              "it was there before this role came, so remove it by hand."]


def test_a_host_without_a_record_has_nothing_to_remove():
    found = removal({"state": "absent"}, "/m", models_too=True)
    assert (found["paths"], found["goes"]) == ([], [])
    assert found["stays"] == ["Nothing on this host is on record as made by this role, so nothing is removed."]
