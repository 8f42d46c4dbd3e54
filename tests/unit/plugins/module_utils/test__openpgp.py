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


def binary(text):
    return base64.b64decode("".join(line for line in text.split("\n\n", 1)[1].splitlines() if line[:1] not in "=-"))


@pytest.mark.parametrize(("content", "found"), [
    (LASTING.encode(), [Key(LASTING_FINGERPRINT, None)]),
    (LASTING.replace("\n", "\r\n").encode(), [Key(LASTING_FINGERPRINT, None)]),
    (ENDING.encode(), [Key(ENDING_FINGERPRINT, ENDING_AT)]),
    (RSA.encode(), [Key(RSA_FINGERPRINT, None)]),
    (binary(RSA), [Key(RSA_FINGERPRINT, None)]),
    (binary(LASTING) + binary(ENDING), [Key(LASTING_FINGERPRINT, None), Key(ENDING_FINGERPRINT, ENDING_AT)]),
    ((f"words before\n{ENDING}between\n{LASTING}after").encode(), [Key(ENDING_FINGERPRINT, ENDING_AT), Key(LASTING_FINGERPRINT, None)]),
])
def test_fingerprints_are_those_that_gnupg_tells(content, found):
    assert keys(content) == found


def test_what_another_key_signs_does_not_say_how_long_a_key_lasts():
    lasting, ending = binary(LASTING), binary(ENDING)
    signature = ending[ending.index(b"\x88\x96"):]
    assert keys(lasting + signature) == [Key(LASTING_FINGERPRINT, None)]


@pytest.mark.parametrize(("content", "said"), [
    (b"", "there is no public key"),
    (b"<html>not found</html>", "neither armoured nor binary"),
    (b"\x95\x03\x98\x04" + bytes(0x397), "private key"),
    (binary(LASTING)[:40], "cut short"),
    (LASTING.replace("mDMEZ3", "m\u00fc").encode(), "armour is damaged"),
    (b"\x98\x05\x03\0\0\0\0", "version 3"),
    (b"\x9b\x05\x04\0\0\0\0", "has no length"),
    (b"\xc6\xe1\x04", "comes in parts"),
])
def test_what_is_no_key_is_told_in_one_line(content, said):
    with pytest.raises(FleetError, match=said):
        keys(content)


def test_noise_is_an_error_or_other_keys_and_nothing_else():
    dice = random.Random(6)
    for sample in (binary(LASTING), binary(ENDING)):
        for _round in range(500):
            damaged = bytearray(sample[:dice.randrange(1, len(sample) + 1)])
            for _blow in range(dice.randrange(4)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            try:
                assert keys(bytes(damaged))
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
    ("not found", [LASTING_FINGERPRINT], 0, "x.asc: no OpenPGP public key: it is neither"),
])
def test_only_keys_that_are_expected_and_last_are_trusted(text, allowed, now, said):
    found = refusal(text.encode(), allowed, "x.asc", now)
    assert found.startswith(said) if said.startswith("x.asc") else (said in found and bool(said) == bool(found))
    assert "\n" not in found
