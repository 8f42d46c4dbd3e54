# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import threading
import time

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _progress_file
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._progress_file import NAME, told_in

PULLING = {"status": "pulling manifest"}
MOST = 10  # seconds that a test waits for a thread


@pytest.fixture
def place(tmp_path):
    return tmp_path / "progress"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_progress_file, "EVERY", 0.01)


def until(seen):
    """Wait for something to be there, and return it."""
    deadline = time.monotonic() + MOST
    while time.monotonic() < deadline:
        found = seen()
        if found:
            return found
        time.sleep(0.005)
    pytest.fail("not seen")


def taken(place):
    """What a reader takes away."""
    until((place / NAME).exists)
    text = (place / NAME).read_text()
    (place / NAME).unlink()
    return text


def test_the_lines_are_there_while_pulls_last(place):
    with told_in(str(place)) as tell:
        tell("m:1", PULLING)
        assert taken(place) == "m:1: pulling manifest\n"
        assert place.stat().st_mode & 0o777 == 0o700
        tell("m:2", PULLING)
        until(lambda: taken(place) == "m:1: pulling manifest\nm:2: pulling manifest\n")
    assert not place.exists()


def test_they_come_again_while_the_server_is_silent(place):
    with told_in(str(place)) as tell:
        tell("m:1", PULLING)
        assert [taken(place) for _time in range(3)] == ["m:1: pulling manifest\n"] * 3


def test_they_are_gone_when_the_pulls_fail(place):
    with pytest.raises(KeyError), told_in(str(place)) as tell:
        tell("m:1", PULLING)
        taken(place)
        raise KeyError
    assert not place.exists()


def test_nothing_is_made_for_nothing(place):
    with told_in(str(place)):
        pass
    with told_in(None) as tell:
        tell("m:1", PULLING)
    assert not place.exists()


def test_a_reader_that_stays_away_ends_the_pulls(place, monkeypatch):
    monkeypatch.setattr(_progress_file, "PATIENCE", 0.05)

    def pull():
        with told_in(str(place)) as tell:
            tell("m:1", PULLING)
            taken(place)
            until(lambda: tell("m:1", PULLING))

    with pytest.raises(FleetError, match="the run that asked for the models is gone; what has arrived is kept"):
        pull()
    assert not place.exists()


def test_a_reader_that_never_came_may_be_unable_to(place, monkeypatch):
    monkeypatch.setattr(_progress_file, "PATIENCE", 0)
    with told_in(str(place)) as tell:
        tell("m:1", PULLING)
        until((place / NAME).exists)
        written = (place / NAME).stat().st_mtime_ns
        until(lambda: (place / NAME).stat().st_mtime_ns != written)
        tell("m:1", PULLING)


def test_a_place_that_somebody_else_has_made_is_left_alone(place):
    place.mkdir()
    with told_in(str(place)) as tell:
        tell("m:1", PULLING)
    assert list(place.iterdir()) == []


def test_what_cannot_be_written_ends_nothing(place):
    with told_in(str(place)) as tell:
        tell("m:1", PULLING)
        until(place.exists)
        until(lambda: shutil.rmtree(place, ignore_errors=True) or threading.active_count() == 1)
        tell("m:1", PULLING)
    assert not place.exists()
