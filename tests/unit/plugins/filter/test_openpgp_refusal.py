# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.filter.openpgp_refusal import FilterModule
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.key_samples import ENDING, ENDING_FINGERPRINT, LASTING, LASTING_FINGERPRINT

openpgp_refusal = FilterModule().filters()["openpgp_refusal"]


def test_an_expected_key_is_not_refused():
    assert openpgp_refusal(LASTING, [LASTING_FINGERPRINT]) == ""


def test_another_one_is_and_so_is_one_that_has_expired_by_now():
    assert openpgp_refusal(LASTING, [ENDING_FINGERPRINT], where="a.asc").startswith(f"a.asc: the key is {LASTING_FINGERPRINT}, not")
    assert "has expired" in openpgp_refusal(ENDING, [ENDING_FINGERPRINT])


def test_bytes_that_are_no_text_are_refused():
    assert "no OpenPGP public key" in openpgp_refusal("\udc98\udcff", [LASTING_FINGERPRINT])
