# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""The key that DKMS signs kernel modules with: where it lies, whether two texts are one pair, what mokutil says of it. No I/O."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

PLACES = {"ubuntu": ("/var/lib/shim-signed/mok/MOK.priv", "/var/lib/shim-signed/mok/MOK.der")}
OTHERWISE = ("/var/lib/dkms/mok.key", "/var/lib/dkms/mok.pub")
CONFIGURATION = ("/etc/dkms/framework.conf", "/etc/dkms/framework.conf.d/*.conf")
# What mokutil makes a password into, which crypt(3) does too.
HASH = re.compile(r"\$(5|6|2[aby])\$[./0-9A-Za-z$=]{20,250}", re.ASCII)


def place(distribution, configuration):
    """Paths of the key and its certificate on a distribution, by its id, and by the text of DKMS's configuration."""
    told = dict(re.findall(r"""^[ \t]*(mok_signing_key|mok_certificate)=["']?([^"'\s]*)""", configuration, re.MULTILINE))
    key, certificate = PLACES.get(distribution, OTHERWISE) if not told.get("mok_signing_key") else OTHERWISE
    return told.get("mok_signing_key") or key, told.get("mok_certificate") or certificate


def is_file(path):
    """Whether DKMS's configuration names one file, not a device that holds keys, or another file for each kernel."""
    return path.startswith("/") and "$" not in path


def binary(text, kind):
    """The content of the first part of a PEM text that is of a kind, a regular expression; None without one."""
    found = re.search(rf"-----BEGIN ({kind})-----\s*([A-Za-z0-9+/=\s]+?)-----END \1-----", text)
    try:
        return base64.b64decode("".join(found[2].split()), validate=True) if found else None
    except binascii.Error:
        return None


def certificate_of(text):
    """A certificate in the form in which firmware keeps it; None of what is none."""
    return binary(text, "CERTIFICATE")


def digest(content):
    return hashlib.sha256(content).hexdigest()


def pair_problem(certificate, key):
    """(which of the two, what is wrong with it): PEM texts that are not a certificate and its RSA key; None where they are."""
    public, private = certificate_of(certificate), binary(key, "(?:RSA )?PRIVATE KEY")
    if public is None:
        return "certificate", "is no certificate in PEM, as openssl req -x509 writes it"
    modulus = _modulus(private or b"")
    if modulus is None:
        return "key", "is no RSA key in PEM without a passphrase, as openssl req -x509 -nodes -newkey rsa:2048 writes it"
    return None if modulus in public else ("key", "does not belong to the certificate")


def _modulus(private):
    """What an RSA key and its certificate have in common: the number after the key's version."""
    found = re.search(rb"\x02\x01\x00\x02\x82(..)\x00", private, re.DOTALL)
    length = int.from_bytes(found[1], "big") if found else 0
    number = private[found.end():found.end() + length - 1] if found else b""
    return number if len(number) > 127 else None


def state(words):
    """What ``mokutil --test-key`` says: new, queued until a person confirms it at the console, or enrolled; None of other words."""
    if "in the enrollment request" in words:
        return "queued"
    if re.search(r"is already (enrolled|in )", words):
        return "enrolled"
    return "new" if "is not enrolled" in words else None
