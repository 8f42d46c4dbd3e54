# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What runs of the role have left: one that was cut off, files that are gone, an incomplete release. No I/O of its own."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import finding
from ansible_collections.barellama.fleet.plugins.module_utils._record import ADOPTED

FINISH = "run {} again, which finishes or undoes it"
NAMED = 3  # of the files of a release


def record(host):
    """Whether the last run came to its end, and what it wrote is still there."""
    if host.record_trouble:
        yield finding("what was made here is not known", host.record_trouble, "move it away, and run site.yml")
    cut_off = interrupted(host.record)
    if cut_off:
        yield finding(*cut_off)
        return
    for path in host.missing_files:
        yield finding(f"{path} is not there", "somebody removed it after the last run, and the next restart would need it",
                      "write it again: run site.yml")


def release(host):
    """Whether all files of the release that is to serve are there, by name, size and mode."""
    if host.release_root is None:
        return
    found = host.release
    if found is None:
        yield finding(f"{host.release_root}/current leads to no release", "somebody removed it", "put it back: run site.yml")
    elif found["damaged"]:
        more = ["more"] * (len(found["damaged"]) > NAMED)
        yield finding(f"the release {found['id']} is incomplete",
                      f"missing or changed: {', '.join(found['damaged'][:NAMED] + more)}", "mend it: run site.yml")


def interrupted(known):
    """(symptom, cause, cure) where a run has begun something and not ended it; None where none has."""
    if not known["begun"]:
        return None
    if known["proven"] is None:
        return ("the first run did not come to its end", "it was cut off, or what it made did not serve",
                "run site.yml again, which says why where it fails")
    again = "adopt.yml" if known["proven"]["definition"] == ADOPTED else "site.yml"
    return "a run was cut off", "what it has begun is neither proven nor undone", FINISH.format(again)


def why_not(known, wanted, serves):
    """(cause, cure) by the record, where the version ``serves`` answers and another is ``wanted``; None where it tells nothing."""
    cut_off, failed = interrupted(known), known["failed"].get(wanted)
    if cut_off:
        return f"{cut_off[0]} before {wanted} served", cut_off[2]
    if failed:
        return (f"the last upgrade to {wanted} failed ({failed['reason']}); {serves} serves",
                f"mend that and run site.yml with ollama_retry_failed_version: true, or set ollama_version: {serves}")
    if known["proven"] and known["proven"]["version"] == serves:
        return f"site.yml was not run to its end since ollama_version is {wanted}", "run it"
    return None
