# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replays what a real Ollama server answered against the stand-in.

    python3 -m tests.contract.replay [SCENE ...]

Each scene prepares a state and replays cases in it. Every recording is either replayed or left out for a reason
(left_out.py); anything else is an error. Ends with one line of counts; status 1 unless all that was replayed passed.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from importlib import import_module

from . import left_out, recordings
from .bed import Bed

# Two groups that share nothing, so that they run side by side; the big downloads are in the first.
GROUPS = (("resume", "together", "disk", "default_registry"),
          ("surface", "models", "memory", "pull", "damage", "starts"))


def main(chosen):
    groups = [chosen] if chosen else GROUPS
    results, errors = {}, []
    with ProcessPoolExecutor(len(groups)) as pool:
        for played, broken in pool.map(play, groups):
            for name, problems in played.items():
                results.setdefault(name, []).extend(problems)
            errors += broken
    failed = {name: problems for name, problems in sorted(results.items()) if problems}
    for name, problems in failed.items():
        for problem in problems:
            print(f"FAILED {name}: {problem}")
    if not chosen:
        errors += _unaccounted(results)
    for error in errors:
        print(f"ERROR {error}")
    reasons = Counter(left_out.reason(name) for name in recordings.names() if name not in results)
    for reason, count in sorted(reasons.items(), key=str):
        print("left out %3d: %s" % (count, reason or "not in the scenes chosen"))
    counts = len(results), len(results) - len(failed), sum(reasons.values())
    print("contract: %d replayed, %d passed, %d left out" % counts)
    return 1 if failed or errors or not results else 0


def play(scenes):
    """Play some scenes in a directory of their own; return ({case: problems}, what broke a scene)."""
    errors = []
    with tempfile.TemporaryDirectory(prefix="contract-") as directory, closing(Bed(directory)) as bed:
        for scene in scenes:
            try:
                import_module("." + scene, __package__ + ".scenes").play(bed)
            except Exception:  # pylint: disable=broad-exception-caught
                errors.append(f"scene {scene} broke: {traceback.format_exc()}")
        return bed.results, errors


def _unaccounted(results):
    for name in recordings.names():
        if name not in results and left_out.reason(name) is None:
            yield f"{name} is neither replayed nor left out for a reason"
        if name in results and left_out.reason(name) is not None:
            yield f"{name} is replayed, and left_out.py gives a reason why not"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
