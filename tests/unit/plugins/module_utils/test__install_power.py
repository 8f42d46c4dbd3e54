# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random runs that end at a random step, by a kill or for want of power, in a model of the file system."""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _archive, _durable, _mend
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release import linked_release
from ansible_collections.barellama.fleet.plugins.module_utils._release_record import damage, members, read_record
from ansible_collections.barellama.fleet.plugins.module_utils._release_root import look
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.disk_model import recorded
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.release_bed import Bed

SEED = int(os.environ.get("KILL_POINTS_SEED", "20261121"))
COUNT = int(os.environ.get("KILL_POINTS", "1000"))
LINKS = ("current", "previous", "proven")


class Story:
    """Runs of ollama_release, one after the other on one root, each noted step by step."""

    def __init__(self, folder, dice, runs):
        self.bed = Bed(folder)
        self.bed.root.mkdir(parents=True)
        self._dice = dice
        self.releases = [self.bed.archive(version, size=300) for version in ("0.1.0", "0.2.0", "0.3.0")]
        self.releases += [self.bed.overlay(self.releases[0], "rocm"), self.bed.archive("0.2.0", size=301)]
        self.runs = []
        while len(self.runs) < runs:
            self._go_on()

    def _go_on(self):
        action = self._choose()
        before = state(self.bed)
        with recorded(str(self.bed.root)) as recording:
            try:
                action(self.bed)
            except FleetError:
                return  # nothing to roll back to, or to call proven
        if recording.steps:
            self.runs.append((action, before, state(self.bed), recording))

    def _choose(self):
        """What to do next, as a function of the Bed to do it in."""
        release, current = self._dice.choice(self.releases), self.bed.links()[0]
        if current and self._dice.random() < 0.2:
            harm(self.bed, self._dice)
            damaged = next(each for each in self.releases if each.id == current)
            return partial(Bed.run, release=damaged, verify=True)
        install, stage = partial(Bed.run, release=release), partial(Bed.run, release=release, state="staged")
        return self._dice.choice([install, install, stage, Bed.prove, Bed.roll_back])


def harm(bed, dice):
    """Damage some of the files of the current release, and put another one beside them."""
    home = bed.root / "current"
    for path in sorted(members(home)):
        if dice.random() < 0.5:
            (home / path).unlink()
            (home / path).write_bytes(b"damaged")
    (home / "lib" / "extra.so").write_bytes(b"extra")


def state(bed):
    """For each link: the id that it leads to and what is damaged there, or None."""
    found = {link: linked_release(str(bed.root), link) for link in LINKS}
    damaged = {release["id"]: damaged_in(bed, release) for release in found.values() if release}
    return {link: release and (release["id"], damaged[release["id"]]) for link, release in found.items()}


def damaged_in(bed, release):
    path = str(bed.root / "releases" / release["id"])
    record = read_record(path)
    return damage(path, record) if record else release["damaged"]


@pytest.fixture
def folder(tmp_path):
    """In memory where that is possible: a thousand roots take their time on a disk."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or os.statvfs(memory).f_flag & os.ST_NOEXEC:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as path:
        yield Path(path)


def end_at_random(story, folder):
    """End a run at a step, COUNT times, and do it again; returns how many ended in which way."""
    ends = Counter()
    for number in range(COUNT):
        dice = random.Random(f"{SEED} {number}")
        action, before, after, recording = dice.choice(story.runs)
        end, power = dice.randrange(len(recording.steps) + 1), dice.random() < 0.6
        disk = recording.without_power(end, dice) if power else recording.killed(end, dice)
        bed = Bed(story.bed.folder)
        bed.root = folder / str(number)
        bed.root.mkdir()
        disk.lay_out(str(bed.root))
        where = f"end {number}: {'power lost' if power else 'killed'} after step {end} of {len(recording.steps)}"
        found = state(bed)
        for link, now in found.items():
            assert is_sound(now, before[link], after[link]), f"{link} {now}, {where}"
        assert found["proven"] in (before["proven"], after["proven"]), f"mended, and still proven, {where}"
        action(bed)
        assert state(bed) == after, where
        seen = look(str(bed.root))
        assert not seen.leftovers and not seen.partials, where
        assert not action(bed)["changed"], where
        _durable.remove(str(bed.root))
        ends["lost power" if power else "killed"] += 1
    return ends


def is_sound(now, before, after):
    """Whether a link leads to what it shall lead to, or to what it led to before and that is no worse than it was."""
    if now and before and now[0] == before[0]:
        return set(now[1]) <= set(before[1])
    return now in (before, after)


def test_whatever_ends_a_run_current_is_whole_and_the_next_run_repairs(folder, monkeypatch, capsys):
    story = Story(folder / "story", random.Random(SEED), 40)
    monkeypatch.setattr(os, "fsync", nothing)
    ends = end_at_random(story, folder)
    steps = sum(len(recording.steps) for *_run, recording in story.runs)
    told = ", ".join(f"{many} {sort}" for sort, many in sorted(ends.items()))
    with capsys.disabled():
        print(f"\n{sum(ends.values())} kill points passed ({told}) in {len(story.runs)} runs of {steps} steps, seed {SEED}")
    assert sum(ends.values()) == COUNT


def nothing(*_arguments):
    pass


@pytest.mark.parametrize("fault", ["files not flushed", "directories not flushed", "removed before it is replaced"])
def test_the_model_finds_it_when(fault, folder, monkeypatch):
    """What the test above would say if the code were careless."""
    with monkeypatch.context() as careless:
        if fault == "files not flushed":
            careless.setattr(_archive, "flush", nothing)
        elif fault == "directories not flushed":
            careless.setattr(_durable, "flush_directory", nothing)
            careless.setattr(_archive, "flush_directory", nothing)
            careless.setattr(_mend.durable, "flush_directory", nothing)
        else:
            careless.setattr(_durable, "point", point_carelessly)
        story = Story(folder / "story", random.Random(SEED), 15)
    monkeypatch.setattr(os, "fsync", nothing)
    with pytest.raises(AssertionError, match="end [0-9]+: "):
        end_at_random(story, folder)


def point_carelessly(link, target):
    if os.path.islink(link):
        os.remove(link)
    os.symlink(target, link)
    _durable.flush_directory(os.path.dirname(link))
