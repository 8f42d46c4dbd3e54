# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Puts the key that DKMS signs with in its place, and has shim ask a person at the console whether to trust it."""

from __future__ import annotations

import os
import tempfile

from ansible_collections.barellama.fleet.plugins.module_utils._durable import flush, move
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read
from ansible_collections.barellama.fleet.plugins.module_utils._mok import certificate_of, pair_problem, state

NEW_CERTIFICATE = ("openssl", "req", "-new", "-x509", "-nodes", "-days", "36500", "-subj", "/CN=DKMS module signing key", "-outform", "DER")


class Enrolment:
    """``run`` is AnsibleModule.run_command; ``key`` and ``certificate`` are the paths that DKMS reads."""

    def __init__(self, run, key, certificate):
        self.run = run
        self.key = key
        self.certificate = certificate

    def place(self, pair, check=False):
        """Have a pair there, (key, certificate) in PEM, or one made here where ``pair`` is None; return what was done, as a list.

        What is there and is another one is never lost: DKMS itself would write both anew where one of them is missing.
        """
        problem = pair and pair_problem(pair[1], pair[0])
        if problem:
            raise FleetError(f"the {problem[0]} that was given {problem[1]}")
        there = {path: read(path) for path in (self.key, self.certificate)}
        if pair is None:
            if there[self.key] is None and there[self.certificate] is not None:
                raise FleetError(f"{self.certificate} is there without its key {self.key}, and DKMS would write both anew; "
                                 "bring the key back, or move the certificate away")
            wanted = there
        else:
            wanted = {self.key: f"{pair[0].strip()}\n".encode(), self.certificate: certificate_of(pair[1])}
        for path, content in there.items():
            if content not in (None, wanted[path]):
                raise FleetError(f"{path} is not of the pair that was given, and may be what modules were signed with; "
                                 "move both halves away, or give no pair to enrol that one")
        if None not in there.values():
            return []
        if not check:
            self._write(wanted if pair else self._made(there[self.key]))
        return [f"{'put' if pair else 'make'} the key {self.key}"]

    def request(self, password_hash, check=False):
        """Have the certificate wait to be confirmed, unless it does or is; return its state and what was done."""
        now = self._state()
        if now != "new":
            return now, []
        status, waiting, _errors = self.run(["mokutil", "--list-new"])
        if status == 0 and "[key" in waiting:
            raise FleetError("another key waits to be enrolled, whose password would be replaced; restart and confirm that one at the console "
                             "first, or forget it: mokutil --revoke-import")
        if not check:
            self._import(password_hash)
        return "queued", [f"request that {self.certificate} is enrolled"]

    def _state(self):
        status, output, errors = self.run(["mokutil", "--test-key", self.certificate])
        found = state(output + errors)
        if found is None:
            raise FleetError(f"mokutil --test-key {self.certificate} ends with {status} and says: {output}{errors}")
        return found

    def _import(self, password_hash):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "hash")
            _write(path, password_hash.encode(), 0o600)
            status, output, errors = self.run(["mokutil", "--import", self.certificate, "--hash-file", path])
        if status or self._state() != "queued":
            raise FleetError(f"mokutil --import {self.certificate} did not have it wait to be enrolled: {output}{errors}")

    def _made(self, key):
        """A pair as DKMS makes one, of the ``key`` that is there, if one is."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("key", "certificate")]
            how = ["-key", self.key] if key else ["-newkey", "rsa:2048", "-keyout", paths[0]]
            status, output, errors = self.run([*NEW_CERTIFICATE, *how, "-out", paths[1]])
            if status:
                raise FleetError(f"openssl made no key: {output}{errors}")
            return {self.key: key or read(paths[0]), self.certificate: read(paths[1])}

    def _write(self, wanted):
        """Each half at once, as none of them is there or the one that is has this very content."""
        for path, mode in ((self.key, 0o600), (self.certificate, 0o644)):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            _write(f"{path}.new", wanted[path], mode)
            move(f"{path}.new", path)


def _write(path, content, mode):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode), "wb") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(content)
        flush(stream)
