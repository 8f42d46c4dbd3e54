# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Public keys of OpenPGP as vendors publish them: whose they are, by full fingerprint, and until when. No I/O.

No program is needed for that: a fingerprint is a hash of the key's first packet. Whether a signature is good is for those to
say who use the key, apt and rpm.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import NamedTuple

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

# Nothing beside it: where a file can be read in two ways, apt may find a key in it that was not looked at here.
BLOCK = re.compile(rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\n(?:[A-Za-z-]+: [ -~]*\n)*\n((?:[A-Za-z0-9+/]+={0,2}\n)+)"
                   rb"(?:=[A-Za-z0-9+/]{4}\n)?-----END PGP PUBLIC KEY BLOCK-----\n\s*")
FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")
PUBLIC_KEY, SECRET_KEY, SIGNATURE = 6, 5, 2
CERTIFIES = (0x10, 0x11, 0x12, 0x13, 0x1F)
CREATED, LASTS, ISSUER, ISSUER_FINGERPRINT = 2, 9, 16, 33


class Key(NamedTuple):
    """A primary key: its fingerprint, and when it ends in seconds of the epoch, None where it does not."""

    fingerprint: str
    expires: int | None


def plain(fingerprint):
    """A fingerprint without the spaces and in the letters that vendors write it with or without."""
    return re.sub(r"\s", "", str(fingerprint)).upper()


def keys(content):
    """The primary keys in ``content``, armoured text; FleetError where it is anything else."""
    found, own = [], b""
    for tag, body in _packets(_unarmoured(content)):
        if tag == SECRET_KEY:
            raise FleetError("there is a private key in it")
        if tag == PUBLIC_KEY:
            found.append([body, {}])
            own = bytes.fromhex(_fingerprint(body))
        elif tag == SIGNATURE and found:
            found[-1][1].update(_lasting(body, own))
    if not found:
        raise FleetError("there is no public key in it")
    return [Key(_fingerprint(body), _expires(body, lasting)) for body, lasting in found]


def refusal(content, allowed, where, now):
    """Why the keys in ``content``, which came from ``where``, are not to be trusted: one line, empty when all is well."""
    allowed = [plain(fingerprint) for fingerprint in allowed]
    try:
        found = keys(content)
    except FleetError as error:
        return f"{where}: no OpenPGP public key: {error}; nothing was trusted"
    for key in found:
        if key.fingerprint not in allowed:
            return (f"{where}: the key is {key.fingerprint}, not {' or '.join(allowed)}; nothing was trusted. "
                    "Ask the vendor's documentation which is right")
        if key.expires is not None and key.expires <= now:
            return f"{where}: the key {key.fingerprint} has expired; nothing was changed. Ask the vendor for a newer one"
    return ""


def _unarmoured(content):
    """The packets as bytes."""
    text, packets = content.replace(b"\r\n", b"\n").strip() + b"\n", b""
    while text:
        block = BLOCK.match(text)
        if not block:
            raise FleetError("it is not armoured, or there is more in it than keys")
        try:
            packets += base64.b64decode(block[1].replace(b"\n", b""), validate=True)
        except binascii.Error as error:
            raise FleetError("its armour is damaged") from error
        text = text[block.end():]
    return packets


def _packets(data):
    """(tag, body) of each packet."""
    while data:
        if not data[0] & 0x80:
            raise FleetError("there is no packet of OpenPGP in it")
        new = data[0] & 0x40
        tag = data[0] & 0x3F if new else data[0] >> 2 & 0xF
        size, head = _new_length(data) if new else _old_length(data)
        if head + size > len(data):
            raise FleetError("it is cut short")
        yield tag, data[head:head + size]
        data = data[head + size:]


def _old_length(data):
    wide = 1 << (data[0] & 3)
    if wide == 8:
        raise FleetError("a packet of it has no length")
    return int.from_bytes(data[1:1 + wide], "big"), 1 + wide


def _new_length(data):
    size, used = _length(data[1:])
    return size, 1 + used


def _length(data):
    """A length as newer packets and subpackets have it, and how many bytes it took."""
    first = data[0] if data else 0
    if first < 192:
        return first, 1
    if first < 224:
        return (first - 192 << 8) + int.from_bytes(data[1:2], "big") + 192, 2
    if first < 255:
        raise FleetError("a packet of it comes in parts")
    return int.from_bytes(data[1:5], "big"), 5


def _fingerprint(body):
    version = body[0] if body else 0
    if version == 4:
        return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest().upper()
    if version == 6:
        return hashlib.sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).hexdigest().upper()
    raise FleetError(f"a key of it is of version {version}, which nothing uses any more")


def _lasting(body, own):
    """{when it was made: for how many seconds the key lasts} of a signature that a key gave itself."""
    if len(body) < 6 or body[0] != 4 or body[1] not in CERTIFIES:
        return {}
    size = int.from_bytes(body[4:6], "big")
    signed, rest = body[6:6 + size], body[8 + size:]
    told = dict(_subpackets(signed))
    issuer = {**dict(_subpackets(rest[:int.from_bytes(body[6 + size:8 + size], "big")])), **told}
    if issuer.get(ISSUER) != own[-8:] and issuer.get(ISSUER_FINGERPRINT, b"")[1:] != own:
        return {}
    return {int.from_bytes(told.get(CREATED, b""), "big"): int.from_bytes(told.get(LASTS, b""), "big")}


def _subpackets(data):
    while data:
        size, used = _length(data)
        if not size or used + size > len(data):
            raise FleetError("a signature of it is damaged")
        yield data[used] & 0x7F, data[used + 1:used + size]
        data = data[used + size:]


def _expires(body, lasting):
    """When a key ends, as its newest signature of its own says."""
    seconds = lasting[max(lasting)] if lasting else 0
    return int.from_bytes(body[1:5], "big") + seconds if seconds else None
