# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Decides what has to be done to a root of releases. Reads and writes nothing."""

from __future__ import annotations

from collections import namedtuple

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release import CURRENT, PREVIOUS, PROVEN

Seen = namedtuple("Seen", "current previous proven releases leftovers partials")
Seen.__doc__ = """What is below a root now.

``current``, ``previous`` and ``proven`` are dicts of the readers in _release.py or None, ``releases`` maps ids to such
dicts, ``leftovers`` are paths relative to the root that only a killed run leaves, ``partials`` maps a sha256 to the
(path relative to the root, bytes) of its partial file.
"""


class Plan(namedtuple("Plan", "target leftovers install switch previous prove retire seen")):
    """What to do, in this order: remove ``leftovers``, ``install`` the target, let the links lead to ``previous`` and
    to the target (``switch``), let ``proven`` lead to the target (``prove``), ``retire`` releases that nothing needs
    any more. ``target`` is a release's id. A release that is to be mended is proven no longer (``doubts``).
    """

    __slots__ = ()

    @property
    def changed(self):
        return bool(self.leftovers or self.install or self.switch or self.prove or self.retire)

    @property
    def links(self):
        """The links to write, in order: (name, the id it shall lead to)."""
        # Killed between the first two, "previous" leads to what is proven or serves, never to something older.
        links = [
            (PREVIOUS, self.switch and self.previous),
            (CURRENT, self.switch and self.target),
            (PROVEN, self.prove and self.target),
        ]
        return [(name, target) for name, target in links if target]

    @property
    def mends(self):
        """What is amiss in the directory that the target has already, as the readers in _release.py tell it."""
        return self.seen.releases[self.target]["damaged"] if self.install and self.target in self.seen.releases else []

    @property
    def doubts(self):
        """Whether ``proven`` leads to what is to be mended: what runs has the files of before until it is restarted."""
        return bool(self.mends) and _id(self.seen.proven) == self.target

    @property
    def proven(self):
        """The id that ``proven`` leads to afterwards, or None."""
        if self.doubts:
            return None
        return self.target if self.prove else _id(self.seen.proven, None)

    def actions(self, fetch):
        """One line per step; ``fetch`` are the lines for the way that the archives come, where they are not there."""
        lines = [f"remove leftover {path}" for path in self.leftovers]
        if self.install:
            lines += fetch
            lines += [f"switch proven: {self.target} -> none"] * self.doubts
            lines.append(f"mend {self.target}: {_listed(self.mends)}" if self.mends else f"unpack {self.target}")
        if self.switch:
            lines.append(f"switch current: {_id(self.seen.current)} -> {self.target}")
        if self.prove:
            lines.append(f"switch proven: {_id(self.seen.proven)} -> {self.target}")
        return lines + [f"remove release {name}" for name in self.retire]

    @property
    def diff(self):
        """Before and after as Ansible's diff shows them."""
        seen = self.seen
        releases = {name for name, found in seen.releases.items() if found["complete"]}
        later = releases.union([self.target]).difference(self.retire)
        current = self.target if self.switch else _id(seen.current)
        return {
            "before": _text(_id(seen.current), _id(seen.previous), _id(seen.proven), releases, self.leftovers),
            "after": _text(current, self.previous or "none", self.proven or "none", later, []),
        }


def plan_install(wanted, seen, switch, keep=None):
    """The plan that makes ``wanted`` (a Release with its sums) complete and, if ``switch``, current.

    ``keep`` are ids that are not retired.
    """
    missing = not wanted.is_met_by(seen.releases.get(wanted.id))
    needed = [archive.sha256 for archive in wanted.archives] if missing else []
    leftovers = seen.leftovers + [
        path for sha256, (path, _size) in sorted(seen.partials.items()) if sha256 not in needed
    ]
    switch = switch and _id(seen.current) != wanted.id
    previous = _next_previous(wanted, seen) if switch else _id(seen.previous, None)
    kept = {wanted.id, previous, _id(seen.proven), *(keep or ())}
    retire = sorted(set(seen.releases) - kept) if switch else []
    return Plan(wanted.id, leftovers, missing, switch, previous, False, retire, seen)


def _next_previous(wanted, seen):
    """The id to go back to once ``wanted`` is current: what is proven, before what merely was current."""
    # A switch to the proven release comes from one that is not proven, and nobody shall be led back there.
    candidates = [] if _id(seen.proven) == wanted.id else [seen.proven, seen.current]
    return next((found["id"] for found in candidates if found and found["complete"]), _id(seen.previous, None))


def plan_rollback(seen, name=None, keep=None):
    """The plan that makes the previous release current, or the one with the id ``name``.

    ``previous`` stays: done twice, it changes nothing. With ``keep``, ids, all other releases that nothing leads to go.
    """
    if name:
        if not (seen.releases.get(name) or {}).get("complete"):
            raise FleetError(f"release {name} is no longer on this host, or not complete; set its version as wanted and install it")
        target = name
        previous = _id(seen.previous, None)
    else:
        target = previous = _demand_complete(seen.previous, "previous", "nothing to roll back to")
    switch = _id(seen.current) != target
    kept = {target, previous, _id(seen.proven), *(keep or ())}
    retire = sorted(set(seen.releases) - kept) if switch and keep is not None else []
    return Plan(target, seen.leftovers, False, switch, previous, False, retire, seen)


def plan_proof(seen):
    """The plan that notes that the current release passed its gate: from now on there is one way back, ``previous``."""
    target = _demand_complete(seen.current, "current", "nothing to call proven")
    prove = _id(seen.proven) != target
    retire = sorted(set(seen.releases) - {target, _id(seen.previous), _id(seen.proven)}) if prove else []
    return Plan(target, seen.leftovers, False, False, _id(seen.previous, None), prove, retire, seen)


def known_release(wanted, seen):
    """``wanted`` with the sums of the complete release like it that is on this host, current one first, if any.

    What a host took at the download site's word once is not asked for again.
    """
    found = [seen.current] + [seen.releases[name] for name in sorted(seen.releases)]
    known = next((release for release in found if wanted.is_met_by(release)), None)
    if not known:
        return wanted
    sums = {"": known["sha256"], **known["overlays"]}
    return wanted.with_sums({archive.asset: sums[archive.overlay] for archive in wanted.archives})


def _demand_complete(found, link, complaint):
    """The id of the release that ``link`` leads to."""
    if not (found and found["complete"]):
        raise FleetError(
            f"{complaint}: {link} leads to {_id(found, 'no release')}"
            + (", which is not complete" if found else "")
            + "; install the wanted version with state=present"
        )
    return found["id"]


def _listed(paths):
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more


def _id(found, none="none"):
    return found["id"] if found else none


def _text(current, previous, proven, releases, leftovers):
    lines = [f"current: {current}", f"previous: {previous}", f"proven: {proven}"]
    lines += [f"release: {name}" for name in sorted(releases)]
    lines += [f"leftover: {path}" for path in leftovers]
    return "\n".join(lines) + "\n"
