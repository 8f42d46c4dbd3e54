# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import random

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._openpgp import Key, keys, refusal
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.key_samples import (
    ENDING,
    ENDING_AT,
    ENDING_FINGERPRINT,
    LASTING,
    LASTING_FINGERPRINT,
    RSA,
    RSA_FINGERPRINT,
)


FIRST, LAST = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "-----END PGP PUBLIC KEY BLOCK-----\n"


def binary(text):
    return base64.b64decode("".join(line for line in text.split("\n\n", 1)[1].splitlines() if line[:1] not in "=-"))


def armoured(packets):
    return f"{FIRST}\n{base64.encodebytes(packets).decode()}{LAST}".encode()


@pytest.mark.parametrize(("content", "found"), [
    (LASTING.encode(), [Key(LASTING_FINGERPRINT, None)]),
    (LASTING.replace("\n", "\r\n").encode(), [Key(LASTING_FINGERPRINT, None)]),
    (ENDING.encode(), [Key(ENDING_FINGERPRINT, ENDING_AT)]),
    (RSA.encode(), [Key(RSA_FINGERPRINT, None)]),
    (RSA.strip().encode(), [Key(RSA_FINGERPRINT, None)]),
    (armoured(binary(RSA)), [Key(RSA_FINGERPRINT, None)]),
    (armoured(binary(LASTING) + binary(ENDING)), [Key(LASTING_FINGERPRINT, None), Key(ENDING_FINGERPRINT, ENDING_AT)]),
    (f"{ENDING}\n{LASTING}".encode(), [Key(ENDING_FINGERPRINT, ENDING_AT), Key(LASTING_FINGERPRINT, None)]),
])
def test_fingerprints_are_those_that_gnupg_tells(content, found):
    assert keys(content) == found


def test_what_another_key_signs_does_not_say_how_long_a_key_lasts():
    lasting, ending = binary(LASTING), binary(ENDING)
    signature = ending[ending.index(b"\x88\x96"):]
    assert keys(armoured(lasting + signature)) == [Key(LASTING_FINGERPRINT, None)]


@pytest.mark.parametrize(("content", "said"), [
    (b"", "not armoured"),
    (b"<html>not found</html>", "not armoured"),
    (binary(LASTING), "not armoured"),
    (armoured(b""), "not armoured"),
    (armoured(b"<html>not found</html>"), "no packet"),
    (armoured(b"\x95\x03\x98\x04" + bytes(0x397)), "private key"),
    (armoured(b"\x88\x01\x04"), "there is no public key"),
    (armoured(binary(LASTING)[:40]), "cut short"),
    (LASTING.replace("mDMEZ3", "m\u00fc").encode(), "not armoured"),
    (LASTING.replace("mDMEZ3", "mDMEZ").encode(), "armour is damaged"),
    (armoured(b"\x98\x05\x03\0\0\0\0"), "version 3"),
    (armoured(b"\x9b\x05\x04\0\0\0\0"), "has no length"),
    (armoured(b"\xc6\xe1\x04"), "comes in parts"),
])
def test_what_is_no_key_is_told_in_one_line(content, said):
    with pytest.raises(FleetError, match=said):
        keys(content)


HIDDEN = "".join(RSA.split("\n\n", 1)[1].splitlines(keepends=True)[:-2])  # without the checksum and the last line
SHOWN = LASTING.split("\n\n", 1)[1]


# apt takes every line from the first blank one on; other programs read differently. What can be read in two ways is nobody's key.
@pytest.mark.parametrize("content", [
    f"{FIRST}\n{HIDDEN}\n{SHOWN}",
    f"{FIRST}Comment: a\n \n{HIDDEN}\n{SHOWN}",
    f"{FIRST}{HIDDEN}\n{SHOWN}",
    f"{FIRST}{SHOWN}",
    f"{FIRST}Comment: a\r\r{HIDDEN}\n{SHOWN}",
    f"{FIRST}\n{HIDDEN}{FIRST}\n{SHOWN}",
    f"words before\n{LASTING}",
    f"{LASTING}\n{HIDDEN}",
    f"{LASTING}words between\n{ENDING}",
    LASTING.replace("=pzFg", "=pzFg\n=pzFg"),
    LASTING + FIRST,
])
def test_a_key_that_others_might_read_in_another_way_is_refused(content):
    assert "not armoured" in refusal(content.encode(), [LASTING_FINGERPRINT, ENDING_FINGERPRINT], "x.asc", 0)


def test_a_key_in_bytes_that_hold_an_armoured_one_is_refused():
    name = b"\n" + RSA.encode()
    assert "not armoured" in refusal(binary(LASTING) + b"\xcd\xff" + len(name).to_bytes(4, "big") + name, [LASTING_FINGERPRINT], "x.asc", 0)


def test_noise_is_an_error_or_other_keys_and_nothing_else():
    dice = random.Random(6)
    for sample in (binary(LASTING), binary(ENDING)):
        for _round in range(500):
            damaged = bytearray(sample[:dice.randrange(1, len(sample) + 1)])
            for _blow in range(dice.randrange(4)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            try:
                assert keys(armoured(bytes(damaged)))
            except FleetError:
                pass


@pytest.mark.parametrize(("text", "allowed", "now", "said"), [
    (LASTING, [LASTING_FINGERPRINT], 0, ""),
    (LASTING, ["9522 b1c4 83fc bca7 1265  dd06 4002 1151 7ab7 12fd"], 0, ""),
    (LASTING + ENDING, [ENDING_FINGERPRINT, LASTING_FINGERPRINT, RSA_FINGERPRINT], ENDING_AT - 1, ""),
    (ENDING, [ENDING_FINGERPRINT], ENDING_AT, f"x.asc: the key {ENDING_FINGERPRINT} has expired"),
    (LASTING, [RSA_FINGERPRINT], 0, f"x.asc: the key is {LASTING_FINGERPRINT}, not {RSA_FINGERPRINT}; nothing was trusted"),
    (LASTING + ENDING, [LASTING_FINGERPRINT], 0, f"x.asc: the key is {ENDING_FINGERPRINT}, not {LASTING_FINGERPRINT}; nothing"),
    (LASTING, [LASTING_FINGERPRINT[-16:]], 0, "the key is"),
    ("not found", [LASTING_FINGERPRINT], 0, "x.asc: no OpenPGP public key: it is not armoured"),
])
def test_only_keys_that_are_expected_and_last_are_trusted(text, allowed, now, said):
    found = refusal(text.encode(), allowed, "x.asc", now)
    assert found.startswith(said) if said.startswith("x.asc") else (said in found and bool(said) == bool(found))
    assert "\n" not in found
