# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._mok import certificate_of
from ansible_collections.barellama.fleet.plugins.module_utils._mok_enrol import Enrolment
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.mok_samples import HASH, pair

PAIR = pair()


class Host:
    """mokutil and openssl on a host: the certificates that are enrolled and that wait, and how often anything was written."""

    def __init__(self, root):
        self.key, self.certificate = root / "dkms/mok.key", root / "dkms/mok.pub"
        self.enrolled, self.queued, self.hash, self.fails = set(), set(), None, ()
        self.enrolment = Enrolment(self.run, str(self.key), str(self.certificate))

    def run(self, command):
        name, what, *more = command
        if name == "openssl":
            if "-keyout" in command:
                self.write(command[command.index("-keyout") + 1], b"made")
            self.write(command[command.index("-out") + 1], b"certificate of it")
            return ("openssl" in self.fails), "", "no randomness"
        if "mokutil" in self.fails:
            return 1, "", "EFI variables are not supported on this system\n"
        if what == "--list-new":
            return (0, "[key 1]\nSHA1 Fingerprint: ..\n", "") if self.queued else (1, "MokNew is empty\n", "")
        content = self.read(more[0])
        if what == "--test-key":
            words = "already enrolled" if content in self.enrolled else "already in the enrollment request" if content in self.queued else "not enrolled"
            return 0, f"{more[0]} is {words}\n", ""
        assert what == "--import" and more[1] == "--hash-file"
        self.hash = self.read(more[2])
        self.queued |= {content} if "import" not in self.fails else set()
        return 0, "", ""

    @staticmethod
    def read(path):
        with open(path, "rb") as file:
            return file.read()

    @staticmethod
    def write(path, content):
        with open(path, "wb") as file:
            file.write(content)


@pytest.fixture(name="host")
def _host(tmp_path):
    return Host(tmp_path)


def put(host, key, certificate):
    host.key.parent.mkdir(exist_ok=True)
    for path, content in ((host.key, key), (host.certificate, certificate)):
        if content is not None:
            path.write_bytes(content)


def test_a_pair_is_put_where_dkms_reads_it_and_for_root_alone(host):
    assert host.enrolment.place(PAIR, check=True) == [f"put the key {host.key}"] and not host.key.exists()
    assert host.enrolment.place(PAIR) == [f"put the key {host.key}"]
    assert (host.key.read_text(), host.certificate.read_bytes()) == (PAIR[0], certificate_of(PAIR[1]))
    assert (host.key.stat().st_mode & 0o777, host.certificate.stat().st_mode & 0o777) == (0o600, 0o644)
    assert host.enrolment.place(PAIR) == [] and host.enrolment.place(None) == []
    assert {path.name for path in host.key.parent.iterdir()} == {"mok.key", "mok.pub"}


def test_without_one_it_is_made(host):
    assert host.enrolment.place(None, check=True) == [f"make the key {host.key}"] and not host.key.exists()
    assert host.enrolment.place(None) == [f"make the key {host.key}"]
    assert host.key.read_bytes() == b"made" and host.key.stat().st_mode & 0o777 == 0o600 and host.enrolment.place(None) == []
    host.certificate.unlink()  # as after a kill between the two
    assert host.enrolment.place(None) and host.key.read_bytes() == b"made" and host.certificate.exists()


def test_a_run_that_was_killed_between_the_two_is_finished(host):
    put(host, PAIR[0].encode(), None)
    (host.key.parent / "mok.pub.new").write_bytes(b"half")
    assert host.enrolment.place(PAIR) and host.certificate.read_bytes() == certificate_of(PAIR[1])


@pytest.mark.parametrize(("key", "certificate", "given", "words"), [
    (b"other", None, PAIR, "mok.key is not of the pair that was given"), (None, b"other", PAIR, "mok.pub is not of the pair that was given"),
    (b"other", b"other", PAIR, "mok.key is not of the pair"), (None, b"other", None, "mok.pub is there without its key"),
    (None, None, (PAIR[0], pair(1)[1]), "the key that was given does not belong to the certificate"),
])
def test_what_is_there_is_never_lost(host, key, certificate, given, words):
    put(host, key, certificate)
    with pytest.raises(FleetError, match=words):
        host.enrolment.place(given)
    assert [path.read_bytes() if path.exists() else None for path in (host.key, host.certificate)] == [key, certificate]


def test_it_waits_once_with_the_hash_and_then_is_enrolled(host):
    put(host, b"key", b"certificate")
    asked = f"request that {host.certificate} is enrolled"
    assert host.enrolment.request(HASH, check=True) == ("queued", [asked]) and not host.queued
    assert host.enrolment.request(HASH) == ("queued", [asked]) and host.hash == HASH.encode()
    assert host.enrolment.request(HASH) == ("queued", [])
    host.enrolled, host.queued = host.queued, set()
    assert host.enrolment.request(HASH) == ("enrolled", [])


@pytest.mark.parametrize(("fails", "words"), [
    ("mokutil", "ends with 1 and says: EFI variables are not supported"), ("import", "did not have it wait"),
])
def test_mokutil_is_not_taken_at_its_word(host, fails, words):
    put(host, b"key", b"certificate")
    host.fails = (fails,)
    with pytest.raises(FleetError, match=words):
        host.enrolment.request(HASH)


def test_another_s_request_keeps_its_password(host):
    put(host, b"key", b"certificate")
    host.queued = {b"another"}
    with pytest.raises(FleetError, match="another key waits to be enrolled"):
        host.enrolment.request(HASH)
    assert host.hash is None


def test_an_openssl_that_fails_leaves_nothing(host):
    host.fails = ("openssl",)
    with pytest.raises(FleetError, match="openssl made no key: no randomness"):
        host.enrolment.place(None)
    assert not host.key.exists() and not host.certificate.exists()
