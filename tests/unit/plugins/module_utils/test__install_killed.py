# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of _install.py that are killed before any single write they make. Kills during a download: test__install.py."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _durable
from ansible_collections.barellama.fleet.plugins.module_utils._release import current_release, found_release
from ansible_collections.barellama.fleet.plugins.module_utils._release_record import members
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.release_bed import Bed

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

WRITES = {"os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "os.chmod", "os.link"}


@pytest.fixture
def releases(bed):
    return [bed.archive(version) for version in ("0.1.0", "0.2.0", "0.3.0")]


def kills(bed, prepare, action, writes):
    """Kill ``action`` before its first write, its second, and so on, each time on a root that ``prepare`` made.

    Yields after each death, to look and repair. ``writes`` is the least number of writes that ``action`` makes.
    """
    for number in range(1, 1000):
        if bed.root.exists():
            _durable.remove(str(bed.root))
        prepare()
        if not killed(action, number):
            break
        yield f"killed before write {number}"
    assert number > writes, "the kill points were not met"


def killed(action, number):
    """Run ``action`` in a child process; whether it came to its ``number``-th write, and died."""
    child = os.fork()
    if not child:
        try:
            kill_before_write(number)
            action()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert status in (0, 9), "the run failed"
    return status == 9


def kill_before_write(number):
    """Let the ``number``-th change that this process makes to a disk be preceded by its death."""
    left = [number]

    def watch(event, arguments):
        opened_to_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in WRITES or opened_to_write:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), 9)

    sys.addaudithook(watch)


def demand_tidy(bed, where):
    """Every release is complete, and nothing is left of a run on its way."""
    assert all(found_release(str(home))["complete"] for home in (bed.root / "releases").iterdir()), where
    assert not [name for name in bed.names() if ".staging" in name or name.endswith((".new", ".partial"))], where


def test_upgrade_and_proof(bed, releases):
    """From 0.2.0 to 0.3.0, with 0.1.0 to retire, where no release was proven yet."""
    one, two, three = releases

    def prepare():
        bed.run(one)
        bed.run(two)

    def upgrade():
        bed.run(three)
        bed.prove()

    for where in kills(bed, prepare, upgrade, writes=28):
        found = current_release(str(bed.root))
        assert found["complete"] and found["id"] in (two.id, three.id), where
        assert bed.links()[1] in (one.id, two.id) and bed.proven() is None, where
        upgrade()
        assert (bed.links(), bed.proven()) == ((three.id, two.id), three.id), where
        for again in (bed.run(three), bed.prove()):
            assert not again["changed"], f"{where}: {again['actions']}"
        demand_tidy(bed, where)


def test_upgrade_after_one_that_was_not_proven(bed, releases):
    """0.1.0 is proven and 0.2.0 is current: until 0.3.0 is proven, the way back leads to 0.1.0."""
    one, two, three = releases

    def prepare():
        bed.run(one)
        bed.prove()
        bed.run(two)

    for where in kills(bed, prepare, lambda: bed.run(three), writes=25):
        found = current_release(str(bed.root))
        assert found["complete"] and found["id"] in (two.id, three.id) and not found["proven"], where
        assert (bed.links()[1], bed.proven()) == (one.id, one.id), where
        assert bed.roll_back()["release"]["proven"], where
        assert bed.links() == (one.id, one.id), where
        assert not bed.roll_back()["changed"], where
        bed.run(three)
        assert (bed.links(), bed.proven()) == ((three.id, one.id), one.id), where
        demand_tidy(bed, where)


@pytest.mark.parametrize("action", [Bed.roll_back, Bed.prove])
def test_the_same_again_mends(bed, releases, action):
    one, two, _three = releases

    def prepare():
        bed.run(one)
        bed.prove()
        bed.run(two)

    for where in kills(bed, prepare, lambda: action(bed), writes=3):
        assert (bed.links(), bed.proven()) == ((two.id, one.id), one.id), where
        assert action(bed)["changed"], where
        assert not action(bed)["changed"], where
        demand_tidy(bed, where)


def test_mending(bed, releases):
    """A damaged release is proven and serves: whatever kills the run, no file of it is worse than before, and one that is
    another is of a release that is not proven, so that the next run restarts what has the old one.
    """
    _one, two, _three = releases
    right = bed.path("0.2.0").parent.parent / "right"

    def prepare():
        bed.run(two)
        bed.prove()
        home = bed.root / "current"
        if not right.exists():
            shutil.copytree(home, right, symlinks=True)
        (home / "bin/ollama").write_text("wrong")
        (home / "lib/ollama/libggml.so").unlink()
        (home / "lib/ollama/cuda_v13/libggml-evil.so").write_text("evil")

    for where in kills(bed, prepare, lambda: bed.run(two, verify=True), writes=28):
        home = bed.root / "current"
        for path in ("bin/ollama", "lib/ollama/cuda_v13/libggml.so.1", ".release.json"):
            assert (home / path).read_bytes() in ((right / path).read_bytes(), b"wrong"), where
        untouched = (home / "bin/ollama").read_bytes() == b"wrong" and not (home / "lib/ollama/libggml.so").is_symlink()
        untouched = untouched and (home / "lib/ollama/cuda_v13/libggml-evil.so").exists()
        assert untouched or bed.proven() is None, where
        bed.run(two, verify=True)
        assert bed.proven() is None, where
        assert not bed.run(two, verify=True)["changed"], where
        assert sorted(members(home)) == sorted(members(right)), where
        demand_tidy(bed, where)
