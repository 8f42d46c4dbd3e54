# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Whether what runs a server can still bring it up, or is waited for in vain. Reads only."""

from __future__ import annotations

import glob
import os
import pwd
import re
from dataclasses import replace

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_host import Host
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_look import Instance
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_ways import Unit
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen

# So many restarts during one wait are no slow start.
IN_VAIN = 2
UNITS, QUADLETS = "/etc/systemd/system/", "/etc/containers/systemd/"
GIVEN_UP = ("failed", "exited", "dead")
ENDED = "Main process exited"
# What tells why a process ended, the best first: its own words, those of what could not start it, how it ended.
LAST_WORDS = [re.compile(words) for words in (r"^(?:Error|panic|fatal error): \S", r"Failed (?:to|at) |Unable to locate ", ENDED)]


class Watch:
    """The process behind a Wanted, from the first look on; ``tools`` is a Commands."""

    def __init__(self, wanted, tools):
        self._wanted = wanted
        self._tools = tools
        self._before = None

    def judge(self, verdict):
        """The Verdict on a server that is not healthy, told with the end of its process where nothing better comes."""
        end = self.ended()
        if not end:
            return verdict
        see = self._wanted.journal()
        return replace(verdict, reason=f"{verdict.reason.removesuffix(see)}; {end}{see}", hopeless=True, ended=True)

    def ended(self):
        """Why nothing comes, with the last words of what ended; None where it may come, or nobody can tell."""
        process = process_of(self._wanted, self._tools)
        try:
            state, restarts = process and seen(process) or (None, 0)
        except Unseen:
            return None
        self._before = restarts if self._before is None else min(self._before, restarts)
        if state in GIVEN_UP:
            what = f"{process.name} is {state}"
        elif restarts - self._before >= IN_VAIN:
            what = f"{process.name} ends again and again"
        else:
            return None
        words = last_words([*process.recent_log, process.refusal])
        return f"{what}: {words}" if words else what


def process_of(wanted, tools):
    """What runs it on this host, as a diagnosis looks at it; None where nobody said."""
    found = instance_of(wanted, tools)
    return found and found.process


def instance_of(wanted, tools):
    """It and its host, as a diagnosis looks at both; None where nobody said what runs it."""
    container, user, method = wanted.container, None, "docker"
    if not container:
        if not wanted.unit:
            return None
        container, user = quadlet(wanted.unit, tools.root)
        method = "podman" if container else "systemd"
    given = {"name": wanted.name, "url": wanted.url, "unit": wanted.unit, "container": container}
    return Instance(Host(tools, method), given, {"method": method, "user": user, "version": wanted.version, "extra_env": {}})


def quadlet(unit, root=""):
    """(container, whose) of a unit that Podman made from a Quadlet, whose own systemd runs it; (None, None) of any other."""
    name = unit.removesuffix(".service")
    if os.path.exists(root + UNITS + unit):
        return None, None
    if os.path.exists(f"{root}{QUADLETS}{name}.container"):
        return name, None
    for path in glob.glob(f"{root}{QUADLETS}users/*/{glob.escape(name)}.container"):
        try:
            return name, pwd.getpwuid(int(os.path.basename(os.path.dirname(path)))).pw_name
        except (ValueError, KeyError):
            continue
    return None, None


def seen(process):
    """(state, how often it was restarted) as systemd or Docker says it."""
    if isinstance(process, Unit):
        return process.shown.get("ActiveState"), int(process.shown.get("NRestarts") or 0)
    return process.state.get("Status"), process.container.get("RestartCount") or 0


def last_words(lines):
    """The line of the newest end that tells most about it; an empty text where none does."""
    ends = [number for number, line in enumerate(lines) if ENDED in line]
    newest = lines[ends[-2] + 1:] if len(ends) > 1 else lines
    found = (line for words in LAST_WORDS for line in reversed(newest) if words.search(line))
    return next(found, "").strip()
