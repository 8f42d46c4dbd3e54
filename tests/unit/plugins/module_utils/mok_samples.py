# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pairs of a key and its certificate, as far as anything here looks into them: what they have in common is the RSA key's modulus."""

from __future__ import annotations

import base64
import random

HASH = "$6$saltsaltsaltsalt$" + "h" * 86


def pem(kind, content):
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(content).decode()}-----END {kind}-----\n"


def pair(seed=0, length=256, kind="PRIVATE KEY"):
    """(key, certificate) in PEM; another ``seed`` is another pair."""
    modulus = random.Random(seed).randbytes(length)
    number = b"\x02\x82" + (length + 1).to_bytes(2, "big") + b"\0" + modulus
    return pem(kind, b"\x30\x82\x01\x02\x02\x01\0" + number + b"\x02\x03\1\0\1"), pem("CERTIFICATE", b"\x30\x82\x03\x04 name" + number + b"\2\3\1\0\1")
