# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmarks share: a module in a process of its own, and ways of doing a thing in turns."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import statistics
import sys

from ansible.module_utils.testing import patch_module_args


def start(main, child, *defaults):
    """The command line of a benchmark: ``--child PLACE`` is what its child does; else numbers and a text, each in place of its default."""
    given = sys.argv[1:]
    if given[:1] == ["--child"]:
        child(given[1])
    else:
        told = [text if default is None else type(default)(text) for text, default in zip(given, defaults)]
        main(*told, *defaults[len(told):])


def loaded(module):
    return importlib.import_module(f"ansible_collections.barellama.fleet.plugins.modules.{module}")


def result_of(module, arguments):
    """What a child does: run a loaded module as Ansible does; its result."""
    said = io.StringIO()
    with patch_module_args(arguments), contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        module.main()
    return json.loads(said.getvalue())


def in_turns(ways, rounds):
    """What each way measured, round by round; whatever else the machine does falls on all of them alike."""
    found = {way: [] for way in ways}
    for _round in range(rounds):
        for way, measure in ways.items():
            found[way].append(measure())
    return found


def medians(found):
    return {way: statistics.median(values) for way, values in found.items()}


def show_beyond_start(module, counted, found):
    """A table of (milliseconds, number) pairs; the first way is the module's start."""
    print(f"{module:32}{counted:>8}{'ms':>8}{'beyond start':>14}")
    took = medians({way: [ms for ms, _number in pairs] for way, pairs in found.items()})
    start = next(iter(took.values()))
    for way, ms in took.items():
        print(f"{way:32}{found[way][0][1]:>8}{ms:>8.0f}{ms - start:>14.0f}")
