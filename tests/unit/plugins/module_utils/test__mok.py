# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _mok as mok
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.mok_samples import HASH, pair, pem

DKMS = ("/var/lib/dkms/mok.key", "/var/lib/dkms/mok.pub")
KEY, CERTIFICATE = pair()


@pytest.mark.parametrize(("distribution", "configuration", "place"), [
    ("debian", "", DKMS), ("rocky", "# mok_signing_key=/x\n", DKMS),
    ("ubuntu", "", ("/var/lib/shim-signed/mok/MOK.priv", "/var/lib/shim-signed/mok/MOK.der")),
    ("ubuntu", "mok_signing_key=/etc/k\n", ("/etc/k", DKMS[1])),
    ("debian", 'mok_signing_key="/etc/k"\n mok_certificate=\'/etc/c\'\n', ("/etc/k", "/etc/c")),
    ("debian", "mok_certificate=/etc/c", (DKMS[0], "/etc/c")), ("debian", "mok_signing_key=pkcs11:token=x", ("pkcs11:token=x", DKMS[1])),
])
def test_where_dkms_reads_its_key(distribution, configuration, place):
    assert mok.place(distribution, configuration) == place


@pytest.mark.parametrize(("path", "one"), [("/etc/k", True), ("pkcs11:token=x", False), ("/lib/modules/$kernelver/k", False), ("", False)])
def test_what_is_one_file(path, one):
    assert mok.is_file(path) is one


@pytest.mark.parametrize(("certificate", "key", "which"), [
    (CERTIFICATE, KEY, None), (f"text\n{CERTIFICATE}text", f"\n{KEY}", None), (*reversed(pair(kind="RSA PRIVATE KEY")), None),
    (CERTIFICATE, pair(1)[0], "key"), (CERTIFICATE, CERTIFICATE, "key"), (KEY, KEY, "certificate"), ("", KEY, "certificate"), (CERTIFICATE, "", "key"),
    (CERTIFICATE, KEY.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "key"), (CERTIFICATE, KEY.replace("PRIVATE KEY", "EC PRIVATE KEY"), "key"),
    (*reversed(pair(length=64)), "key"), (CERTIFICATE.replace("\n", "=\n", 2), KEY, "certificate"), (CERTIFICATE, pem("PRIVATE KEY", b"\x30"), "key"),
    (CERTIFICATE, pem("PRIVATE KEY", b"\2\1\0\2\x82\xff\xff\0" + bytes(9)), "key"),
])
def test_a_key_and_its_certificate(certificate, key, which):
    problem = mok.pair_problem(certificate, key)
    assert (problem and problem[0]) == which


@pytest.mark.parametrize(("words", "state"), [
    ("/var/lib/dkms/mok.pub is not enrolled\n", "new"), ("/var/lib/dkms/mok.pub is already enrolled\n", "enrolled"),
    ("/var/lib/dkms/mok.pub is already in db\n", "enrolled"), ("mok.pub is already in the built-in trusted keyring\n", "enrolled"),
    ("/var/lib/dkms/mok.pub is already in the enrollment request\n", "queued"),
    ("EFI variables are not supported on this system\n", None), ("", None),
])
def test_what_mokutil_says(words, state):
    assert mok.state(words) == state


@pytest.mark.parametrize(("text", "good"), [
    (HASH, True), ("$5$rounds=5000$salt$" + "h" * 43, True), ("$2y$05$" + "h" * 53, True), ("secret", False), ("$1$salt$" + "h" * 22, False),
    (f"{HASH}\n", False), ("$6$salt", False), ("", False),
])
def test_a_hash_of_a_password(text, good):
    assert bool(mok.HASH.fullmatch(text)) is good
