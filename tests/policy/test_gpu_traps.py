# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/gpu_traps.md names tests that are there, or says why there is none."""

from __future__ import annotations

import re

import pytest

from .repo import ROOT

ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (.+) \|$", (ROOT / "docs/gpu_traps.md").read_text(), re.MULTILINE)
NAMED = re.compile(r"`(\w+\.py)::(\w+)`")


def test_every_trap_is_there_once():
    assert [int(number) for number, _trap, _tests in ROWS] == list(range(1, 26))


@pytest.mark.parametrize("number, tests", [(number, tests) for number, _trap, tests in ROWS])
def test_a_trap_names_tests_that_are_there_or_says_why_there_is_none(number, tests):
    named = NAMED.findall(tests)
    assert named or tests.startswith("None: "), number
    for file, name in named:
        (path,) = (ROOT / "tests").rglob(file)
        assert re.search(rf"^def {name}\(", path.read_text(), re.MULTILINE), f"{file}::{name}"
